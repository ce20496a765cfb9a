"""The owner of the lock, with owners that are real processes and get killed."""

from __future__ import annotations

import json
import os
import signal
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.backends import filelock
from reconciler.backends.local import LocalBackend
from reconciler.errors import StateError, StateLocked
from reconciler.protocols.backend import LockInfo
from tests.support.children import die_at, fork, in_child, said, wait
from tests.support.hints import in_words


def holder(lock_id: str = "aaaa1111", *, host: str = "here") -> LockInfo:
    return LockInfo(
        lock_id=lock_id,
        who=f"ann@{host}",
        pid=os.getpid(),
        host=host,
        operation="apply",
        since=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )


def local(folder: Path) -> LocalBackend:
    return LocalBackend(folder / "voices.state.json")


def lock_file(folder: Path) -> Path:
    return folder / "voices.state.lock"


def holding(folder: Path) -> Callable[[Callable[[bytes], object]], None]:
    """A child process that takes the lock, reports it, and keeps it."""

    def work(say: Callable[[bytes], object]) -> None:
        with local(folder).lock(holder("cccc3333")):
            say(b"held")
            time.sleep(60)

    return work


def test_a_held_lock_says_who_holds_it(tmp_path: Path) -> None:
    with local(tmp_path).lock(holder()):
        owner = json.loads(lock_file(tmp_path).read_text())
    assert owner["lock_id"] == "aaaa1111"
    assert owner["who"] == "ann@here"
    assert owner["operation"] == "apply"


def test_a_released_lock_leaves_nothing(tmp_path: Path) -> None:
    with local(tmp_path).lock(holder()):
        assert lock_file(tmp_path).stat().st_mode & 0o777 == 0o600
    assert list(tmp_path.iterdir()) == []


def test_a_living_process_keeps_others_out_and_a_killed_one_does_not(tmp_path: Path) -> None:
    with said(holding(tmp_path)) as (pid, pipe):
        assert pipe.readline() == b"held\n"
        with pytest.raises(StateLocked, match="has held the lock for apply"), local(tmp_path).lock(holder()):
            pass
        os.kill(pid, signal.SIGKILL)
        wait(pid)
    with local(tmp_path).lock(holder("dddd4444")):
        assert "dddd4444" in lock_file(tmp_path).read_text()
    assert not lock_file(tmp_path).exists()


def test_the_lock_of_a_living_process_is_not_broken(tmp_path: Path) -> None:
    with said(holding(tmp_path)) as (pid, pipe):
        pipe.readline()
        with pytest.raises(StateError, match=f"The run of lock cccc3333 is alive: ann@here, pid {pid}"):
            local(tmp_path).break_lock("cccc3333")
        os.kill(pid, signal.SIGKILL)
        wait(pid)
    assert local(tmp_path).break_lock("cccc3333").lock_id == "cccc3333"
    assert not lock_file(tmp_path).exists()


def test_a_holder_on_another_machine_is_believed_until_its_lock_is_broken(tmp_path: Path) -> None:
    lock_file(tmp_path).write_text(holder("eeee5555", host="elsewhere").model_dump_json())
    with pytest.raises(StateLocked) as caught, local(tmp_path).lock(holder()):
        pass
    assert "ann@elsewhere" in caught.value.detail
    assert in_words(caught.value.hint).endswith("voicectl unlock eeee5555")
    assert local(tmp_path).break_lock("eeee5555").host == "elsewhere"
    with local(tmp_path).lock(holder()):
        pass


@pytest.mark.parametrize("left", [b"", b"{", b'{"lock_id":"aaaa1111"}', b"\0" * 40, b"not a lock"])
def test_a_lock_without_an_owner_is_dead(tmp_path: Path, left: bytes) -> None:
    lock_file(tmp_path).write_bytes(left)
    with pytest.raises(StateError, match="nothing to unlock"):
        local(tmp_path).break_lock("aaaa1111")
    with local(tmp_path).lock(holder()):
        assert "aaaa1111" in lock_file(tmp_path).read_text()


def test_a_run_whose_lock_was_broken_leaves_the_next_ones_alone(tmp_path: Path) -> None:
    with local(tmp_path).lock(holder()):
        lock_file(tmp_path).unlink()
        other = local(tmp_path).lock(holder("bbbb2222"))
        other.__enter__()
    assert "bbbb2222" in lock_file(tmp_path).read_text()
    other.__exit__(None, None, None)


def test_a_holder_killed_at_any_call_leaves_a_lock_that_can_be_taken(tmp_path: Path) -> None:
    for call in range(1, 12):

        def work(call: int = call) -> None:
            die_at(call, torn=True)
            with local(tmp_path).lock(holder("cccc3333")):
                pass

        if in_child(work) == 0:
            break
        with local(tmp_path).lock(holder("dddd4444")):
            pass
    assert 3 < call < 11


def test_eight_processes_that_count_under_the_lock_lose_no_update(tmp_path: Path) -> None:
    number = tmp_path / "number"
    number.write_text("0")

    def work() -> None:
        for _ in range(10):
            while True:
                try:
                    with local(tmp_path).lock(holder()):
                        number.write_text(str(int(number.read_text()) + 1))
                except StateLocked:
                    time.sleep(0.001)
                    continue
                break

    assert [wait(pid) for pid in [fork(work) for _ in range(8)]] == [0] * 8
    assert number.read_text() == "80"


def test_without_flock_the_refusal_says_what_is_missing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "fcntl", None)
    with pytest.raises(StateError, match="no flock"), filelock.held(tmp_path / "lock", holder()):
        pass
