"""Two provider names for one application of Tencent's, which lists little: also the credentials prove it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_desk import CONCIERGE, FIREWORKS, HERO, MINI, SOUNDS, VILLAIN, TencentDesk, changed
from tests.support.tencent_service import TencentService

VOICES = {"hero": HERO, "villain": VILLAIN, "mini": MINI, "concierge": CONCIERGE}
MOVED = {a: {**e, "provider": f"{e['provider']}-new"} for a, e in VOICES.items()}
MOVED_SOUNDS = {"fireworks": {**FIREWORKS, "provider": "vod-new"}}
ALL = {*VOICES, "audio.fireworks"}


class TwoNames(TencentDesk):
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
def desk(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TwoNames:
    desk = TwoNames(tmp_path, kling, tencent=tencent)
    desk.env |= {"NEW_ID": "AKIDOTHER", "NEW_SECRET": "SECRETOTHER"}
    desk.write(VOICES, audio=SOUNDS)
    desk.apply()
    tencent.calls.clear()
    return desk


def test_the_same_credentials_prove_the_application(desk: TwoNames, tencent: TencentService) -> None:
    held = desk.voicectl("output", "--json", code=0).json
    for task in tencent.tasks:
        task.born -= 80 * 3600  # past the time in which tasks are shown
    desk.write(MOVED, audio=MOVED_SOUNDS)
    assert desk.actions() == dict.fromkeys(ALL, "update")
    desk.apply()
    assert "No changes." in desk.apply().out
    assert not tencent.accepted
    now = desk.voicectl("output", "--json", code=0).json
    assert {a: row["voice_id"] for a, row in now.items() if a in VOICES} == {a: held[a]["voice_id"] for a in VOICES}
    assert "SECRETEXAMPLE" not in (desk.folder / "voices.state.json").read_text()


def test_other_credentials_are_proven_by_tasks_and_lists(desk: TwoNames, tencent: TencentService) -> None:
    desk.own_credentials = True
    desk.write(MOVED, audio=SOUNDS)
    shows_nothing = {"concierge": "blocked"}
    assert desk.actions() == dict.fromkeys(("hero", "villain", "mini"), "update") | shows_nothing
    told = desk.voicectl("plan", code=0).out
    assert "their credentials differ, and the cloud lists nothing" in told
    assert "voicectl state rebind trtc-new --from trtc" in told


def test_what_is_shown_no_more_is_blocked_with_other_credentials(desk: TwoNames, tencent: TencentService) -> None:
    for task in tencent.tasks:
        task.born -= 80 * 3600
    state = desk.state
    for record in state["records"].values():
        record["created_at"] = "2026-01-01T00:00:00Z"
    (desk.folder / "voices.state.json").write_text(json.dumps(state))
    desk.own_credentials = True
    desk.write({a: MOVED[a] for a in ("hero", "villain", "concierge")} | {"mini": MINI}, audio=SOUNDS)
    assert desk.actions() == dict.fromkeys(("hero", "villain", "concierge"), "blocked")
    desk.apply(code=1)
    assert not tencent.accepted


def test_a_voice_of_minimax_is_updated_in_place_by_the_new_name(desk: TwoNames, tencent: TencentService) -> None:
    desk.write(VOICES | {"mini": changed(MOVED["mini"], name="Minnie")}, audio=SOUNDS)
    assert desk.actions() == {"mini": "update"}
    desk.apply()
    assert tencent.count("UpdateVoice") == 1
    assert not tencent.accepted
    assert desk.actions() == {}


def test_another_application_is_another_account(desk: TwoNames) -> None:
    providers = desk.providers()
    providers["trtc-new"]["sdk_app_id"] = 1400000001
    desk.write(VOICES | {"concierge": MOVED["concierge"]}, audio=SOUNDS, providers=providers)
    assert desk.actions() == {"concierge": "replace"}
