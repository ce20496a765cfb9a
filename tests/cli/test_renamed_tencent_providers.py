"""Two provider names for one application of Tencent's, which lists little: also the credentials prove it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import (
    CONCIERGE,
    FIREWORKS,
    HERO,
    MINI,
    SOUNDS,
    VILLAIN,
    TencentCliHarness,
    changed,
)
from tests.support.tencent_service import TencentService

VOICES = {"hero": HERO, "villain": VILLAIN, "mini": MINI, "concierge": CONCIERGE}
MOVED = {a: {**e, "provider": f"{e['provider']}-new"} for a, e in VOICES.items()}
MOVED_SOUNDS = {"fireworks": {**FIREWORKS, "provider": "vod-new"}}
ALL = {*VOICES, "audio.fireworks"}


class TwoNames(TencentCliHarness):
    own_credentials = False  # whether the new names have credentials of their own

    def providers(self, **account: Any) -> dict[str, Any]:
        providers = super().providers(**account)
        own = {"credentials": {"secret_id_env": "NEW_ID", "secret_key_env": "NEW_SECRET"}}
        for name in ("vod", "trtc"):
            providers[f"{name}-new"] = providers[name] | (own if self.own_credentials else {})
        return providers


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        service.other_keys["AKIDOTHER"] = "SECRETOTHER"
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TwoNames:
    cli = TwoNames(tmp_path, kling, tencent=tencent)
    cli.env |= {"NEW_ID": "AKIDOTHER", "NEW_SECRET": "SECRETOTHER"}
    cli.write(VOICES, audio=SOUNDS)
    cli.apply()
    tencent.calls.clear()
    return cli


def test_the_same_credentials_prove_the_application(cli: TwoNames, tencent: TencentService) -> None:
    held = cli.voicectl("output", "--json", code=0).json
    for task in tencent.tasks:
        task.born -= 80 * 3600  # past the time in which tasks are shown
    cli.write(MOVED, audio=MOVED_SOUNDS)
    assert cli.actions() == dict.fromkeys(ALL, "update")
    cli.apply()
    assert "No changes." in cli.apply().out
    assert not tencent.accepted
    now = cli.voicectl("output", "--json", code=0).json
    assert {a: row["voice_id"] for a, row in now.items() if a in VOICES} == {a: held[a]["voice_id"] for a in VOICES}
    assert "SECRETEXAMPLE" not in (cli.folder / "voices.state.json").read_text()


def test_other_credentials_are_proven_by_tasks_and_lists(cli: TwoNames, tencent: TencentService) -> None:
    cli.own_credentials = True
    cli.write(MOVED, audio=SOUNDS)
    shows_nothing = {"concierge": "blocked"}
    assert cli.actions() == dict.fromkeys(("hero", "villain", "mini"), "update") | shows_nothing
    told = cli.voicectl("plan", code=0).out
    assert "their credentials differ, and the cloud lists nothing" in told
    assert "voicectl state rebind trtc-new --from trtc" in told


def test_what_is_shown_no_more_is_blocked_with_other_credentials(cli: TwoNames, tencent: TencentService) -> None:
    for task in tencent.tasks:
        task.born -= 80 * 3600
    state = cli.state
    for record in state["records"].values():
        record["created_at"] = "2026-01-01T00:00:00Z"
    (cli.folder / "voices.state.json").write_text(json.dumps(state))
    cli.own_credentials = True
    cli.write({a: MOVED[a] for a in ("hero", "villain", "concierge")} | {"mini": MINI}, audio=SOUNDS)
    assert cli.actions() == dict.fromkeys(("hero", "villain", "concierge"), "blocked")
    cli.apply(code=1)
    assert not tencent.accepted


def test_a_voice_of_minimax_is_updated_in_place_by_the_new_name(cli: TwoNames, tencent: TencentService) -> None:
    cli.write(VOICES | {"mini": changed(MOVED["mini"], name="Minnie")}, audio=SOUNDS)
    assert cli.actions() == {"mini": "update"}
    cli.apply()
    assert tencent.count("UpdateVoice") == 1
    assert not tencent.accepted
    assert cli.actions() == {}


def test_another_application_is_another_account(cli: TwoNames) -> None:
    providers = cli.providers()
    providers["trtc-new"]["sdk_app_id"] = 1400000001
    cli.write(VOICES | {"concierge": MOVED["concierge"]}, audio=SOUNDS, providers=providers)
    assert cli.actions() == {"concierge": "replace"}
