"""A server for states that speaks the protocol of Terraform's http backend, or GitLab's form of it, and can fail.

    server.fail("lock", Fault.DROP_AFTER)      # the next LOCK has its effect, and its answer is lost
    server.fail_at_random(random.Random(7), 0.1)

Its limit: everything is in memory, and a state's name says which mode it is served in: GitLab's are below
`/api/v4/projects/7/terraform/state/`.
"""

from __future__ import annotations

import base64
import json
import random
import re
import socket
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from enum import Enum, auto
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

GITLAB = "/api/v4/projects/7/terraform/state"
_GITLAB_PATH = re.compile(rf"{GITLAB}/(?P<name>[^/]+)(?P<rest>/lock|/versions/(?P<serial>[0-9]+))?")
_KEYS = ("ID", "Operation", "Info", "Who", "Version", "Created", "Path")
_JOB_USER = "project_7_bot"


class Fault(Enum):
    FAIL_BEFORE = auto()  # 500, without an effect
    FAIL_AFTER = auto()  # 500, although it had its effect
    DROP_BEFORE = auto()  # the connection breaks
    DROP_AFTER = auto()
    BARE = auto()  # 409 or 423 without a body, and without an effect
    BARE_AFTER = auto()
    LIMITED_AFTER = auto()  # 429, although it had its effect
    SLOW = auto()  # the right answer, after SLOWNESS


_AT_RANDOM = [fault for fault in Fault if fault not in (Fault.BARE, Fault.SLOW)]
SLOWNESS = 1.0  # seconds
_BEFORE = (Fault.FAIL_BEFORE, Fault.DROP_BEFORE, Fault.BARE)


@dataclass(frozen=True)
class Received:
    method: str
    target: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes


@dataclass
class Place:
    """One state on the server."""

    body: bytes = b""
    versions: dict[int, bytes] = field(default_factory=dict)
    lock: dict[str, Any] | None = None
    locked_at: datetime | None = None


@dataclass(frozen=True)
class Reply:
    status: int
    body: bytes = b""


