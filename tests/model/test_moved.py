"""What a state leaves behind where it was stored before."""

from __future__ import annotations

import pytest

from reconciler.errors import StateDamaged
from reconciler.model import moved, statefile
from reconciler.model.moved import Moved
from reconciler.model.state import State
from tests.support.hints import in_words

LEFT = Moved(moved_to="s3://acme-states/声音", lineage="abcdef12", serial=7)


def test_the_mark_is_read_as_it_was_written() -> None:
    leaving = Moved(moved_to="local", lineage="abcdef12", serial=7, state=statefile.dump(State(lineage="x")).decode())
    assert moved.parse(moved.dump(LEFT)) == LEFT
    assert moved.parse(moved.dump(leaving)) == leaving


@pytest.mark.parametrize(
    "data", [b"", b"{}", statefile.dump(State(lineage="x")), b'{"moved_to":1}', b'{"moved_to":"x","more":1}']
)
def test_anything_else_is_no_mark(data: bytes) -> None:
    assert moved.parse(data) is None


def test_a_mark_is_no_state_for_a_voicectl_that_does_not_know_marks() -> None:
    with pytest.raises(StateDamaged):
        statefile.load(moved.dump(LEFT))


def test_the_refusal_says_where_the_state_is_and_how_to_go_on() -> None:
    error = moved.refusal(LEFT, "voices.state.json")
    assert error.detail == "voices.state.json: the state was moved to s3://acme-states/声音."
    assert "write state: s3://acme-states/声音 in the manifest" in in_words(error.hint).replace("Write", "write")


def test_an_interrupted_migration_says_how_to_finish_it() -> None:
    error = moved.refusal(LEFT.model_copy(update={"state": "{}"}), "voices.state.json")
    assert error.headline == "The state is being moved"
    assert "voicectl state migrate --to" in in_words(error.hint)
