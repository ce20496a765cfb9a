"""Logs the calls to clouds: a line each, with method, path, status, request id and duration, and without secrets.

Off by default. Queries, headers and bodies are never logged, except the request id that a body names.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Protocol, TypeVar
from urllib.parse import urlsplit

from reconciler.protocols.clock import Clock

_REQUEST_ID = re.compile(rb'"(?:request_id|RequestId)"\s*:\s*"([^"\\]{1,100})"')
_SEARCHED = 4096  # bytes at each end of a body
_LONGEST = 200  # characters of a path

attempt: ContextVar[int] = ContextVar("attempt", default=1)  # of the read that this thread repeats

_writers: list[Callable[[str], None]] = []


class Answered(Protocol):
    """The response to a call."""

    @property
    def status(self) -> int: ...

    @property
    def body(self) -> bytes: ...


Response = TypeVar("Response", bound=Answered)


@contextmanager
def to(write: Callable[[str], None]) -> Iterator[None]:
    """Writes a line for each call from now on. Worker threads call `write` too."""
    _writers.append(write)
    try:
        yield
    finally:
        _writers.remove(write)


def is_on() -> bool:
    return bool(_writers)


def logged(
    exchange: Callable[[], Response],
    *,
    method: str,
    endpoint: str,
    path: str,
    name: str,
    clock: Clock,
    redact: Callable[..., str],
) -> Callable[[], Response]:
    """The exchange, which also writes its line. Of the endpoint only the host is shown. `name`: of an API's action."""
    at = urlsplit(endpoint)
    host = f"{at.hostname}:{at.port}" if at.port is not None else str(at.hostname)
    shown = f"{method} {host}{redact(path, limit=_LONGEST)}" + (f" {name}" if name else "")
    number = attempt.get()

    def exchanged() -> Response:
        when, began = clock.now(), clock.monotonic()
        outcome, request_id = "no answer", ""
        try:
            response = exchange()
            outcome, request_id = str(response.status), redact(_request_id(response.body))
        except Exception as error:
            outcome = f"no answer ({type(error).__name__})"
            raise
        else:
            return response
        finally:
            milliseconds = round((clock.monotonic() - began) * 1000)
            details = f", request {request_id}" if request_id else ""
            moment = when.isoformat(timespec="milliseconds").replace("+00:00", "Z")
            line = f"debug: {moment} {shown}: {outcome}, {milliseconds} ms{details}, attempt {number}"
            for write in tuple(_writers):
                write(line)

    return exchanged


def _request_id(body: bytes) -> str:
    found = _REQUEST_ID.search(body[:_SEARCHED]) or _REQUEST_ID.search(body[-_SEARCHED:])
    return found[1].decode(errors="replace") if found is not None else ""
