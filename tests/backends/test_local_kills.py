"""After a kill at any point a local state loads, and holds everything that was confirmed."""

from __future__ import annotations

import os
import random
import signal
import time
from collections.abc import Callable
from itertools import count
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.errors import StateConflict
from reconciler.protocols.backend import Backend, Stamp
from tests.support.children import die_at, fork, in_child, said, wait

STAMP = Stamp("abcdef12", 1)

Promise = Callable[[bytes], object]


def local(folder: Path) -> LocalBackend:
    return LocalBackend(folder / "voices.state.json")


def words_in(backend: Backend) -> list[bytes]:
    """All words that a state holds: the snapshot holds the words of the entries that were folded into it."""
    blob = backend.read()
    return [] if blob is None else blob.data.split() + list(blob.entries)


def append_words(backend: Backend, promise: Promise, words: list[bytes]) -> None:
    """Appends word after word, and folds after every third."""
    blob = backend.read()
    version = None if blob is None else blob.version
    for number, word in enumerate(words, start=1):
        version = backend.append([word], version, STAMP)
        promise(word)
        if number % 3 == 0:
            version = backend.write(b" ".join(words_in(backend)), version, STAMP)


WORDS = [b"w%d" % number for number in range(7)]


@pytest.mark.parametrize("torn", [False, True], ids=["before the call", "half way through a write"])
@pytest.mark.parametrize("begun", [False, True], ids=["no state yet", "a state and a journal"])
def test_killed_at_any_call_nothing_promised_is_lost(tmp_path: Path, begun: bool, torn: bool) -> None:
    for call in count(1):
        folder = tmp_path / str(call)
        folder.mkdir()
        before: list[bytes] = []
        if begun:
            before = [b"b0", b"b1", b"b2", b"b3"]
            append_words(local(folder), lambda _: None, before)

        def work(promise: Promise, folder: Path = folder, call: int = call) -> None:
            die_at(call, torn=torn)
            append_words(local(folder), promise, WORDS)

        with said(work) as (pid, pipe):
            promised = pipe.read().split()
            ended = wait(pid)
        found = words_in(local(folder))
        assert found[: len(before) + len(promised)] == before + promised
        assert found == (before + WORDS)[: len(found)]
        append_words(local(folder), lambda _: None, [b"next"])
        assert words_in(local(folder)) == [*found, b"next"]
        if ended == 0:
            break
    assert call > 40


def test_killed_while_healing_a_torn_tail_nothing_is_lost(tmp_path: Path) -> None:
    for call in count(1):
        folder = tmp_path / str(call)
        folder.mkdir()
        append_words(local(folder), lambda _: None, [b"one", b"two"])
        with (folder / "voices.state.journal").open("ab") as journal:
            journal.write(b"0123456789abcdef thr")

        def work(folder: Path = folder, call: int = call) -> None:
            die_at(call, torn=True)
            append_words(local(folder), lambda _: None, [b"next"])

        ended = in_child(work)
        assert words_in(local(folder)) in ([b"one", b"two"], [b"one", b"two", b"next"])
        if ended == 0:
            break
    assert call > 3


def test_killed_at_random_moments_nothing_promised_is_lost(tmp_path: Path) -> None:
    backend = local(tmp_path)
    confirmed: list[bytes] = []
    for turn in range(12):
        words = [b"t%d-%d" % (turn, number) for number in range(10_000)]

        def work(promise: Promise, words: list[bytes] = words) -> None:
            append_words(local(tmp_path), promise, words)

        with said(work) as (pid, pipe):
            first = pipe.readline()  # it is at work
            time.sleep(random.uniform(0, 0.01))
            os.kill(pid, signal.SIGKILL)
            promised = (first + pipe.read()).split()
            wait(pid)
        found = words_in(backend)
        assert found[: len(confirmed) + len(promised)] == confirmed + promised
        assert len(found) <= len(confirmed) + len(promised) + 1
        confirmed = found


def test_four_processes_that_compare_and_swap_lose_no_update(tmp_path: Path) -> None:
    local(tmp_path).write(b"0", None, STAMP)

    def work() -> None:
        backend = local(tmp_path)
        for _ in range(10):
            while True:
                blob = backend.read()
                assert blob is not None
                try:
                    backend.write(b"%d" % (int(blob.data) + 1), blob.version, STAMP)
                except StateConflict:
                    continue
                break

    assert [wait(pid) for pid in [fork(work) for _ in range(4)]] == [0, 0, 0, 0]
    assert words_in(local(tmp_path)) == [b"40"]
