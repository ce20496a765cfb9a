"""Sixteen processes on one state lose no update, with or without the lock, even if some of them are killed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from contextlib import ExitStack
from datetime import UTC, datetime
from functools import partial
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.errors import StateConflict, StateLocked
from reconciler.protocols.backend import LockInfo, Stamp
from tests.support.children import fork, said, wait

STAMP = Stamp("abcdef12", 1)

PROCESSES = 16
ROUNDS = 6


def local(folder: Path) -> LocalBackend:
    return LocalBackend(folder / "voices.state.json")


def words(folder: Path) -> list[bytes]:
    """All words of a state: those folded into the snapshot, and one for each entry."""
    blob = local(folder).read()
    return [] if blob is None else blob.data.split() + list(blob.entries)


def me() -> LockInfo:
    return LockInfo(
        lock_id=f"{os.getpid():08x}",
        who="ann@here",
        pid=os.getpid(),
        host="here",
        operation="apply",
        since=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )


def add_under_lock(folder: Path, word: bytes, *, fold: bool) -> None:
    while True:
        try:
            with local(folder).lock(me()):
                backend = local(folder)
                blob = backend.read()
                version = None if blob is None else blob.version
                if fold:
                    backend.write(b" ".join([*words(folder), word]), version, STAMP)
                else:
                    backend.append([word], version, STAMP)
                return
        except StateLocked:
            time.sleep(random.uniform(0, 0.005))


def add_without_lock(folder: Path, word: bytes) -> None:
    while True:
        backend = local(folder)
        blob = backend.read()
        try:
            if blob is None:
                backend.write(word, None, STAMP)
            else:
                backend.write(blob.data + b" " + word, blob.version, STAMP)
        except StateConflict:
            continue
        return


@pytest.mark.parametrize("killed", [0, 6], ids=["all live", "six are killed"])
def test_under_the_lock_no_update_is_lost(tmp_path: Path, killed: int) -> None:
    def work(say: Callable[[bytes], object], number: int) -> None:
        for turn in range(ROUNDS):
            word = b"p%d-%d" % (number, turn)
            add_under_lock(tmp_path, word, fold=turn % 3 == 2)
            say(word)

    promised: list[bytes] = []
    with ExitStack() as stack:
        children = [stack.enter_context(said(partial(work, number=n))) for n in range(PROCESSES)]
        for pid, pipe in children[:killed]:
            promised += pipe.readline().split()  # it is at work
            time.sleep(random.uniform(0, 0.005))
            os.kill(pid, signal.SIGKILL)
        for pid, pipe in children:
            promised += pipe.read().split()
            wait(pid)
    found = words(tmp_path)
    assert sorted(set(found)) == sorted(found)
    assert not set(promised) - set(found)
    assert len(found) <= len(promised) + killed  # written, and killed before it could be said
    assert len(promised) >= (PROCESSES - killed) * ROUNDS
    with local(tmp_path).lock(me()):  # what the dead left behind keeps nobody out
        pass


def test_without_the_lock_compare_and_swap_loses_no_update(tmp_path: Path) -> None:
    def work(number: int) -> None:
        for turn in range(ROUNDS):
            add_without_lock(tmp_path, b"p%d-%d" % (number, turn))

    children = [fork(partial(work, n)) for n in range(PROCESSES)]
    assert [wait(pid) for pid in children] == [0] * PROCESSES
    assert sorted(words(tmp_path)) == sorted(b"p%d-%d" % (n, t) for n in range(PROCESSES) for t in range(ROUNDS))
