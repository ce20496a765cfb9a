"""A signal ends a wait, also if it came just before the wait, or in another thread."""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Callable
from concurrent.futures import Future
from queue import Empty, SimpleQueue
from threading import Event, Thread

import pytest

from reconciler import waits

# The signal goes to another thread than the main one, so it does not interrupt the wait of the main thread.
UNHEARD = """
import signal, threading, time
from concurrent.futures import Future
from queue import SimpleQueue
from reconciler import waits
{also}
def elsewhere():
    time.sleep(0.3)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    time.sleep(60)

threading.Thread(target=elsewhere, daemon=True).start()
began = time.monotonic()
try:
    {wait}
except KeyboardInterrupt:
    import os
    os._exit(0 if time.monotonic() - began < 5 else 1)
"""


@pytest.mark.parametrize(
    ("also", "wait"),
    [
        ("", "waits.result(Future(), 50)"),
        ("", "waits.result(Future())"),
        ("", "waits.item(SimpleQueue(), 50)"),
        ("", "waits.event(threading.Event())"),
        ("", "waits.in_thread(threading.Event().wait, 50)"),
        ("from reconciler.engine.worker_pool import ThreadPool", "ThreadPool().wait(50)"),
    ],
)
def test_a_signal_that_does_not_interrupt_a_wait_is_heard_anyway(also: str, wait: str) -> None:
    program = UNHEARD.format(also=also, wait=wait)
    assert subprocess.run([sys.executable, "-c", program], timeout=30, check=False).returncode == 0


def test_a_result_is_available_as_soon_as_it_arrives() -> None:
    future: Future[int] = Future()
    threading.Timer(0.05, future.set_result, [7]).start()
    assert waits.result(future, 20) == 7
    assert waits.result(future) == 7


def test_what_the_work_raised_is_raised_a_time_out_too() -> None:
    future: Future[int] = Future()
    future.set_exception(TimeoutError("the disk's"))
    with pytest.raises(TimeoutError, match="the disk's"):
        waits.result(future, 20)


def test_work_in_a_thread_gives_its_result_or_its_error_or_is_left_alone_after_a_while() -> None:
    assert waits.in_thread(lambda: 7, 20) == 7
    with pytest.raises(ZeroDivisionError):
        waits.in_thread(lambda: 1 // 0, 20)
    never = threading.Event()
    with pytest.raises(TimeoutError):
        waits.in_thread(never.wait, 0.01)
    never.set()


def test_a_wait_has_an_end() -> None:
    with pytest.raises(TimeoutError):
        waits.result(Future[int](), 0.01)
    with pytest.raises(Empty):
        waits.item(SimpleQueue[int](), 0.01)
    queue: SimpleQueue[int] = SimpleQueue()
    queue.put(7)
    assert waits.item(queue, 0.0) == 7


def test_the_waits_of_a_marked_thread_end_once_it_is_asked_to_stop() -> None:
    """Python tells only the main thread of a signal, so that another thread has to ask."""
    asked = Event()
    ended: list[str] = []

    def work(name: str, wait: Callable[[], object]) -> None:
        try:
            with waits.interrupted_if(asked.is_set):
                wait()
        except KeyboardInterrupt:
            ended.append(name)

    never: Future[None] = Future()
    each: dict[str, Callable[[], object]] = {
        "result": lambda: waits.result(never),
        "item": lambda: waits.item(SimpleQueue(), 60),
        "event": lambda: waits.event(Event()),
        "sleep": lambda: waits.sleep(60),
    }
    threads = [Thread(target=work, args=pair, daemon=True) for pair in each.items()]
    for thread in threads:
        thread.start()
    asked.set()
    for thread in threads:
        thread.join(5)
    assert sorted(ended) == sorted(each)


def test_a_thread_is_interrupted_once_so_that_it_can_release_what_it_holds() -> None:
    def work() -> None:
        with waits.interrupted_if(lambda: True):
            try:
                waits.sleep(60)
            except KeyboardInterrupt:
                waits.sleep(0.01)
                done.append("released")

    done: list[str] = []
    thread = Thread(target=work, daemon=True)
    thread.start()
    thread.join(5)
    assert done == ["released"]
