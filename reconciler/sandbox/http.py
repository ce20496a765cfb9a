"""HTTP requests and answers as plain values, the same for every transport and every cloud."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from reconciler.values import value


@value
class Request:
    """An HTTP request."""

    method: str
    path: str  # as received: percent-encoded, without the query
    query: str = ""  # as received
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @classmethod
    def received(cls, method: str, target: str, *, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
        """A request as received. `target` is path and query. Of a repeated header, the last value counts."""
        path, _, query = target.partition("?")
        return cls(method.upper(), path, query, {name.lower(): value for name, value in headers}, body)


@value
class Response:
    """An HTTP response."""

    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    code: str = ""  # the cloud's own code, for the log: "0", "1302", "VoiceClone InternalError"


@value
class Dropped:
    """No answer: the work is done, and the connection breaks before the answer is sent."""


Answer = Response | Dropped


def log_line(request: Request, answer: Answer) -> str:
    """The log line of a request: `POST /v1/general/custom-voices 200 0`. Query, headers and body may hold secrets."""
    path = "".join(c if c.isprintable() else "?" for c in request.path)
    match answer:
        case Response():
            return f"{request.method} {path} {answer.status} {answer.code or '-'}"
        case Dropped():
            return f"{request.method} {path} dropped -"
