"""Downloads on real sockets: limits for size and time, no credentials, and no secrets of the URL in messages."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from reconciler.audio.probing import Fetched, NotFetched
from reconciler.model.account import Timeouts
from reconciler.providers.http.download import REDIRECTS, fetch

SOUND = bytes(range(256)) * 4
SECRET = "sig=0123456789abcdef"
Answer = Callable[[BaseHTTPRequestHandler], None]


@dataclass
class Shelf:
    """A file server: path -> its behaviour."""

    url: str = ""
    answers: dict[str, Answer] = field(default_factory=dict)
    asked: list[tuple[str, Message]] = field(default_factory=list)
    over: threading.Event = field(default_factory=threading.Event)

    def lay(self, path: str, body: bytes = b"", status: int = 200, headers: Mapping[str, str] | None = None) -> str:
        def answer(request: BaseHTTPRequestHandler) -> None:
            request.send_response(status)
            for name, value in {"Content-Length": str(len(body)), **(headers or {})}.items():
                request.send_header(name, value)
            request.end_headers()
            request.wfile.write(body)

        self.answers[path] = answer
        return f"{self.url}{path}?{SECRET}"

    def redirect(self, path: str, to: str, status: int = 302) -> str:
        return self.lay(path, status=status, headers={"Location": to, "Set-Cookie": "session=1"})


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    shelf = Shelf()

    class Turn(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            shelf.asked.append((self.path, self.headers))
            answer = shelf.answers.get(self.path.partition("?")[0])
            if answer is None:
                self.send_error(404)
            else:
                answer(self)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Turn) as server:
        server.handle_error = lambda *_: None  # type: ignore[method-assign]  # clients hang up on purpose here
        shelf.url = f"http://127.0.0.1:{server.server_port}"
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        yield shelf
        shelf.over.set()
        server.shutdown()
        thread.join()


def test_a_file_comes_whole(shelf: Shelf) -> None:
    assert fetch(shelf.lay("/a.mp3", SOUND), largest=1024) == Fetched(SOUND, 1024, whole=True)
    (path, headers), *others = shelf.asked
    assert (path, others) == (f"/a.mp3?{SECRET}", [])
    assert (headers["User-Agent"], headers["Accept-Encoding"], headers["Authorization"]) == (
        "voicectl",
        "identity",
        None,
    )


def test_one_byte_too_many_is_not_whole_and_its_size_is_reported(shelf: Shelf) -> None:
    got = fetch(shelf.lay("/a.mp3", SOUND), largest=1023)
    assert got == Fetched(SOUND, 1024, whole=False)


def test_an_endless_download_is_read_up_to_its_limit(shelf: Shelf) -> None:
    def endless(request: BaseHTTPRequestHandler) -> None:
        request.send_response(200)
        request.end_headers()
        while not shelf.over.is_set():
            request.wfile.write(bytes(65_536))

    shelf.answers["/endless"] = endless
    got = fetch(f"{shelf.url}/endless", largest=100_000)
    assert got == Fetched(bytes(100_001), 100_001, whole=False)


@pytest.mark.parametrize(
    ("status", "body", "why"),
    [
        (401, b"", "it asks for credentials (HTTP 401): the cloud has none for it"),
        (403, b"", "access is denied (HTTP 403): is it public, or its signature still good?"),
        (403, b"<Message>Request has expired</Message>", "the link has expired (HTTP 403): sign it again"),
        (400, b"<Code>ExpiredToken</Code>", "the link has expired (HTTP 400): sign it again"),
        (404, b"", "nothing is there (HTTP 404)"),
        (410, b"", "nothing is there (HTTP 410)"),
        (204, b"", "the server answers HTTP 204 instead of a file"),
        (418, b"", "the server answers HTTP 418 instead of a file"),
        (302, b"", "the server answers HTTP 302 instead of a file"),
        (429, b"", "the server asks to try again later (HTTP 429)"),
        (500, b"request expired", "the server failed (HTTP 500)"),
        (503, b"", "the server failed (HTTP 503)"),
    ],
)
def test_a_refusal_has_a_plain_message(shelf: Shelf, status: int, body: bytes, why: str) -> None:
    got = fetch(shelf.lay("/a.mp3", body, status), largest=1024)
    assert got == NotFetched(f"can't be fetched: {why}", answered=True)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_followed_with_neither_password_nor_cookie(shelf: Shelf, status: int) -> None:
    shelf.lay("/real.mp3", SOUND)
    begin = shelf.redirect("/a.mp3", "/real.mp3", status).replace("http://", "http://me:password@")
    assert fetch(begin, largest=1024) == Fetched(SOUND, 1024, whole=True)
    (_, first), (path, second) = shelf.asked
    assert first["Authorization"] is not None
    assert (path, second["Authorization"], second["Cookie"]) == ("/real.mp3", None, None)


def test_a_circle_of_redirects_ends(shelf: Shelf) -> None:
    url = shelf.redirect("/a.mp3", "/a.mp3")
    assert fetch(url, largest=1) == NotFetched("can't be fetched: it is redirected more than 5 times", answered=True)
    assert len(shelf.asked) == REDIRECTS + 1


@pytest.mark.parametrize(
    ("to", "why"),
    [
        ("file:///etc/passwd", "it is redirected to what is not an http(s) URL"),
        ("ftp://127.0.0.1/a.mp3", "it is redirected to what is not an http(s) URL"),
        ("http://[::1/a.mp3", "it is redirected to what is not a URL"),
        ("http://127.0.0.1:99999/a.mp3", "it is redirected to what is not a URL"),
    ],
)
def test_a_redirect_to_anything_but_http_is_refused(shelf: Shelf, to: str, why: str) -> None:
    assert fetch(shelf.redirect("/a.mp3", to), largest=1) == NotFetched(f"can't be fetched: {why}", answered=True)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://cdn.example.com/a.mp3", "is not an http(s) URL"),
        ("file:///etc/passwd", "is not an http(s) URL"),
        ("https://cdn.example.com:port/a", "is not a URL"),
        ("https://", "is not an http(s) URL"),
    ],
)
def test_only_http_is_asked(url: str, why: str) -> None:
    assert fetch(url, largest=1) == NotFetched(f"can't be fetched: {why}", answered=True)


def test_a_refused_connection_is_reported_without_the_secret() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    got = fetch(f"http://me:password@127.0.0.1:{port}/a.mp3?{SECRET}", largest=1)
    assert got == NotFetched(
        f"can't be fetched from this machine: no connection to 127.0.0.1:{port}: connection refused"
    )


def test_a_file_that_breaks_off_is_reported(shelf: Shelf) -> None:
    got = fetch(shelf.lay("/a.mp3", SOUND, headers={"Content-Length": "2000"}), largest=4096)
    assert isinstance(got, NotFetched)
    assert got.why.startswith("can't be fetched from this machine: the answer broke off: ")
    assert not got.answered


def test_a_silent_server_is_waited_for_until_the_timeout(shelf: Shelf) -> None:
    shelf.answers["/silent"] = lambda _: _until(shelf.over)
    got = fetch(f"{shelf.url}/silent", largest=1, timeouts=Timeouts(connect=1, read=0.1, operation=5))
    assert got == NotFetched("can't be fetched from this machine: no answer within 0.1 s")


def test_a_dripping_server_is_waited_for_until_the_timeout(shelf: Shelf) -> None:
    def drip(request: BaseHTTPRequestHandler) -> None:
        while not shelf.over.wait(0.02):
            request.wfile.write(b"H")

    shelf.answers["/drip"] = drip
    got = fetch(f"{shelf.url}/drip", largest=1, timeouts=Timeouts(connect=1, read=5, operation=0.2))
    assert got == NotFetched("can't be fetched from this machine: not here whole within 0.2 s")


def test_what_comes_packed_is_not_unpacked(shelf: Shelf) -> None:
    got = fetch(shelf.lay("/a.mp3", SOUND, headers={"Content-Encoding": "gzip"}), largest=4096)
    assert got == NotFetched(
        "could not be checked: it is compressed, which voicectl did not request", fault=False, answered=True
    )


def test_an_invalid_proxy_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HTTP_PROXY", "nonsense://[")
    monkeypatch.setenv("http_proxy", "nonsense://[")
    monkeypatch.delenv("NO_PROXY", raising=False)
    monkeypatch.delenv("no_proxy", raising=False)
    got = fetch("http://cdn.example.com/a.mp3", largest=1)
    assert got == NotFetched(
        "can't be fetched from this machine: The environment names a proxy, but its value is not the URL of a proxy."
    )


def _until(over: threading.Event) -> None:
    over.wait(60)
