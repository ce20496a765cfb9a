"""Serves a simulated cloud from its own process, so that its CPU time and memory are not the measured program's.

    with CloudProcess(KlingCloud) as cloud:
        cloud.add(voices)
        cloud.set_latency(0.15)
        …                           # a client calls cloud.url
        assert cloud.take_calls() == 11

It is quick, and no judge: it checks neither credentials nor limits. The services in `tests/support` do.
"""

from __future__ import annotations

import asyncio
import multiprocessing
import signal
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from email.utils import formatdate
from multiprocessing.connection import Connection
from types import TracebackType
from typing import Protocol, Self


@dataclass(frozen=True, slots=True)
class Request:
    """An HTTP request. The names of headers are in lower case."""

    method: str
    target: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class MadeVoice:
    """A voice that exists before the measured run, and the task that made it."""

    external_task_id: str
    task_id: str
    voice_id: str
    voice_name: str
    born: float  # seconds since 1970


class Cloud(Protocol):
    """One account of a simulated cloud, without sockets. `count` is the number of its voices."""

    @property
    def count(self) -> int: ...

    def add(self, voices: Sequence[MadeVoice]) -> None: ...

    def answer(self, request: Request) -> tuple[int, bytes]:
        """The HTTP status and the JSON of the response."""
        ...


@dataclass(frozen=True)
class _Add:
    voices: Sequence[MadeVoice]


@dataclass(frozen=True)
class _SetLatency:
    seconds: float


@dataclass(frozen=True)
class _TakeCalls:
    """Asks for the number of calls since the last time."""


@dataclass(frozen=True)
class _CountVoices:
    """Asks for the number of voices of the account."""


_Order = _Add | _SetLatency | _TakeCalls | _CountVoices


class CloudProcess:
    """A process that serves one cloud on a free port of 127.0.0.1. `cloud` makes it, in that process."""

    def __init__(self, cloud: Callable[[], Cloud]) -> None:
        context = multiprocessing.get_context("spawn")  # a fork would inherit this process's memory and threads
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(target=_serve, args=(cloud, theirs), daemon=True)
        self._process.start()
        theirs.close()
        self.url = f"http://127.0.0.1:{self._pipe.recv()}"

    def add(self, voices: Sequence[MadeVoice]) -> None:
        """Adds voices, as an apply would have made them."""
        self._ask(_Add(voices))

    def set_latency(self, seconds: float) -> None:
        """Sends each response so many seconds after its request."""
        self._ask(_SetLatency(seconds))

    def take_calls(self) -> int:
        """The number of requests since the last time."""
        return self._ask(_TakeCalls())

    @property
    def count(self) -> int:
        """The number of voices that were ever made or added."""
        return self._ask(_CountVoices())

    def _ask(self, order: _Order) -> int:
        self._pipe.send(order)
        answer: int = self._pipe.recv()
        return answer

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._pipe.close()
        self._process.join()


# -- in the process of the cloud ---------------------------------------------------------------------------------------


def _serve(cloud: Callable[[], Cloud], pipe: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # it ends when the benchmarks close the pipe
    asyncio.run(_Service(cloud(), pipe).serve())


class _Service:
    def __init__(self, cloud: Cloud, pipe: Connection) -> None:
        self._cloud = cloud
        self._pipe = pipe
        self._ended = asyncio.Event()
        self.latency = 0.0
        self._calls = 0

    async def serve(self) -> None:
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: _HttpConnection(self), "127.0.0.1", 0, backlog=1024)
        loop.add_reader(self._pipe.fileno(), self._obey)
        self._pipe.send(server.sockets[0].getsockname()[1])
        await self._ended.wait()
        server.close()

    def answer(self, request: Request) -> bytes:
        self._calls += 1
        status, body = self._cloud.answer(request)
        date = formatdate(usegmt=True)
        head = f"HTTP/1.1 {status} -\r\nDate: {date}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}"
        return f"{head}\r\n\r\n".encode() + body

    def _obey(self) -> None:
        try:
            order: _Order = self._pipe.recv()
        except EOFError:  # the benchmarks have ended
            asyncio.get_running_loop().remove_reader(self._pipe.fileno())
            self._ended.set()
            return
        answer = 0
        match order:
            case _Add(voices):
                self._cloud.add(voices)
            case _SetLatency(seconds):
                self.latency = seconds
            case _TakeCalls():
                answer, self._calls = self._calls, 0
            case _CountVoices():
                answer = self._cloud.count
        self._pipe.send(answer)


class _HttpConnection(asyncio.Protocol):
    """A connection with keep-alive. It reads bodies by their Content-Length."""

    def __init__(self, service: _Service) -> None:
        self._service = service
        self._received = b""
        self._transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        assert self._transport is not None
        self._received += data
        while (request := self._take_request()) is not None:
            answer = self._service.answer(request)
            if self._service.latency:
                asyncio.get_running_loop().call_later(self._service.latency, self._transport.write, answer)
            else:
                self._transport.write(answer)

    def _take_request(self) -> Request | None:
        """Removes the first request from what was received. None if it is not complete."""
        head, ended, rest = self._received.partition(b"\r\n\r\n")
        if not ended:
            return None
        first, *lines = head.decode("latin-1").split("\r\n")
        headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in lines)}
        length = int(headers.get("content-length", "0"))
        if len(rest) < length:
            return None
        self._received = rest[length:]
        method, target, _ = first.split(" ")
        return Request(method, target, headers, rest[:length])
