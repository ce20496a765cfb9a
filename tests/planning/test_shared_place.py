"""What a shared state refuses: another manifest, and a pipeline that has lost it."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Change
from reconciler.model.state import State, Status
from reconciler.planning import policy
from reconciler.planning.shared_place import digest, lost_in_pipeline, others_stop
from tests.support.hints import in_words
from tests.support.stores import with_voice

WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)


def voices(*addresses: str, method: str = "create", kind: str = "kling") -> dict[str, Voice]:
    return {a: Voice(address=a, provider="p", type=kind, method=method, inputs={}) for a in addresses}


def holding(*addresses: str, status: Status = Status.READY, **fields: Any) -> State:
    state = State(lineage="abcdef12", serial=3, **fields)
    for address in addresses:
        state = with_voice(state, address, status, voice_id=f"86{address}")
    return state


def test_a_state_of_other_entries_is_refused_whatever_their_number() -> None:
    stop = others_stop((), holding("a", "b"), voices("x"))
    assert stop is not None
    assert stop.what == ("this state holds 2 voices of other entries: a, b; the manifest declares none of them")
    assert "voicectl state mv-manifest" in in_words(stop.hint)
    assert policy.refusal([stop]).headline == "The state holds only voices of other entries"
    assert policy.refusal([stop]).detail.startswith("This state holds 2 voices")
    assert others_stop((), holding("a"), voices("x")) is not None


@pytest.mark.parametrize(
    ("state", "declared"),
    [
        (holding("a", "b"), ("b", "x")),
        (holding(), ("x",)),
        (holding("a", status=Status.DELETED), ("x",)),
        (holding("a"), ()),  # an empty manifest has a limit of its own
    ],
)
def test_what_is_usual_is_not_refused(state: State, declared: tuple[str, ...]) -> None:
    assert others_stop((), state, voices(*declared)) is None


def test_an_entry_that_moves_is_declared() -> None:
    moves = Change(address="x", provider="p", action=Action.MOVE, reason="renamed")
    assert others_stop((moves,), holding("a"), voices("x")) is None


def test_what_mv_manifest_confirmed_is_accepted_until_the_entries_change() -> None:
    state = holding("a", accepts=digest(["x", "y"]))
    assert others_stop((), state, voices("y", "x")) is None
    assert others_stop((), state, voices("x", "z")) is not None


def test_a_pipeline_begins_no_state_where_voices_can_not_be_found_again() -> None:
    error = lost_in_pipeline(voices("a", method="clone", kind="tencent-trtc"), "s3://acme/voices")
    assert error is not None
    assert "There is no state at s3://acme/voices" in error.detail
    assert error.detail.endswith("because no cloud lists them: a.")
    assert "voicectl apply --new-state" in in_words(error.hint)


def test_a_pipeline_begins_a_state_where_every_voice_is_listed() -> None:
    assert lost_in_pipeline(voices("a", "b"), "s3://acme/voices") is None
