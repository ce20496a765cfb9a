"""The store over a real disk: what it writes when, and what is left when it can't."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.engine.store import Runner, Store
from reconciler.errors import (
    StateConflict,
    StateDamaged,
    StateError,
    StateForeign,
    StateLocked,
    StateNotSaved,
)
from reconciler.model import statefile
from reconciler.model.state import Record, State, Status
from reconciler.protocols import Blob, LockHolder
from tests.support.children import die_at, fork, in_child, said, wait

WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANN = Runner(user="ann", host="here", pid=4711)


class StoppedClock:
    """Stands still but for sleeping; `sleeping` is called for each sleep."""

    def __init__(self, sleeping: Callable[[], object] = lambda: None) -> None:
        self.slept = 0.0
        self._sleeping = sleeping

    def now(self) -> datetime:
        return WHEN + timedelta(seconds=self.slept)

    def monotonic(self) -> float:
        return self.slept

    def sleep(self, seconds: float) -> None:
        self.slept += seconds
        self._sleeping()


class FullDisk:
    """A local disk that takes nothing more while it is `full`."""

    def __init__(self, backend: LocalBackend) -> None:
        self.full = False
        self.where = backend.where
        self._backend = backend

    def read(self) -> Blob | None:
        return self._backend.read()

    def write(self, data: bytes, expected: str | None) -> str:
        self._room()
        return self._backend.write(data, expected)

    def append(self, entries: Sequence[bytes], expected: str | None) -> str:
        self._room()
        return self._backend.append(entries, expected)

    def lock(self, holder: LockHolder) -> AbstractContextManager[None]:
        return self._backend.lock(holder)

    def break_lock(self, lock_id: str) -> LockHolder:
        return self._backend.break_lock(lock_id)

    def _room(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


def store_in(folder: Path, **options: Any) -> Store:
    given: dict[str, Any] = {
        "clock": StoppedClock(),
        "rescue_path": folder / "voices.state.rescue.json",
        "runner": ANN,
        "lock_id": lambda: "aaaa1111",
    }
    return Store(LocalBackend(folder / "voices.state.json"), **(given | options))


def on_full_disk(folder: Path) -> tuple[Store, FullDisk]:
    disk = FullDisk(LocalBackend(folder / "voices.state.json"))
    store = Store(disk, clock=StoppedClock(), rescue_path=folder / "voices.state.rescue.json", runner=ANN)
    return store, disk


def record(address: str, status: Status = Status.INTENDED, **fields: Any) -> Record:
    return Record(
        external_task_id=f"vc-{address}",
        address=address,
        provider="kling",
        account="kling https://api-singapore.klingai.com",
        method="create",
        generation=1,
        status=status,
        created_at=WHEN,
        changed_at=WHEN,
        **fields,
    )


def with_voice(state: State, address: str, status: Status = Status.INTENDED, **fields: Any) -> State:
    return state.having([record(address, status, **fields)], current={address: f"vc-{address}"})


NEW = State(lineage="abcdef12")


@pytest.fixture
def applied(tmp_path: Path) -> State:
    """The state in `tmp_path` after a first apply made `narrator`, as it was written."""
    store = store_in(tmp_path)
    assert store.load() is None
    store.begin(None)
    return store.finish(with_voice(NEW, "narrator", Status.READY, voice_id="85"))


def loaded(folder: Path) -> State:
    state = store_in(folder).load()
    assert state is not None
    return state


# Serials, commits and folds


def test_the_first_apply_writes_serial_1(applied: State, tmp_path: Path) -> None:
    assert applied.serial == 1
    assert loaded(tmp_path) == applied


def test_a_run_that_changes_nothing_writes_nothing(applied: State, tmp_path: Path) -> None:
    before = (tmp_path / "voices.state.json").stat()
    store = store_in(tmp_path)
    state = store.load()
    assert state is not None
    store.begin(state)
    store.commit(state)
    assert store.finish(state) == applied
    assert (tmp_path / "voices.state.json").stat() == before


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


def test_a_run_that_began_with_an_older_state_is_refused(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    store.finish(with_voice(applied, "hero"))
    with pytest.raises(StateConflict, match="began with serial 1 of abcdef12"):
        store.begin(applied)


def test_a_state_of_another_manifest_is_refused(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path, options="-f prod.yaml")
    store.check(applied, "voices.yaml")
    with pytest.raises(StateForeign, match=r"belongs to voices\.yaml, not to prod\.yaml") as caught:
        store.check(applied, "prod.yaml")
    assert caught.value.hint.endswith("voicectl state mv-manifest -f prod.yaml")


def test_a_state_that_cannot_be_read_is_a_state_error(tmp_path: Path) -> None:
    (tmp_path / "voices.state.json").mkdir()
    with pytest.raises(StateError, match="could not be read: Is a directory"):
        store_in(tmp_path).load()


def test_a_damaged_state_is_named(applied: State, tmp_path: Path) -> None:
    (tmp_path / "voices.state.json").write_bytes(b"{")
    with pytest.raises(StateDamaged, match=r"voices\.state\.json: Invalid JSON"):
        store_in(tmp_path).load()


# The lock


def test_a_lock_says_who_where_what_and_since_when(tmp_path: Path) -> None:
    with store_in(tmp_path).locked("apply"):
        with pytest.raises(StateLocked) as caught, store_in(tmp_path).locked("destroy"):
            pass
        assert caught.value.detail == "ann@here (pid 4711) has held it for apply since 2026-11-20 12:00:00 UTC."
        assert caught.value.lock_id == "aaaa1111"


def test_waiting_looks_once_a_second_and_says_so_once(tmp_path: Path) -> None:
    held = store_in(tmp_path).locked("apply")
    held.__enter__()
    told: list[StateLocked] = []

    def released_after_three() -> None:
        if clock.slept == 3:
            held.__exit__(None, None, None)

    clock = StoppedClock(released_after_three)
    with store_in(tmp_path, clock=clock).locked("apply", wait=10, waiting=told.append):
        assert clock.slept == 3
    assert len(told) == 1


def test_waiting_ends_in_the_refusal(tmp_path: Path) -> None:
    clock = StoppedClock()
    with (
        store_in(tmp_path).locked("apply"),
        pytest.raises(StateLocked),
        store_in(tmp_path, clock=clock).locked("apply", wait=2.5),
    ):
        pass
    assert clock.slept == 2.5


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


# When the disk says no


def test_a_full_disk_before_any_answer_leaves_no_copy(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateError, match="could not be written: No space left on device") as caught:
        store.commit(with_voice(applied, "hero"))
    assert not isinstance(caught.value, StateNotSaved)
    assert not (tmp_path / "voices.state.rescue.json").exists()


@pytest.mark.parametrize("write", ["commit", "finish"])
def test_what_a_cloud_answered_goes_into_a_copy_that_can_be_pushed(applied: State, tmp_path: Path, write: str) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero")
    store.commit(state)
    disk.full = True
    answered = with_voice(state, "hero", Status.READY, voice_id="86")
    with pytest.raises(StateNotSaved) as caught:
        getattr(store, write)(answered)
    copy = tmp_path / "voices.state.rescue.json"
    assert caught.value.hint == f"voicectl state push {copy}"
    assert copy.stat().st_mode & 0o777 == 0o600
    disk.full = False
    pushed = store_in(tmp_path).push(copy.read_bytes())
    assert pushed.records == answered.records
    assert loaded(tmp_path) == pushed


def test_a_fold_that_fails_leaves_a_copy_too_and_loses_nothing(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero", Status.READY, voice_id="86")
    store.commit(state)
    disk.full = True
    with pytest.raises(StateNotSaved):
        store.finish(state)
    copy = (tmp_path / "voices.state.rescue.json").read_bytes()
    assert loaded(tmp_path) == statefile.load(copy)
    assert store_in(tmp_path).push(copy).records == state.records
    assert not (tmp_path / "voices.state.journal").exists()


def test_the_copy_follows_the_run_and_goes_once_all_is_saved(applied: State, tmp_path: Path) -> None:
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    one = with_voice(applied, "hero", Status.READY, voice_id="86")
    two = with_voice(one, "villain", Status.READY, voice_id="87")
    for state in (one, two):
        with pytest.raises(StateNotSaved):
            store.commit(state)
    copies = list(tmp_path.glob("*rescue*"))
    assert [p.name for p in copies] == ["voices.state.rescue.json"]
    assert statefile.load(copies[0].read_bytes()).records == two.records
    disk.full = False
    store.commit(two)
    assert list(tmp_path.glob("*rescue*")) == []
    assert loaded(tmp_path).records == two.records


def test_a_copy_that_nobody_pushed_yet_is_not_overwritten(applied: State, tmp_path: Path) -> None:
    (tmp_path / "voices.state.rescue.json").write_bytes(b"of an earlier run")
    store, disk = on_full_disk(tmp_path)
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY, voice_id="86"))
    assert caught.value.hint.endswith("voices.state.rescue.2.json")
    assert (tmp_path / "voices.state.rescue.json").read_bytes() == b"of an earlier run"


def test_the_command_in_the_hint_can_be_pasted(applied: State, tmp_path: Path) -> None:
    folder = tmp_path / "our voices"
    folder.mkdir()
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=StoppedClock(), rescue_path=folder / "prod.state.rescue.json", options="-f prod.yaml")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY))
    assert caught.value.hint == f"voicectl state push '{folder}/prod.state.rescue.json' -f prod.yaml"


@pytest.fixture
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Another temporary folder than the machine's."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield folder


def test_where_the_manifest_lies_on_the_full_disk_the_copy_goes_to_the_temporary_folder(
    applied: State, tmp_path: Path, elsewhere: Path
) -> None:
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=StoppedClock(), rescue_path=tmp_path / "unmounted" / "voices.state.rescue.json")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY))
    assert caught.value.hint == f"voicectl state push {elsewhere}/voices.state.rescue.json"


def test_where_no_disk_takes_the_copy_the_answers_are_told_in_words(
    applied: State, tmp_path: Path, elsewhere: Path
) -> None:
    elsewhere.rmdir()
    disk = FullDisk(LocalBackend(tmp_path / "voices.state.json"))
    store = Store(disk, clock=StoppedClock(), rescue_path=tmp_path / "unmounted" / "voices.state.rescue.json")
    store.begin(store.load())
    disk.full = True
    with pytest.raises(StateNotSaved) as caught:
        store.commit(with_voice(applied, "hero", Status.READY, voice_id="86", task_id="7"))
    assert caught.value.detail.endswith("\n  hero: voice 86, task 7, ready")


def test_a_state_replaced_in_the_middle_of_an_apply_leaves_a_copy(applied: State, tmp_path: Path) -> None:
    store = store_in(tmp_path)
    store.begin(store.load())
    state = with_voice(applied, "hero")
    store.commit(state)
    store_in(tmp_path).push(statefile.dump(State(lineage="abcdef12", serial=1)), force=True)
    with pytest.raises(StateNotSaved, match="was changed by somebody else"):
        store.commit(with_voice(state, "hero", Status.READY, voice_id="86"))
    assert statefile.load((tmp_path / "voices.state.rescue.json").read_bytes()).records["vc-hero"].voice_id == "86"


# Push and pull


def test_pull_folds(applied: State, tmp_path: Path) -> None:
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
    newer = with_voice(applied, "hero").having(serial=7)
    assert store_in(tmp_path).push(statefile.dump(newer)).serial == 7
    assert loaded(tmp_path) == newer


def test_push_of_the_same_state_changes_nothing(applied: State, tmp_path: Path) -> None:
    assert store_in(tmp_path).push(statefile.dump(applied)) == applied
    assert not (tmp_path / "voices.state.backup").exists()


def test_push_of_a_copy_that_is_not_newer_is_refused(applied: State, tmp_path: Path) -> None:
    with pytest.raises(StateConflict, match="has the serial 1, the copy only 1") as caught:
        store_in(tmp_path).push(statefile.dump(with_voice(applied, "hero")))
    assert "voicectl state push --force" in caught.value.hint
    assert loaded(tmp_path) == applied


def test_push_of_another_lineage_is_refused(applied: State, tmp_path: Path) -> None:
    with pytest.raises(StateForeign, match="the lineage other, the state abcdef12"):
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


# The promises


def apply(store: Store, promise: Callable[[bytes], object], addresses: Sequence[str]) -> None:
    with store.locked("apply"):
        state = store.load() or NEW
        store.begin(state)
        for address in addresses:
            state = with_voice(state, address)
            store.commit(state)
            promise(address.encode())
            state = with_voice(state, address, Status.READY, voice_id="8")
            store.commit(state)
            promise(address.encode() + b"!")
        store.finish(state)


def test_killed_at_any_call_an_apply_forgets_nothing_it_wrote(tmp_path: Path) -> None:
    for call in count(1):
        folder = tmp_path / str(call)
        apply(store_in(folder), lambda _: None, ["narrator"])
        begun = loaded(folder).serial

        def work(promise: Callable[[bytes], object], folder: Path = folder, call: int = call) -> None:
            die_at(call, torn=True)
            apply(store_in(folder), promise, ["hero", "villain"])

        with said(work) as (pid, pipe):
            promised = pipe.read().split()
            ended = wait(pid)
        state = loaded(folder)
        for word in promised:
            status = state.records[f"vc-{word.decode().rstrip('!')}"].status
            assert status is Status.READY or not word.endswith(b"!")
        assert state.serial - begun in (len(promised), len(promised) + 1)
        apply(store_in(folder), lambda _: None, ["owen"])
        assert set(loaded(folder).records) == {*state.records, "vc-owen"}
        if ended == 0:
            break
    assert call > 40


def test_eight_processes_that_add_voices_under_the_lock_lose_none(tmp_path: Path) -> None:
    def adding(name: str) -> Callable[[], None]:
        def work() -> None:
            for number in range(4):
                clock = StoppedClock(lambda: time.sleep(0.001))
                store = store_in(tmp_path, clock=clock)
                with store.locked("apply", wait=1e9):
                    state = store.load() or NEW
                    store.begin(state)
                    store.commit(with_voice(state, f"{name}{number}"))
                    store.finish(with_voice(state, f"{name}{number}", Status.READY))

        return work

    assert [wait(pid) for pid in [fork(adding(name)) for name in "abcdefgh"]] == [0] * 8
    assert len(loaded(tmp_path).records) == 32


def test_an_apply_writes_less_than_three_times_its_final_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """500 voices, 20 intents a second, each accepted and ready in a commit of its own."""
    written = 0
    real = os.write

    def write(opened: int, content: bytes) -> int:
        nonlocal written
        written += len(content)
        return real(opened, content)

    monkeypatch.setattr(os, "write", write)
    monkeypatch.setattr(os, "fsync", lambda _: None)
    store = store_in(tmp_path)
    store.begin(store.load())
    state = NEW
    for second in range(25):
        addresses = [f"voice-{second * 20 + number}" for number in range(20)]
        made = [
            record(
                address,
                digest="0123abcd",
                attempts=1,
                sent={"voice_name": address, "voice_url": f"https://cdn.example.com/{address}.mp3"},
            )
            for address in addresses
        ]
        state = state.having(made, current={a: f"vc-{a}" for a in addresses})
        store.commit(state)
        for status, fields in (
            (Status.RUNNING, {"task_id": "8" * 18}),
            (Status.READY, {"voice_id": "8" * 18, "voice_name": "Voice 123", "owned_by": "1234567"}),
        ):
            for before in made:
                seen = WHEN + timedelta(seconds=second, microseconds=123456)
                told = state.records[before.external_task_id].model_copy(
                    update={"status": status, "changed_at": seen, **fields}
                )
                state = state.having([told])
                store.commit(state, touched=[before.external_task_id])
    store.finish(state)
    final = (tmp_path / "voices.state.json").stat().st_size
    assert written < 3 * final
