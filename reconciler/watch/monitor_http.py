"""Requests and answers of the monitoring port: bytes in, bytes out. GET and HEAD only, one request a connection."""

from __future__ import annotations

from collections.abc import Mapping
from http import HTTPStatus

from reconciler.values import value

LARGEST_HEAD = 8 * 1024  # bytes of the request line and the headers
_TEXT = "text/plain; charset=utf-8"
_VERSIONS = ("HTTP/1.0", "HTTP/1.1")


@value
class Request:
    """`path` has no query. The names of `headers` are in lower case."""

    method: str
    path: str
    headers: Mapping[str, str]


@value
class Answer:
    status: int
    body: bytes
    content_type: str = _TEXT


def plain(status: int, words: str) -> Answer:
    return Answer(status, f"{words}\n".encode())


def parse(received: bytes) -> Request | Answer | None:
    """The request, the answer to a faulty one, or None if the request is not complete yet."""
    head, ended, _ = received.partition(b"\r\n\r\n")
    if len(head) > LARGEST_HEAD:
        return plain(431, "The request is too large.")
    if not ended:
        return None
    first, *lines = head.decode("latin-1").split("\r\n")
    words = first.split(" ")
    if len(words) != 3:
        return plain(400, "This is not an HTTP request.")
    method, target, version = words
    if version not in _VERSIONS:
        return plain(505, "Use HTTP/1.1.")
    if method not in ("GET", "HEAD"):
        return plain(405, "Use GET or HEAD.")
    if not target.startswith("/"):
        return plain(400, "The path must begin with a slash.")
    headers = dict(_header(line) for line in lines if ":" in line)
    return Request(method, target.partition("?")[0], headers)


def _header(line: str) -> tuple[str, str]:
    name, _, text = line.partition(":")
    return name.strip().lower(), text.strip()


def rendered(answer: Answer, *, head_only: bool) -> bytes:
    """The bytes of an answer. It names no server and no version."""
    lines = [
        f"HTTP/1.1 {answer.status} {HTTPStatus(answer.status).phrase}",
        f"Content-Type: {answer.content_type}",
        f"Content-Length: {len(answer.body)}",
        *(["Allow: GET, HEAD"] if answer.status == 405 else []),
        "Cache-Control: no-store",
        "X-Content-Type-Options: nosniff",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if head_only else answer.body)
