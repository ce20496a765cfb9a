"""A request and what comes of it, as plain values: the same for every mount and every cloud. Knows no cloud's words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str  # as it came over the wire: percent-encoded, without the query
    query: str = ""  # as it came over the wire
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    body: bytes = b""

    @classmethod
    def received(cls, method: str, target: str, *, headers: Iterable[tuple[str, str]], body: bytes) -> Request:
        """`target` is the request line's: path and query. A header said twice counts once, the last time."""
        path, _, query = target.partition("?")
        return cls(method.upper(), path, query, {name.lower(): value for name, value in headers}, body)


@dataclass(frozen=True, slots=True)
class Response:
    status: int
    body: bytes
    content_type: str = "application/json; charset=utf-8"
    code: str = ""  # the cloud's own code, for the log: "0", "1302", "VoiceClone InternalError"


@dataclass(frozen=True, slots=True)
class Dropped:
    """The work is done and the connection breaks before a word of the answer."""


Answer = Response | Dropped


def log_line(request: Request, answer: Answer) -> str:
    """`POST /v1/general/custom-voices 200 0`. Without the query, the headers and the body: secrets stand there."""
    path = "".join(c if c.isprintable() else "?" for c in request.path)
    match answer:
        case Response():
            return f"{request.method} {path} {answer.status} {answer.code or '-'}"
        case Dropped():
            return f"{request.method} {path} dropped -"
