"""The only threads: what ends comes out in one place."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest

from reconciler.engine.crew import Threads


@pytest.fixture
def crew() -> Iterator[Threads[str]]:
    crew: Threads[str] = Threads()
    yield crew
    crew.close()


def test_what_a_job_returns_comes_out(crew: Threads[str]) -> None:
    crew.start(lambda: "done")
    assert crew.wait(5) == ["done"]


def test_jobs_run_beside_each_other(crew: Threads[str]) -> None:
    meeting = threading.Barrier(40, timeout=5)

    def meet() -> str:
        meeting.wait()
        return "met"

    for _ in range(40):
        crew.start(meet)
    met: list[str] = []
    while len(met) < 40:
        met += crew.wait(5)
    assert met == ["met"] * 40


def test_what_has_ended_together_comes_out_together(crew: Threads[str]) -> None:
    started = threading.Barrier(3, timeout=5)

    def job() -> str:
        started.wait()
        return "done"

    crew.start(job)
    crew.start(job)
    started.wait()
    time.sleep(0.05)
    assert crew.wait(5) == ["done", "done"]


def test_a_wait_ends_when_its_time_is_up(crew: Threads[str]) -> None:
    assert crew.wait(0.01) == []


def test_a_wake_ends_a_wait(crew: Threads[str]) -> None:
    threading.Timer(0.02, crew.wake).start()
    began = time.monotonic()
    assert crew.wait(30) == []
    assert time.monotonic() - began < 5


def test_a_close_waits_for_what_runs() -> None:
    crew: Threads[str] = Threads()
    ended: list[str] = []

    def slow() -> str:
        time.sleep(0.05)
        ended.append("done")
        return "done"

    crew.start(slow)
    time.sleep(0.01)
    crew.close()
    assert ended == ["done"]
