"""Many things go wrong at once: lost answers, kills and pauses. What was acknowledged is there exactly once."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from pathlib import Path

import pytest

from reconciler.backends.object_storage import requests
from reconciler.protocols.backend import Backend, Stamp
from tests.support.engines.object_storage import ObjectStorageSite
from tests.support.lock_holders import elsewhere
from tests.support.object_storage_writer import TTL
from tests.support.store_proxy import lossy_proxy, sometimes

ROOT = Path(__file__).parents[3]


@pytest.mark.parametrize("seed", range(3))
def test_of_a_tenth_of_the_answers_lost_nobody_notices(
    monkeypatch: pytest.MonkeyPatch, seaweedfs_site: ObjectStorageSite, seed: int
) -> None:
    """No false conflict, nothing lost or doubled, and no lock is left behind."""
    monkeypatch.setattr(requests, "_FIRST_WAIT", 0.02)
    with lossy_proxy(seaweedfs_site.endpoint, sometimes(seed)) as proxy:
        far = seaweedfs_site.through(proxy.url)
        number, version = 0, None
        for turn in range(6):
            backend = far.open()
            with backend.lock(elsewhere(f"{turn:08x}")):
                words = words_in(backend)
                for _ in range(4):
                    number += 1
                    version = backend.append([b"w%d" % number], version, Stamp("abcdef12", number))
                    words.append(b"w%d" % number)
                version = backend.write(b" ".join(words), version, Stamp("abcdef12", number))
            assert seaweedfs_site.open().holder() is None
    assert words_in(seaweedfs_site.open()) == [b"w%d" % each for each in range(1, number + 1)]
    assert sum(count for (_, fault), count in proxy.done.items() if fault is not None) >= 5


def test_killed_and_paused_writers_lose_nothing(seaweedfs_site: ObjectStorageSite, tmp_path: Path) -> None:
    """Six processes; the one that holds the lock is killed with -9, or stopped for longer than its lease."""
    rng = random.Random(7)
    log = tmp_path / "log"
    names = [f"{number:08x}" for number in range(6)]
    writers = {name: writer(seaweedfs_site, log, name) for name in names}
    watching = seaweedfs_site.open()
    kills, pauses = 0, 0
    try:
        end = time.monotonic() + 20
        while time.monotonic() < end or ("fenced" not in log.read_text() and time.monotonic() < end + 20):
            time.sleep(rng.uniform(0.1, 0.4))
            held = watching.holder()
            if held is None or held.info.lock_id not in writers:  # free, or left by a run that was killed
                continue
            victim = held.info.lock_id
            if rng.random() < 0.6:
                writers[victim].kill()
                writers.pop(victim).wait()
                kills += 1
                name = f"{100 + kills:08x}"
                writers[name] = writer(seaweedfs_site, log, name)
            else:
                os.kill(writers[victim].pid, signal.SIGSTOP)
                time.sleep(TTL * 3.3)
                os.kill(writers[victim].pid, signal.SIGCONT)
                pauses += 1
    finally:
        for each in writers.values():
            each.kill()
            each.wait()
    lines = [line.split() for line in log.read_text().splitlines()]
    noted = Counter(kind for kind, _ in lines)
    found = Counter(word.decode() for word in words_in(seaweedfs_site.open()))
    assert [word for kind, word in lines if kind == "word" and found[word] != 1] == []
    assert [word for word, count in found.items() if count != 1] == []
    assert noted["damaged"] == 0
    assert noted["word"] > 20
    assert kills > 3
    assert pauses > 1
    assert noted["fenced"] > 0
    print(f"{kills} kills, {pauses} pauses, {dict(noted)}")


def writer(site: ObjectStorageSite, log: Path, name: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", "tests.support.object_storage_writer", site.endpoint, site.url, str(log), name]
    environ = {**os.environ, "PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, cwd=ROOT, env=environ, stderr=subprocess.DEVNULL)


def words_in(backend: Backend) -> list[bytes]:
    blob = backend.read()
    return [] if blob is None else [*blob.data.split(), *blob.entries]
