"""The only threads: what ends comes out in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from reconciler.engine.worker_pool import ThreadPool


@pytest.fixture
def workers() -> Iterator[ThreadPool[str]]:
    workers: ThreadPool[str] = ThreadPool()
    yield workers
    workers.close()


def test_what_a_job_returns_comes_out(workers: ThreadPool[str]) -> None:
    workers.start(lambda: "done")
    assert workers.wait(5) == ["done"]


def test_jobs_run_beside_each_other(workers: ThreadPool[str]) -> None:
    meeting = threading.Barrier(40, timeout=5)

    def meet() -> str:
        meeting.wait()
        return "met"

    for _ in range(40):
        workers.start(meet)
    met: list[str] = []
    while len(met) < 40:
        met += workers.wait(5)
    assert met == ["met"] * 40


def test_what_has_ended_together_comes_out_together(workers: ThreadPool[str]) -> None:
    started = threading.Barrier(3, timeout=5)

    def job() -> str:
        started.wait()
        return "done"

    workers.start(job)
    workers.start(job)
    started.wait()
    time.sleep(0.05)
    assert workers.wait(5) == ["done", "done"]


def test_a_wait_ends_when_its_time_is_up(workers: ThreadPool[str]) -> None:
    assert workers.wait(0.01) == []


def test_a_wake_ends_a_wait(workers: ThreadPool[str]) -> None:
    threading.Timer(0.02, workers.wake).start()
    began = time.monotonic()
    assert workers.wait(30) == []
    assert time.monotonic() - began < 5


def test_a_close_waits_for_what_runs() -> None:
    workers: ThreadPool[str] = ThreadPool()
    ended: list[str] = []

    def slow() -> str:
        time.sleep(0.05)
        ended.append("done")
        return "done"

    workers.start(slow)
    time.sleep(0.01)
    workers.close()
    assert ended == ["done"]