class StateServer:
    """A server on a free port of this machine."""

    def __init__(self) -> None:
        self.places: dict[str, Place] = {}
        self.received: list[Received] = []
        self.ahead = timedelta()  # of the server's clock
        self.password: str | None = None  # with it, all others are refused with 401
        self.largest = 10_000_000  # bytes of a body; a larger one is refused with 413
        self.on_request: Callable[[Received], object] = lambda request: None  # called before each answer
        self._faults: dict[str, list[Fault]] = {}
        self._random: tuple[random.Random, float] | None = None
        self._guard = threading.RLock()
        self._http = _Server(("127.0.0.1", 0), _Connection)
        self._http.states = self

    def __enter__(self) -> Self:
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def place(self, url: str) -> Place:
        return self.places.setdefault(urlsplit(url).path, Place())

    def fail(self, operation: str, *faults: Fault) -> None:
        """The next requests of this kind fail like this: get, write, lock, unlock."""
        self._faults.setdefault(operation, []).extend(faults)

    def fail_at_random(self, dice: random.Random, share: float) -> None:
        self._random = (dice, share)

    def now(self) -> datetime:
        return datetime.now(UTC) + self.ahead

    def of(self, *methods: str) -> list[Received]:
        return [each for each in self.received if each.method in methods]

    def answer(self, request: Received) -> tuple[Fault | None, Reply]:
        with self._guard:
            self.received.append(request)
            self.on_request(request)
            gitlab = _GITLAB_PATH.fullmatch(urlsplit(request.target).path)
            operation = _operation(request.method, locks=bool(gitlab and gitlab["rest"] == "/lock"))
            fault = self._fault(operation)
            if fault in _BEFORE:
                return fault, self._fault_reply(fault, gitlab=gitlab is not None)
            reply = self._gitlab(request, gitlab, operation) if gitlab else self._plain(request, operation)
            return fault, reply if fault in (None, Fault.SLOW) else self._fault_reply(fault, gitlab=gitlab is not None)

    def _fault(self, operation: str) -> Fault | None:
        if self._faults.get(operation):
            return self._faults[operation].pop(0)
        if self._random is not None and self._random[0].random() < self._random[1]:
            fault = self._random[0].choice(_AT_RANDOM)
            return fault if operation in ("lock", "write") or fault is not Fault.BARE_AFTER else Fault.FAIL_AFTER
        return None

    def _fault_reply(self, fault: Fault, *, gitlab: bool) -> Reply:
        if fault in (Fault.BARE, Fault.BARE_AFTER):
            return Reply(409 if gitlab else 423)
        return Reply(429 if fault is Fault.LIMITED_AFTER else 500, b"secret words of the server")

    def _refused(self, request: Received) -> Reply | None:
        if self.password is not None and self.password not in _password(request):
            return Reply(401, b"secret words of the server")
        return Reply(413) if len(request.body) > self.largest else None

    def _plain(self, request: Received, operation: str) -> Reply:
        place = self.place(request.target)
        lock_id = _query_id(request)
        holder = None if place.lock is None else place.lock["ID"]
        if refused := self._refused(request):
            return refused
        match operation:
            case "get":
                return Reply(200, place.body) if place.body else Reply(404)
            case "write":
                if place.lock is not None and lock_id != holder:
                    return Reply(409, json.dumps(place.lock).encode())
                place.body = request.body
                return Reply(200)
            case "lock":
                if place.lock is not None:
                    return Reply(423, json.dumps(place.lock).encode())
                place.lock = json.loads(request.body)
                return Reply(200)
            case _:
                named = json.loads(request.body)["ID"] if request.body else None
                if place.lock is None:
                    return Reply(404)
                if named is not None and named != holder:
                    return Reply(409, json.dumps(place.lock).encode())
                place.lock = None
                return Reply(200)

    def _gitlab(self, request: Received, path: re.Match[str], operation: str) -> Reply:
        place = self.place(f"{GITLAB}/{path['name']}")
        lock_id = _query_id(request)
        holder = None if place.lock is None else str(place.lock["ID"])
        if refused := self._refused(request):
            return refused
        if lock_id is not None and len(lock_id) > 255:
            return Reply(400)
        if path["serial"]:
            old = place.versions.get(int(path["serial"]))
            return Reply(200, old) if old is not None else Reply(404)
        match operation:
            case "get":
                return Reply(200, place.body) if place.body else Reply(204)
            case "write":
                if lock_id != holder:
                    return Reply(500)
                return self._add_version(place, request.body)
            case "lock":
                asker = json.loads(request.body)
                if any(key not in asker for key in _KEYS) or len(asker["ID"]) > 255:
                    return Reply(400)
                status = 200 if place.lock is None else 409
                if place.lock is None:
                    place.lock, place.locked_at = asker, self.now()
                assert place.lock is not None and place.locked_at is not None
                echoed = {key: asker[key] for key in ("Operation", "Info", "Version", "Path")}
                created = place.locked_at.isoformat(timespec="milliseconds").replace("+00:00", "Z")
                return Reply(
                    status,
                    json.dumps(echoed | {"ID": place.lock["ID"], "Who": _JOB_USER, "Created": created}).encode(),
                )
            case _:
                if lock_id is not None and lock_id != holder:
                    return Reply(409)
                place.lock = None
                return Reply(200)

    def _add_version(self, place: Place, body: bytes) -> Reply:
        try:
            serial = json.loads(body)["serial"]
        except (ValueError, KeyError, TypeError):
            return Reply(400)
        if type(serial) is not int:
            return Reply(400)
        if serial in place.versions:
            return Reply(422)
        place.body = place.versions[serial] = body
        return Reply(200)


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    states: StateServer

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was killed is not worth a traceback."""


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: _Server

    def _answer(self) -> None:
        states = self.server.states
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        if len(body) < length:  # the client died while it sent it
            self.close_connection = True
            return
        headers = {name.lower(): value for name, value in self.headers.items()}
        fault, reply = states.answer(Received(self.command, self.path, headers, body))
        if fault in (Fault.DROP_BEFORE, Fault.DROP_AFTER):
            self.close_connection = True
            with suppress(OSError):
                self.connection.shutdown(socket.SHUT_RDWR)
            return
        if fault is Fault.SLOW:
            time.sleep(SLOWNESS)
        self.send_response_only(reply.status)
        self.send_header("Date", format_datetime(states.now(), usegmt=True))
        if reply.status != 204:
            self.send_header("Content-Length", str(len(reply.body)))
        self.end_headers()
        if reply.status != 204:
            with suppress(OSError):  # the client has left
                self.wfile.write(reply.body)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


for _method in ("GET", "POST", "PUT", "DELETE", "LOCK", "UNLOCK"):
    setattr(_Connection, f"do_{_method}", _Connection._answer)  # http.server's names


def _operation(method: str, *, locks: bool) -> str:
    if locks:
        return "lock" if method == "POST" else "unlock"
    return {"GET": "get", "LOCK": "lock", "UNLOCK": "unlock"}.get(method, "write")


def _query_id(request: Received) -> str | None:
    return next(iter(parse_qs(urlsplit(request.target).query).get("ID", [])), None)


def _password(request: Received) -> str:
    return base64.b64decode(request.headers.get("authorization", "").removeprefix("Basic ")).decode()
