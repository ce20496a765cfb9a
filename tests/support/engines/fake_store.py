"""A small object store in memory, in the test's process: S3's protocol, Google's (XML), or with a vendor's header.

It is also an HTTP proxy: with HTTP_PROXY set to it, it answers for any host, so names of clouds can be used.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

from reconciler.values import value

_PAGE = 1000
S3, GOOGLE = "if-none-match", "x-goog-if-generation-match"
COS, OSS = "x-cos-forbid-overwrite", "x-oss-forbid-overwrite"
_CREATES = {S3: "*", GOOGLE: "0", COS: "true", OSS: "true"}


@value
class Request:
    """A request as it arrived. `target`: as in the request line; header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]

    @property
    def key(self) -> str:
        """The object's name."""
        return unquote(urlsplit(self.target).path).lstrip("/")


class FakeStore:
    """The objects, and the requests. `condition`: the header that makes a put create only; others are ignored."""

    def __init__(self, condition: str, *, virtual_hosts: bool = False) -> None:
        self.condition = condition
        self.virtual_hosts = virtual_hosts
        self.objects: dict[str, tuple[bytes, datetime]] = {}
        self.requests: list[Request] = []
        self.unlisted: set[str] = set()  # objects that a list does not show yet
        self.denied: set[str] = set()  # methods that the role may not use
        self.later = timedelta()  # the store's clock goes ahead by so much
        self.url = ""
        self.lock = threading.Lock()

    def names(self, folder: str) -> list[str]:
        """The names of the objects in a folder of the prefix, without what is before it."""
        with self.lock:
            return sorted(key[key.index(folder) :] for key in self.objects if f"/{folder}/" in f"/{key}")

    def answer(self, request: Request, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        """Status, body and headers."""
        with self.lock:
            self.requests.append(request)
            if request.method in self.denied:
                return 403, _error("AccessDenied"), {}
            query = parse_qs(urlsplit(request.target).query, keep_blank_values=True)
            match request.method:
                case "PUT":
                    return self._put(request, body)
                case "DELETE":
                    self.objects.pop(request.key, None)
                    return 204, b"", {}
                case _ if "list-type" in query or "prefix" in query:
                    return 200, self._listed(request, query), {"Content-Type": "application/xml"}
                case _:
                    return self._get(request)

    def _put(self, request: Request, body: bytes) -> tuple[int, bytes, dict[str, str]]:
        creates = request.headers.get(self.condition) == _CREATES[self.condition]
        if creates and request.key in self.objects:
            return (412 if self.condition in (S3, GOOGLE) else 409), _error("FileAlreadyExists"), {}
        self.objects[request.key] = (body, datetime.now(UTC) + self.later)
        return 200, b"", {"ETag": '"e"', "x-goog-generation": "1"}

    def _get(self, request: Request) -> tuple[int, bytes, dict[str, str]]:
        found = self.objects.get(request.key)
        if found is None:
            return 404, _error("NoSuchKey"), {}
        modified = format_datetime(found[1].replace(microsecond=0), usegmt=True)
        return 200, found[0], {"ETag": '"e"', "Last-Modified": modified, "x-goog-generation": "1"}

    def _listed(self, request: Request, query: dict[str, list[str]]) -> bytes:
        start = "" if self.virtual_hosts else f"{request.key.rstrip('/')}/"
        prefix, after = query.get("prefix", [""])[0], query.get("start-after", [""])[0]
        names = sorted(key[len(start) :] for key in self.objects.keys() - self.unlisted if key.startswith(start))
        shown = [name for name in names if name.startswith(prefix) and name > after][:_PAGE]
        contents = "".join(
            f"<Contents><Key>{escape(name)}</Key><ETag>e</ETag><Size>{len(self.objects[start + name][0])}</Size>"
            f"<LastModified>{self.objects[start + name][1].isoformat()}</LastModified></Contents>"
            for name in shown
        )
        return f"<ListBucketResult><KeyCount>{len(shown)}</KeyCount>{contents}</ListBucketResult>".encode()


@contextmanager
def fake_store(condition: str = S3, *, virtual_hosts: bool = False) -> Iterator[FakeStore]:
    """Serves a store while the context lasts."""
    store = FakeStore(condition, virtual_hosts=virtual_hosts)

    class Answering(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def _answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            headers = {name.lower(): text for name, text in self.headers.items()}
            status, content, more = store.answer(Request(self.command, self.path, headers), body)
            self.send_response(status)
            for name, text in more.items():
                self.send_header(name, text)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_PUT = do_DELETE = _answer  # noqa: N815 - http.server calls them so

        def log_message(self, *_: object) -> None:
            return

    with serving(Answering) as url:
        store.url = url
        yield store


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    block_on_close = False

    def handle_error(self, *_: object) -> None:
        """A client that hung up, or was killed, is no error of the server."""


@contextmanager
def serving(answering: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    """Serves HTTP on loopback while the context lasts; yields the URL."""
    server = _Server(("127.0.0.1", 0), answering)
    thread = threading.Thread(target=lambda: server.serve_forever(0.02), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def _error(code: str) -> bytes:
    return f"<Error><Code>{code}</Code><Message>m</Message></Error>".encode()
