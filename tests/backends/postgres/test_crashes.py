"""Crashes of the server and kills of runs, at full load: what was confirmed is there, once, and in its order."""

from __future__ import annotations

import os
import random
import signal
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

import pytest

from reconciler.backends.postgres.backend import open_postgres
from reconciler.errors import Fenced, StateLocked
from reconciler.protocols.backend import LockInfo, Stamp
from tests.support.children import fork, said, wait
from tests.support.engines.postgres import PostgresServer, PostgresSite
from tests.support.holders import holder, this_process

STAMP = Stamp("abcdef12", 1)
RUNS = 6
LEASE = 1.0  # seconds, in the storm


def words_of(url: str) -> list[bytes]:
    blob = open_postgres(url, default_name="prod").read()
    return [] if blob is None else [*blob.data.split(), *blob.entries]


def test_crashes_of_the_server_lose_and_double_nothing(
    durable_postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.backends.postgres.settling._LONGEST_WAIT", 0.1)
    monkeypatch.setattr("reconciler.backends.postgres.settling._TRIES", 300)
    url = f"{durable_postgres.url()}?name=prod"

    def append_until_told(promise: object) -> None:
        assert callable(promise)
        backend, version = open_postgres(url, default_name=""), None
        words: list[bytes] = []
        with backend.lock(this_process("aaaa1111")) as lease:
            began = time.monotonic()
            while time.monotonic() - began < 10:
                words.append(b"w%d" % len(words))
                version = backend.append(words[-1:], version, STAMP)
                promise(words[-1])
                if len(words) % 200 == 0:
                    version = backend.write(b" ".join(words), version, STAMP)
            assert lease.lost is None

    with said(append_until_told) as (pid, pipe):
        confirmed = [pipe.readline().strip()]
        for _ in range(4):
            time.sleep(0.7)
            durable_postgres.crash()
        confirmed += pipe.read().split()
        assert wait(pid) == 0
    assert words_of(url) == confirmed
    assert len(confirmed) > 100
    print(f"{len(confirmed)} appends over 4 crashes")


def holder_of_run(number: int, turn: int) -> LockInfo:
    """Every other run says that it is on another machine: then its lock ends by time only."""
    lock_id = f"{number:04x}{turn:04x}"
    return this_process(lock_id) if number % 2 else holder(lock_id, who=f"run{number}@elsewhere")


def keep_applying(url: str, log: Path, number: int) -> None:
    """Locks, appends a few words, folds some times, unlocks; each confirmed word goes to `log`."""
    confirmed = os.open(log, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
    backend = open_postgres(url, default_name="", ttl=LEASE, keep=3)
    chance = random.Random(number)
    for turn in range(100_000):
        try:
            with backend.lock(holder_of_run(number, turn)):
                blob = backend.read()
                version = blob.version if blob else None
                words = [*blob.data.split(), *blob.entries] if blob else []
                for place in range(chance.randint(1, 6)):
                    words.append(b"%d.%d.%d" % (number, turn, place))
                    version = backend.append(words[-1:], version, STAMP)
                    os.write(confirmed, words[-1] + b"\n")
                if chance.random() < 0.3:
                    backend.write(b" ".join(words), version, STAMP)
        except StateLocked:
            time.sleep(chance.uniform(0, 0.03))
        except Fenced:
            os.write(confirmed, b"fenced\n")


@pytest.mark.parametrize(("through", "seconds"), [("the server", 12), ("pgbouncer", 8)])
def test_runs_that_are_killed_and_stopped_lose_and_double_nothing(
    through: str, seconds: float, postgres_server: PostgresServer, request: pytest.FixtureRequest, tmp_path: Path
) -> None:
    port = None if through == "the server" else request.getfixturevalue("pgbouncer_port")
    site = PostgresSite(postgres_server.url(port=port))
    numbers = iter(range(1, 10_000))
    logs: list[Path] = []

    def begin() -> int:
        number = next(numbers)
        logs.append(tmp_path / f"{number}")
        return fork(lambda: keep_applying(site.url, logs[-1], number))

    chance, kills, stops = random.Random(11), 0, 0
    alive = [begin() for _ in range(RUNS)]
    stopped: dict[int, float] = {}
    try:
        began = time.monotonic()
        while time.monotonic() - began < seconds:
            time.sleep(chance.uniform(0.05, 0.4))
            for pid, until in list(stopped.items()):
                if time.monotonic() > until:
                    del stopped[pid]
                    os.kill(pid, signal.SIGCONT)
            place = chance.randrange(RUNS)
            if alive[place] in stopped:
                continue
            if chance.random() < 0.4:
                os.kill(alive[place], signal.SIGSTOP)
                stopped[alive[place]] = time.monotonic() + 2 * LEASE
                stops += 1
            else:
                os.kill(alive[place], signal.SIGKILL)
                wait(alive[place])
                alive[place] = begin()
                kills += 1
    finally:
        for pid in alive:
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
        ended = [wait(pid) for pid in alive]
    assert ended == [-signal.SIGKILL] * RUNS
    lines = [line for log in logs if log.exists() for line in log.read_bytes().split()]
    confirmed, fenced = [line for line in lines if line != b"fenced"], lines.count(b"fenced")
    blob = site.open().read()
    assert blob is not None
    found = [*blob.data.split(), *blob.entries]
    counts = Counter(found)
    assert [word for word, times in counts.items() if times > 1] == []
    assert [word for word in confirmed if word not in counts] == []
    assert len(found) - len(confirmed) <= kills + stops + RUNS  # made, but not confirmed before the kill
    assert min(kills, stops) > 0
    print(f"{through}: {kills} kills, {stops} stops, {len(confirmed)} confirmed, {fenced} fenced")


def test_a_state_of_a_killed_run_is_taken_over_at_once(postgres_site: PostgresSite) -> None:
    def hold(promise: object) -> None:
        assert callable(promise)
        backend = postgres_site.open()
        with backend.lock(this_process("aaaa1111")):
            promise(backend.append([b"a"], None, STAMP).encode())
            time.sleep(60)

    with said(hold) as (pid, pipe):
        version = pipe.readline().strip().decode()
        with pytest.raises(StateLocked), postgres_site.open().lock(holder("bbbb2222")):
            pass
        os.kill(pid, signal.SIGKILL)
        wait(pid)
    backend = postgres_site.open()
    assert backend.holder() is None
    with backend.lock(holder("bbbb2222")):
        assert backend.append([b"b"], version, STAMP)
