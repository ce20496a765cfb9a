"""`drift --probe`: says what its looks cost, asks, and shows what they found; nothing is planned by it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.kling_service import KlingService
from tests.support.sounds import wav
from tests.support.terminal import Terminal

COST = "trtc: 1 voice to check, in 1 call of TextToSpeech: one character is paid where the voice exists."


@pytest.fixture
def trtc(tmp_path: Path, kling: KlingService) -> CliHarness:
    """A voice of TRTC that exists, in the sandbox."""
    cli = CliHarness(tmp_path, kling)
    (tmp_path / "c.wav").write_bytes(wav(12.0))
    clone = {"voice_name": "concierge_01", "prompt_audio": {"file": "c.wav"}}
    document = {
        "version": 1,
        "providers": {"trtc": {"type": "tencent-trtc", "sdk_app_id": 1466000000}},
        "voices": {"concierge": {"provider": "trtc", "clone": clone}},
    }
    (tmp_path / "voices.yaml").write_text(json.dumps(document))
    assert cli.voicectl("--sandbox", "apply", "--auto-approve").code == 0
    return cli


def lose(cli: CliHarness) -> None:
    assert cli.voicectl("sandbox", "faults", "--delete", "concierge_01").code == 0


def test_a_voice_that_can_only_be_probed_is_seen_to_be_gone(trtc: CliHarness) -> None:
    lose(trtc)
    assert trtc.voicectl("--sandbox", "drift").code == 0
    probed = trtc.voicectl("--sandbox", "drift", "--probe", "--auto-approve", code=2)
    assert "concierge (trtc): gone" in probed.out
    assert COST in probed.err


def test_a_voice_that_exists_is_no_longer_unverifiable(trtc: CliHarness) -> None:
    assert trtc.voicectl("--sandbox", "drift", "--probe", "--auto-approve").out == "No drift.\n"


def test_without_a_terminal_nothing_is_paid_without_confirmation(trtc: CliHarness) -> None:
    refused = trtc.voicectl("--sandbox", "drift", "--probe", code=1)
    assert COST in refused.err
    assert "Error: No paid call was made" in refused.err
    assert "drift --probe --auto-approve" in refused.err
    assert refused.out == ""


def test_a_probe_changes_no_state_and_no_plan(trtc: CliHarness) -> None:
    lose(trtc)
    state = trtc.folder / ".voicectl/voices.state.json"
    before = state.read_bytes()
    trtc.voicectl("--sandbox", "drift", "--probe", "--auto-approve", code=2)
    assert state.read_bytes() == before
    assert "No changes." in trtc.voicectl("--sandbox", "plan").out


def test_a_probe_as_json_is_a_drift_like_any_other(trtc: CliHarness) -> None:
    lose(trtc)
    told = trtc.voicectl("--sandbox", "drift", "--probe", "--auto-approve", "--json", code=2).json
    assert [(d["address"], d["kind"]) for d in told["drift"]] == [("concierge", "gone")]


@pytest.mark.parametrize(("typed", "code", "shown"), [("yes\n", 0, "No drift."), ("y\n", 1, "You did not answer yes.")])
def test_at_a_terminal_it_asks(trtc: CliHarness, typed: str, code: int, shown: str) -> None:
    with Terminal([*COMMAND, "--sandbox", "drift", "--probe"], cwd=trtc.folder, env=trtc.env) as screen:
        screen.until("Make 1 paid call? Only 'yes' will be accepted: ")
        screen.type(typed)
        ended, told = screen.end()
    assert (ended, shown in told) == (code, True)


def test_auto_approve_alone_is_refused(trtc: CliHarness) -> None:
    assert "--auto-approve needs --probe" in trtc.voicectl("--sandbox", "drift", "--auto-approve", code=1).err


def test_with_an_access_key_kling_has_no_probe(made: CliHarness) -> None:
    probed = made.voicectl("drift", "--probe", code=0)
    assert "kling: its cloud offers no probe, or not with these credentials." in probed.err
    assert probed.out == "No drift.\n"
