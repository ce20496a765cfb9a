"""Real sockets: a call starts no thread, and ends in time if the server is slow, stalls or never reads."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.account import Timeouts
from reconciler.providers.http.client import HttpClient
from reconciler.providers.http.download import fetch
from reconciler.system_clock import SystemClock
from tests.support.hostile_wire import read

ANSWER = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}"
OVERDUE = r"POST /v1: no whole answer within 0\.4 s \(timeouts\.operation\); the call may have been executed"
PATIENT = Timeouts(connect=30, read=30, operation=0.4)
Serve = Callable[[socket.socket], None]


class ServerThread(threading.Thread):
    """A thread of a test server. Its class distinguishes it from the threads of a call."""


@contextmanager
def serving(serve: Serve, *, wrapped: ssl.SSLContext | None = None) -> Iterator[str]:
    """A server: `serve` runs for each connection, in its own thread. Yields host:port."""
    threads: list[threading.Thread] = []
    lines: list[socket.socket] = []

    def one(line: socket.socket) -> None:
        with suppress(OSError), line if wrapped is None else wrapped.wrap_socket(line, server_side=True) as talking:
            serve(talking)

    def accept(listener: socket.socket) -> None:
        while True:
            try:
                line, _ = listener.accept()
            except OSError:
                return
            lines.append(line)
            threads.append(ServerThread(target=one, args=(line,), daemon=True))
            threads[-1].start()

    with socket.create_server(("127.0.0.1", 0), backlog=200) as listener:
        threads.append(ServerThread(target=accept, args=(listener,), daemon=True))
        threads[0].start()
        yield f"127.0.0.1:{listener.getsockname()[1]}"
        listener.shutdown(socket.SHUT_RDWR)
    for line in lines:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)
    for thread in threads:
        thread.join(10)


def answering(line: socket.socket) -> None:
    while read(line) is not None:
        line.sendall(ANSWER)


def silent(line: socket.socket) -> None:
    while line.recv(65536):
        pass


def dripping(begin: bytes, again: bytes) -> Serve:
    def serve(line: socket.socket) -> None:
        line.recv(65536)
        line.sendall(begin)
        while True:
            line.sendall(again)
            time.sleep(0.02)

    return serve


@contextmanager
def calling(url: str, timeouts: Timeouts) -> Iterator[Callable[[], object]]:
    http = HttpClient(url, timeouts, clock=SystemClock())
    try:
        yield lambda: http.send("POST", "/v1", headers={}, content=b"{}")
    finally:
        http.close()


@contextmanager
def overdue(within: float = 5.0) -> Iterator[None]:
    began = time.monotonic()
    with pytest.raises(OutcomeUnknown, match=OVERDUE):
        yield
    assert 0.4 <= time.monotonic() - began < within


# -- threads -----------------------------------------------------------------------------------------------------------


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[threading.Thread]:
    """All threads that the code under test starts, without the server's."""
    begun: list[threading.Thread] = []
    start = threading.Thread.start

    def counted(thread: threading.Thread) -> None:
        if not isinstance(thread, ServerThread):
            begun.append(thread)
        start(thread)

    monkeypatch.setattr(threading.Thread, "start", counted)
    return begun


def test_a_worker_s_call_starts_no_thread(started: list[threading.Thread]) -> None:
    with serving(answering) as host, calling(f"http://{host}", Timeouts()) as call, ThreadPoolExecutor(4) as pool:
        for promised in [pool.submit(call) for _ in range(40)]:
            promised.result()
    assert len(started) <= 4


def test_the_main_thread_s_calls_share_one(started: list[threading.Thread]) -> None:
    with serving(answering) as host, calling(f"http://{host}", Timeouts()) as call:
        for _ in range(10):
            call()
    assert len(started) == 1
    started[0].join(10)
    assert not started[0].is_alive()


def test_a_download_starts_no_thread(started: list[threading.Thread]) -> None:
    with serving(answering) as host:
        fetch(f"http://{host}/a.mp3", largest=10)
    assert started == []


# The signal goes to another thread than the main one, so it does not interrupt a wait of the main thread.
UNHEARD = """
import os, signal, sys, threading, time
from reconciler.model.account import Timeouts
from reconciler.providers.http.client import HttpClient
from reconciler.system_clock import SystemClock

def elsewhere():
    time.sleep(0.5)
    signal.pthread_kill(threading.get_ident(), signal.SIGINT)
    time.sleep(60)

http = HttpClient(sys.argv[1], Timeouts(), clock=SystemClock())
threading.Thread(target=elsewhere, daemon=True).start()
began = time.monotonic()
try:
    http.send("GET", "/v1", headers={})
except KeyboardInterrupt:
    os._exit(0 if time.monotonic() - began < 5 else 1)
"""


