"""Copies of a state, out and in."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import (
    StateConflict,
    StateDamaged,
    StateError,
    StateForeign,
)
from reconciler.model import statefile
from reconciler.model.state import State
from tests.support.hints import in_words
from tests.support.stores import loaded, store_in, with_voice


def test_pull_includes_the_journal(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.commit(with_voice(applied, "hero"))
    assert statefile.load(store_in(tmp_path).pull()) == loaded(tmp_path)


def test_pull_of_nothing_says_so(tmp_path: Path) -> None:
    with pytest.raises(StateError, match="There is no state"):
        store_in(tmp_path).pull()


def test_push_where_nothing_is_writes_the_copy(applied: State, tmp_path: Path) -> None:
    other = tmp_path / "other"
    assert store_in(other).push(statefile.dump(applied)) == applied
    assert loaded(other) == applied


def test_push_of_a_newer_copy_replaces_the_state(applied: State, tmp_path: Path) -> None:
    newer = with_voice(applied, "hero").with_changes(serial=7)
    assert store_in(tmp_path).push(statefile.dump(newer)).serial == 7
    assert loaded(tmp_path) == newer


def test_push_takes_a_copy_that_an_older_voicectl_wrote(applied: State, tmp_path: Path) -> None:
    newer = applied.with_changes(adopted_lineages=("0000aaaa",), foreign_lineages=("0000bbbb",), serial=7)
    copy = statefile.dump(newer)
    old = copy.replace(b'"adopted_lineages":', b'"kin":').replace(b'"foreign_lineages":', b'"strangers":')
    assert (store_in(tmp_path).push(old), loaded(tmp_path)) == (newer, newer)
    assert (tmp_path / "voices.state.json").read_bytes() == copy


def test_push_of_the_same_state_changes_nothing(applied: State, tmp_path: Path) -> None:
    assert store_in(tmp_path).push(statefile.dump(applied)) == applied
    assert not (tmp_path / "voices.state.backup").exists()


def test_push_of_a_copy_that_is_not_newer_is_refused(applied: State, tmp_path: Path) -> None:
    with pytest.raises(StateConflict, match="has the serial 1, but the copy has only 1") as caught:
        store_in(tmp_path).push(statefile.dump(with_voice(applied, "hero")))
    assert "voicectl state push --force" in in_words(caught.value.hint)
    assert loaded(tmp_path) == applied


def test_push_of_another_lineage_is_refused(applied: State, tmp_path: Path) -> None:
    with pytest.raises(StateForeign, match="the lineage other, but the state has the lineage abcdef12"):
        store_in(tmp_path).push(statefile.dump(State(lineage="other", serial=9)))


def test_a_forced_copy_gets_a_serial_that_no_plan_was_made_for(applied: State, tmp_path: Path) -> None:
    older = State(lineage="other", serial=0)
    assert store_in(tmp_path).push(statefile.dump(older), force=True).serial == 2
    assert loaded(tmp_path).lineage == "other"


def test_push_refuses_a_copy_that_is_damaged(applied: State, tmp_path: Path) -> None:
    with pytest.raises(StateDamaged):
        store_in(tmp_path).push(b"{", force=True)
    assert loaded(tmp_path) == applied


@pytest.mark.parametrize("damaged", ["voices.state.json", "voices.state.journal"])
def test_a_damaged_state_is_replaced_by_force_only(applied: State, tmp_path: Path, damaged: str) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    for address in ("hero", "villain"):
        store.commit(with_voice(applied, address))
    file = tmp_path / damaged
    file.write_bytes(file.read_bytes().replace(b"hero" if "journal" in damaged else b"narrator", b"\x00"))
    with pytest.raises(StateDamaged):
        store_in(tmp_path).push(statefile.dump(applied))
    store_in(tmp_path).push(statefile.dump(applied), force=True)
    assert loaded(tmp_path) == applied
