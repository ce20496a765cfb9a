"""VOD lists the voices of MiniMax that were used once: they are adopted, and the command says that others may exist."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import MINI, TencentCliHarness
from tests.support.tencent_service import TencentService
from tests.support.tencent_tasks import Voice

THEIRS = "v1_abc="


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        service.voices += [
            Voice(THEIRS, "CloneVoiceAsync", fields={"Name": "Hero", "Labels": ["calm"]}, used=True),
            Voice("v1_unused=", "CloneVoiceAsync", fields={"Name": "Unused"}),
            Voice("v1_other=", "CloneVoiceAsync", fields={"Name": "Other"}, used=True),
        ]
        service.voices[2].fields["Labels"] = ["vc-1a2b3c4d-other-0a1b2c3d-1"]
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    made = TencentCliHarness(tmp_path, kling, tencent=tencent)
    made.write({})
    return made


@pytest.fixture
def adopted(cli: TencentCliHarness) -> TencentCliHarness:
    printed = cli.voicectl("adopt", "vod", code=0).out
    cli.write(yaml.safe_load(printed)["voices"])
    return cli


def test_the_listed_voices_are_adopted(cli: TencentCliHarness, tencent: TencentService) -> None:
    told = cli.voicectl("adopt", "vod", code=0)
    entry = {"provider": "vod", "existing": {"voice_id": THEIRS}, "lifecycle": {"prevent_destroy": True}}
    assert yaml.safe_load(told.out) == {"voices": {"hero": entry}}
    assert "1 voice not adopted: 1 made by another state of voicectl." in told.err
    assert "does not list all of its voices" in told.err
    assert not tencent.accepted


def test_a_plan_and_drift_find_them_unchanged(adopted: TencentCliHarness, tencent: TencentService) -> None:
    assert "No changes. 1 voice is as declared." in adopted.voicectl("plan", "--detailed-exitcode", code=0).out
    adopted.voicectl("drift", code=0)
    assert adopted.voice_id("hero") == THEIRS
    tencent.voices[0].fields["Name"] = "Renamed"
    assert "renamed" in adopted.voicectl("drift", code=2).out


def test_one_that_is_deleted_outside_is_gone_and_never_created(
    adopted: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.delete_outside(THEIRS)
    assert "hero (vod): gone" in adopted.voicectl("drift", code=2).out
    assert adopted.actions() == {"hero": "blocked"}
    assert not tencent.accepted


def test_one_that_leaves_the_manifest_unprotected_is_deleted(
    adopted: TencentCliHarness, tencent: TencentService
) -> None:
    adopted.write({"hero": {"provider": "vod", "existing": {"voice_id": THEIRS}}})
    adopted.apply()
    adopted.write({})
    adopted.apply("--allow-deletes", "1")
    assert [voice.voice_id for voice in tencent.voices if voice.deleted] == [THEIRS]


def test_a_clone_in_its_place_is_asked_about(adopted: TencentCliHarness, tencent: TencentService) -> None:
    adopted.write({"hero": MINI})
    assert adopted.actions() == {"hero": "blocked"}
    adopted.voicectl("import", "hero", THEIRS, code=0)
    assert adopted.voicectl("plan", "--detailed-exitcode").code == 0
    assert not tencent.accepted


def test_an_existing_voice_that_is_not_listed_is_blocked(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({"hero": {"provider": "vod", "existing": {"voice_id": "v1_unused="}}})
    assert cli.actions() == {"hero": "blocked"}
    assert "could not determine whether the voice v1_unused= exists" in cli.voicectl("plan").out
    assert not tencent.accepted