def test_the_main_thread_hears_a_signal_while_it_waits_for_an_answer() -> None:
    with serving(silent) as host:
        ran = subprocess.run([sys.executable, "-c", UNHEARD, f"http://{host}"], timeout=30, check=False)
    assert ran.returncode == 0


# -- the whole exchange has one end ------------------------------------------------------------------------------------

DRIPS = {
    "nothing": silent,
    "head": dripping(b"HTTP/1.1 200 OK\r\nX-Padding: ", b"x"),
    "news": dripping(b"", b"HTTP/1.1 102 Processing\r\n\r\n"),
    "body": dripping(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n", b" "),
}


@pytest.mark.parametrize("how", list(DRIPS))
def test_an_answer_that_drips_ends_in_time(how: str) -> None:
    with serving(DRIPS[how]) as host, calling(f"http://{host}", PATIENT) as call, overdue():
        call()


@pytest.mark.parametrize("how", list(DRIPS))
def test_a_dripping_answer_ends_in_time_on_a_worker_too(how: str) -> None:
    with (
        serving(DRIPS[how]) as host,
        calling(f"http://{host}", PATIENT) as call,
        ThreadPoolExecutor(1) as pool,
        overdue(),
    ):
        pool.submit(call).result()


def test_a_call_after_one_that_was_late_has_its_own_time() -> None:
    once = iter([DRIPS["head"]])
    with serving(lambda line: next(once, answering)(line)) as host, calling(f"http://{host}", PATIENT) as call:
        with overdue():
            call()
        call()
        time.sleep(0.5)
        call()  # on the connection of the call before


@pytest.mark.parametrize("taken", [0, 2000])
def test_a_request_that_is_taken_slowly_or_not_at_all_ends_in_time(taken: int) -> None:
    over = threading.Event()

    def slow(line: socket.socket) -> None:
        while not over.wait(0.02):
            line.recv(taken)

    with serving(slow) as host:
        http = HttpClient(f"http://{host}", PATIENT, clock=SystemClock())
        with overdue():
            http.send("POST", "/v1", headers={}, content=bytes(64_000_000))
        http.close()
        over.set()


def test_a_tls_handshake_that_drips_ends_in_time() -> None:
    record = dripping(b"\x16\x03\x03\x40\x00", b"\x02")  # of 16 kB
    with serving(record) as host, calling(f"https://{host}", PATIENT) as call, overdue():
        call()


def test_a_proxy_s_answer_that_drips_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with serving(DRIPS["head"]) as host:
        proxied(monkeypatch, f"http://{host}")
        with calling("https://cloud.example.com", PATIENT) as call, overdue():
            call()


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command makes the certificate")
@pytest.mark.parametrize("where", ["handshake", "answer"])
def test_tls_within_a_proxy_s_tls_that_drips_ends_in_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    context = certified(tmp_path, monkeypatch)

    def tunnel(line: socket.socket) -> None:
        read(line)
        line.sendall(b"HTTP/1.1 200 Connection established\r\n\r\n")
        if where == "handshake":
            dripping(b"\x16\x03\x03\x40\x00", b"\x02")(line)
        incoming, outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        inner = context.wrap_bio(incoming, outgoing, server_side=True)
        asked = False
        while not asked:
            try:
                inner.do_handshake()
                asked = bool(inner.read(65536))
            except ssl.SSLWantReadError:
                line.sendall(outgoing.read())
                incoming.write(line.recv(65536))
        dripping(outgoing.read() + b"\x17\x03\x03\x40\x00", b"\x02")(line)

    with serving(tunnel, wrapped=context) as host:
        proxied(monkeypatch, f"https://{host}")
        with calling("https://127.0.0.1:1", PATIENT) as call, overdue():
            call()


def test_a_name_of_many_addresses_where_none_answers_ends_in_time(monkeypatch: pytest.MonkeyPatch) -> None:
    with ExitStack() as stack:
        listener_error: list[object] = []
        for _ in range(10):
            full = stack.enter_context(socket.socket())
            full.bind(("127.0.0.1", 0))
            full.listen(0)
            for _ in range(4):
                queued = stack.enter_context(socket.socket())
                queued.setblocking(False)
                queued.connect_ex(full.getsockname())
            listener_error.append((socket.AF_INET, socket.SOCK_STREAM, 6, "", full.getsockname()))
        resolved(monkeypatch, {"cloud.example.com": listener_error})
        timeouts = Timeouts(connect=0.3, read=30, operation=0.4)
        with calling("http://cloud.example.com", timeouts) as call, overdue(within=2.5):
            call()


def test_of_a_name_s_addresses_the_one_that_answers_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        nobody = closed.getsockname()
    with serving(answering) as host:
        somebody = ("127.0.0.1", int(host.rpartition(":")[2]))
        listed: list[object] = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", address) for address in (nobody, somebody)]
        resolved(monkeypatch, {"cloud.example.com": listed})
        with calling("http://cloud.example.com", Timeouts()) as call:
            call()


def test_a_call_that_no_connection_is_free_for_ends_in_time() -> None:
    with serving(silent) as host, calling(f"http://{host}", PATIENT) as call, ThreadPoolExecutor(120) as pool:
        for promised in [pool.submit(call) for _ in range(120)]:
            with pytest.raises(OutcomeUnknown, match=OVERDUE):
                promised.result(5)


def test_calls_after_a_burst_use_its_connections() -> None:
    opened: list[int] = []

    def counted(line: socket.socket) -> None:
        opened.append(1)
        answering(line)

    with serving(counted) as host, calling(f"http://{host}", Timeouts()) as call, ThreadPoolExecutor(12) as pool:
        for _ in range(3):
            for promised in [pool.submit(call) for _ in range(12)]:
                promised.result()
        for _ in range(10):
            call()
    assert len(opened) <= 12


def test_a_connection_that_the_server_closed_is_not_used_again() -> None:
    def once(line: socket.socket) -> None:
        read(line)
        line.sendall(ANSWER)

    with serving(once) as host, calling(f"http://{host}", Timeouts()) as call:
        for _ in range(5):
            call()
            time.sleep(0.05)


def test_a_call_that_failed_leaves_its_connection_to_others() -> None:
    calls = iter(range(150))

    def hangs_up(line: socket.socket) -> None:
        if next(calls) < 120:
            line.recv(65536)
        else:
            answering(line)

    with serving(hangs_up) as host, calling(f"http://{host}", Timeouts(read=2)) as call:
        for _ in range(120):
            with pytest.raises(OutcomeUnknown):
                call()
        call()


def test_cookies_are_sent_back() -> None:
    heads: list[str] = []

    def with_cookies(line: socket.socket) -> None:
        while (request := read(line)) is not None:
            heads.append(str(request))
            line.sendall(b"HTTP/1.1 200 OK\r\nSet-Cookie: lb=7; path=/\r\nContent-Length: 2\r\n\r\n{}")

    with serving(with_cookies) as host, calling(f"http://{host}", Timeouts()) as call:
        call()
        call()
    assert ["lb=7" in head for head in heads] == [False, True]


def test_a_redirect_to_what_is_no_url_proves_nothing() -> None:
    def nowhere(line: socket.socket) -> None:
        while read(line) is not None:
            line.sendall(b"HTTP/1.1 307 X\r\nLocation: http://x:port/\r\nContent-Length: 0\r\n\r\n")

    with serving(nowhere) as host, calling(f"http://{host}", Timeouts()) as call, pytest.raises(OutcomeUnknown):
        call()


def test_a_shorter_time_out_is_named_anyway() -> None:
    with (
        serving(silent) as host,
        calling(f"http://{host}", Timeouts(read=0.1, operation=5)) as call,
        pytest.raises(OutcomeUnknown, match=r"no answer within 0\.1 s \(timeouts\.read\)"),
    ):
        call()


def test_a_handshake_s_shorter_time_out_is_named_and_proves_that_nothing_was_sent() -> None:
    with (
        serving(silent) as host,
        calling(f"https://{host}", Timeouts(connect=0.1, operation=5)) as call,
        pytest.raises(Rejected, match=r"within 0\.1 s \(timeouts\.connect\); nothing was sent"),
    ):
        call()


# -- what the tests need -----------------------------------------------------------------------------------------------


def proxied(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    for name in ("NO_PROXY", "no_proxy", "ALL_PROXY", "all_proxy", "https_proxy"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("HTTPS_PROXY", url)


def resolved(monkeypatch: pytest.MonkeyPatch, names: dict[str, list[object]]) -> None:
    look_up = socket.getaddrinfo
    monkeypatch.setattr(
        socket, "getaddrinfo", lambda host, *rest, **more: names.get(host) or look_up(host, *rest, **more)
    )


def certified(folder: Path, monkeypatch: pytest.MonkeyPatch) -> ssl.SSLContext:
    """The TLS context of a server, with a certificate that this process trusts."""
    made = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    monkeypatch.setenv("SSL_CERT_FILE", str(folder / "cert.pem"))
    return context
