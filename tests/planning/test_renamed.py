"""Tests which of several removed entries with the same inputs was renamed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.plan import Action
from tests.planning import cases

INPUTS = {"create": {"voice_name": "Hero", "voice_url": "https://cdn.example.com/hero.mp3"}}


def case(*, first: str, seen: str) -> dict[str, Any]:
    """`first` and `second` were removed, and `third` has their inputs. `second` has a voice."""
    return {
        "voices": {"third": INPUTS},
        "records": {"first@1": {**INPUTS, "status": first}, "second@1": {**INPUTS, "status": "ready"}},
        "seen": {"first@1": seen},
    }


def planned(case: dict[str, Any]) -> dict[str, tuple[Action, str | None]]:
    return {change.address: (change.action, change.source) for change in cases.plan(case).changes}


@pytest.mark.parametrize(
    ("first", "seen"), [("intended", "absent"), ("failed", "failed: a sample"), ("ready", "absent")]
)
def test_the_one_that_has_a_voice_was_renamed_and_not_one_without(first: str, seen: str) -> None:
    """Else the user may choose the other one, whose voice is paid for while the one that exists is deleted."""
    changes = planned(case(first=first, seen=seen))
    assert changes == {"third": (Action.MOVE, "second"), "first": (Action.FORGET, None)}


@pytest.mark.parametrize(
    ("first", "seen"), [("intended", "unknown: no answer"), ("ready", "ready"), ("running", "running")]
)
def test_the_user_is_asked_if_the_other_one_may_have_a_voice_too(first: str, seen: str) -> None:
    changes = planned(case(first=first, seen=seen))
    assert {action for action, _ in changes.values()} == {Action.BLOCKED}


def test_a_call_that_never_arrived_moves_if_there_is_no_voice() -> None:
    only = case(first="intended", seen="absent")
    del only["records"]["second@1"]
    assert [change.action for change in cases.plan(only).changes] == [Action.MOVE, Action.CREATE]
