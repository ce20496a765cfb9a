"""No state here, and Tencent's clouds: what recent tasks show is ours, and what no list shows can't be verified."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import (
    CONCIERGE,
    HERO,
    MINI,
    NARRATOR,
    SOUNDS,
    VILLAIN,
    VOICES,
    TencentCliHarness,
    changed,
)
from tests.support.tencent_service import TencentService

UNVERIFIED = "nothing could be verified: there is no state, and no cloud lists what was made for"


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    return TencentCliHarness(tmp_path, kling, tencent=tencent)


def lose(cli: TencentCliHarness) -> str:
    lineage = str(cli.state["lineage"])[:8]
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    return lineage


def test_recent_tasks_show_whose_voices_they_are(cli: TencentCliHarness) -> None:
    cli.write(VOICES, audio=SOUNDS)
    cli.apply()
    lineage = lose(cli)
    refused = cli.voicectl("drift", code=1)
    assert f"no state here; the accounts hold 4 voices of this manifest, made under lineage {lineage}." in refused.err
    assert "trtc: 1 declared, but the cloud lists no such voices: concierge" in refused.out
    cli.voicectl("destroy", "--auto-approve", code=1)


def test_one_account_is_called_one(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({"hero": HERO, "villain": VILLAIN})
    cli.apply()
    lineage = lose(cli)
    cli.write({"hero": changed(HERO, video_id="67890"), "villain": VILLAIN})
    refused = cli.voicectl("drift", code=1)
    assert f"the account holds 2 voices of this manifest, made under lineage {lineage}." in refused.err
    assert "moved to another provider since: hero." in refused.err


def test_past_the_72_hours_of_its_tasks_nothing_could_be_verified(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    cli.write({"hero": HERO, "villain": VILLAIN})
    cli.apply()
    lose(cli)
    tencent.tasks.clear()  # VOD shows them no longer
    refused = cli.voicectl("drift", code=1)
    assert f"{UNVERIFIED} hero, villain." in refused.err
    assert "No drift" not in refused.out
    assert f"{UNVERIFIED} hero, villain." in cli.voicectl("destroy", "--auto-approve", code=1).err


@pytest.mark.parametrize("verb", [("drift",), ("drift", "--json"), ("destroy", "--auto-approve")])
def test_what_trtc_made_can_not_be_verified(
    cli: TencentCliHarness, tencent: TencentService, verb: tuple[str, ...]
) -> None:
    cli.write({"concierge": CONCIERGE})
    assert f"{UNVERIFIED} concierge." in cli.voicectl(*verb, code=1).err
    cli.write({}, audio=SOUNDS)
    assert f"{UNVERIFIED} audio.fireworks." in cli.voicectl(*verb, code=1).err
    assert tencent.calls == []


def test_what_can_be_listed_beside_it_is_shown(cli: TencentCliHarness) -> None:
    cli.write({"narrator": NARRATOR, "mini": MINI, "concierge": CONCIERGE})
    refused = cli.voicectl("drift", code=1)
    assert "kling: 1 declared, but do not exist: narrator" in refused.out
    assert "vod: 1 declared, but do not exist: mini" in refused.out
    assert f"{UNVERIFIED} concierge." in refused.err


def test_a_voice_that_is_listed_once_it_was_used_is_ours_by_its_marker(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    cli.write({"mini": MINI})
    assert "vod: 1 declared, but do not exist: mini" in cli.voicectl("drift", code=0).out
    cli.apply()
    lineage = lose(cli)
    tencent.tasks.clear()
    assert f"1 voice of this manifest, made under lineage {lineage}" in cli.voicectl("drift", code=1).err
    cli.write({"mini": changed(MINI, activate=None)})
    lose_nothing = cli.voicectl("drift", code=1)
    assert f"1 voice of this manifest, made under lineage {lineage}" in lose_nothing.err


def test_a_state_that_holds_nothing_says_that_nothing_was_made(cli: TencentCliHarness) -> None:
    cli.write({"narrator": NARRATOR})
    cli.voicectl("state", "rebuild", "--new-lineage", code=0)
    cli.write({"concierge": CONCIERGE})
    assert "trtc: 1 declared, but do not exist: concierge" in cli.voicectl("drift", code=0).out
