"""A damaged state: the error says what is wrong and in which record, and no call is made."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.moments import Watched

Damage = Callable[[dict[str, Any]], object]


def hero(state: dict[str, Any]) -> dict[str, Any]:
    record: dict[str, Any] = state["records"][state["current"]["hero"]]
    return record


@pytest.fixture
def made(cli: CliHarness, kling: Watched) -> CliHarness:
    cli.declare("narrator", "hero")
    cli.apply()
    kling.calls.clear()
    return cli


@pytest.mark.parametrize("command", [["plan"], ["apply", "--auto-approve"], ["destroy", "--auto-approve"], ["output"]])
@pytest.mark.parametrize(
    ("damage", "said"),
    [
        (lambda state: hero(state).update(created_at="2026-01-02T03:04:05"), "created_at: Input should have timezone"),
        (lambda state: hero(state).update(method="hum"), "was made by 'hum', which is not a method"),
        (lambda state: hero(state).update(generation=-1), "generation: Input should be greater"),
        (lambda state: hero(state).pop("provider"), "provider: Field required"),
    ],
    ids=["a time of no zone", "an unknown method", "a generation below 1", "no provider"],
)
def test_a_record_that_is_not_right_is_named(
    made: CliHarness, kling: Watched, command: list[str], damage: Damage, said: str
) -> None:
    state = made.state
    damage(state)
    (made.folder / "voices.state.json").write_text(json.dumps(state))
    refused = made.voicectl(*command, code=1)
    assert "The state file is damaged" in refused.err
    assert state["current"]["hero"] in refused.err
    assert said in refused.err
    assert "voicectl state push --force FILE" in refused.err
    assert kling.calls == []


def test_a_state_of_a_later_voicectl_is_left_alone(made: CliHarness, kling: Watched) -> None:
    later = json.dumps(made.state | {"version": 2, "moods": []})
    (made.folder / "voices.state.json").write_text(later)
    refused = made.apply(code=1)
    assert "The state was written by a later voicectl" in refused.err
    assert "pip install --upgrade voicectl" in refused.err
    assert (made.folder / "voices.state.json").read_text() == later
    assert kling.calls == []


def test_a_folder_in_the_states_place_is_reported(made: CliHarness, kling: Watched) -> None:
    state = made.folder / "voices.state.json"
    kept = state.read_bytes()
    state.unlink()
    state.mkdir()
    refused = made.apply(code=1)
    assert f"{state} could not be read: Is a directory." in refused.err
    assert kling.calls == []
    state.rmdir()
    state.write_bytes(kept)
    made.apply()
    assert kling.bought == 0


def test_the_backup_that_the_message_names_puts_a_damaged_state_right(made: CliHarness, kling: Watched) -> None:
    made.declare("narrator", "hero", "third")
    made.apply()
    (made.folder / "voices.state.json").write_bytes(b"{")
    made.apply(code=1)
    made.voicectl("state", "push", "--force", "voices.state.backup", code=0)
    blocked = made.apply(code=1)  # the copy does not hold the third
    rebuild = re.search(r"voicectl (state rebuild --lineage [0-9a-f]{8})", blocked.out)
    assert rebuild is not None
    made.voicectl(*rebuild[1].split(), "--auto-approve", code=0)
    made.apply()
    assert kling.bought == 1
    assert made.voicectl("plan", "--detailed-exitcode").code == 0
