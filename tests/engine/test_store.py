"""What a store over a real disk writes when, and whom it keeps out."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterable
from pathlib import Path

import pytest

from reconciler.errors import (
    StateConflict,
    StateDamaged,
    StateError,
    StateForeign,
    StateLocked,
)
from reconciler.model import statefile
from reconciler.model.state import State, Status
from tests.support.children import in_child
from tests.support.clock import FakeClock
from tests.support.hints import in_words
from tests.support.stores import NEW, loaded, record, store_in, with_voice


def test_the_first_apply_writes_serial_1(applied: State, tmp_path: Path) -> None:
    assert applied.serial == 1
    assert loaded(tmp_path) == applied


def test_a_run_that_changes_nothing_writes_nothing(applied: State, tmp_path: Path) -> None:
    before = (tmp_path / "voices.state.json").stat().st_mtime_ns
    store = store_in(tmp_path)
    state = store.load()
    assert state is not None
    store.begin(state)
    store.commit(state)
    assert store.finish(state) == applied
    assert (tmp_path / "voices.state.json").stat().st_mtime_ns == before


def test_a_commit_is_there_for_the_next_run_though_this_one_dies(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.commit(with_voice(applied, "hero"))
    assert loaded(tmp_path).records["vc-hero"] == record("hero")


def test_every_commit_moves_the_serial_so_a_plan_made_meanwhile_is_out_of_date(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    serials = []
    state = applied
    for address in ("hero", "villain"):
        state = with_voice(state, address)
        store.commit(state)
        serials.append(loaded(tmp_path).serial)
    assert serials == [2, 3]


def test_folding_moves_the_serial_no_further(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero")
    store.commit(state)
    assert store.finish(state).serial == 2
    assert not (tmp_path / "voices.state.journal").exists()


def test_the_next_run_folds_what_a_dead_one_left(applied: State, tmp_path: Path) -> None:
    dead = store_in(tmp_path)
    dead.begin(dead.load())
    dead.commit(with_voice(applied, "hero"))
    store = store_in(tmp_path)
    state = store.load()
    assert state is not None
    store.begin(state)
    assert store.finish(state) == state
    assert statefile.load((tmp_path / "voices.state.json").read_bytes()) == state


def test_what_a_dead_run_left_can_be_folded_by_a_run_with_nothing_to_do(applied: State, tmp_path: Path) -> None:
    dead = store_in(tmp_path)
    dead.begin(dead.load())
    dead.commit(with_voice(applied, "hero"))
    store = store_in(tmp_path)
    state = store.load()
    store.fold()
    assert statefile.load((tmp_path / "voices.state.json").read_bytes()) == state
    assert not (tmp_path / "voices.state.journal").exists()


def test_folding_where_nothing_is_writes_nothing(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.load()
    store.fold()
    assert list(tmp_path.iterdir()) == []


def test_the_first_commit_of_a_new_state_writes_it(tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.commit(with_voice(NEW, "narrator"))
    store.commit(with_voice(NEW, "narrator", Status.RUNNING, task_id="7"))
    assert loaded(tmp_path).records["vc-narrator"].task_id == "7"


def test_touched_keys_are_enough_for_a_commit(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.commit(with_voice(applied, "hero"), touched=["vc-hero"])
    assert loaded(tmp_path).current["hero"] == "vc-hero"


def test_a_commit_compares_each_touched_record_once(
    applied: State, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    compared: list[tuple[str, ...]] = []
    entry = statefile.entry

    def counting(before: State, after: State, *, touched: Iterable[str] | None = None) -> bytes:
        compared.append(tuple(touched or ()))
        return entry(before, after, touched=touched)

    monkeypatch.setattr(statefile, "entry", counting)
    store.commit(with_voice(applied, "hero"), touched=["vc-hero"])
    assert [keys for keys in compared if keys] == [("vc-hero",)]


def test_a_commit_of_touched_records_that_are_the_same_writes_nothing(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.commit(applied, touched=list(applied.records))
    assert loaded(tmp_path) == applied
    assert not (tmp_path / "voices.state.journal").exists()


def test_a_run_that_began_with_an_older_state_is_refused(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.finish(with_voice(applied, "hero"))
    with pytest.raises(StateConflict, match="began with serial 1 of the lineage abcdef12"):
        store.begin(applied)


def test_a_state_of_another_manifest_is_refused(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path, place="-f prod.yaml")
    store.check(applied, "voices.yaml")
    with pytest.raises(StateForeign, match=r"belongs to voices\.yaml, not to prod\.yaml") as caught:
        store.check(applied, "prod.yaml")
    assert in_words(caught.value.hint).endswith("voicectl -f prod.yaml state mv-manifest")


def test_a_state_that_cannot_be_read_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "voices.state.json").mkdir()
    with pytest.raises(StateError, match="could not be read: Is a directory"):
        store_in(tmp_path).load()


def test_a_damaged_state_is_named(applied: State, tmp_path: Path) -> None:
    (tmp_path / "voices.state.json").write_bytes(b"{")
    with pytest.raises(StateDamaged, match=r"voices\.state\.json: Invalid JSON"):
        store_in(tmp_path).load()


def test_a_lock_says_who_where_what_and_since_when(tmp_path: Path) -> None:
    with store_in(tmp_path).locked("apply"):
        with pytest.raises(StateLocked) as caught, store_in(tmp_path).locked("destroy"):
            pass
        assert caught.value.detail == "ann@here (pid 4711) has held the lock for apply since 2026-11-20 12:00:00 UTC."
        assert caught.value.lock_id == "aaaa1111"


def test_waiting_checks_the_lock_once_a_second_and_is_reported_once(tmp_path: Path) -> None:
    held = store_in(tmp_path).locked("apply")
    held.__enter__()
    told: list[StateLocked] = []

    def released_after_three() -> None:
        if len(clock.slept) == 3:
            held.__exit__(None, None, None)

    clock = FakeClock(on_sleep=released_after_three)
    with store_in(tmp_path, clock=clock).locked("apply", wait=10, waiting=told.append):
        assert len(clock.slept) == 3
    assert len(told) == 1


def test_waiting_ends_in_the_refusal(tmp_path: Path) -> None:
    clock = FakeClock()
    with (
        store_in(tmp_path).locked("apply"),
        pytest.raises(StateLocked),
        store_in(tmp_path, clock=clock).locked("apply", wait=2.5),
    ):
        pass
    assert clock.slept == [1, 1.5]


def test_an_error_inside_the_lock_stays_what_it_is(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError), store_in(tmp_path).locked("apply"):
        (tmp_path / "nowhere").read_bytes()
    assert list(tmp_path.iterdir()) == []


def test_a_read_only_folder_says_so(applied: State) -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        (folder / "voices.state.json").write_bytes(statefile.dump(applied))
        (folder / "voices.state.json").chmod(0o644)
        folder.chmod(0o555)

        def work() -> None:
            if os.geteuid() == 0:
                os.setuid(65534)  # root may write anywhere
            store = store_in(folder)
            state = store.load()
            assert state is not None
            with pytest.raises(StateError, match="could not be locked: Permission denied"), store.locked("apply"):
                pass
            with pytest.raises(StateError, match="could not be written: Permission denied"):
                store.commit(with_voice(state, "hero"))
            assert store.load() == state

        assert in_child(work) == 0
        folder.chmod(0o755)
