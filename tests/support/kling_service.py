"""A simulated Kling on a real socket, written from the vendor's documents and not from our adapter.

    with KlingService(prefix="/gateway") as kling:
        kling.deleted_voices = Deleted.VANISHES
        kling.spoil("create", Spoil.REPLY_LOST)
        …                                        # a client calls kling.url with kling.api_key
        assert kling.bought == 1 and kling.count("list") == 2

Switches are plain attributes and may be changed while it runs. Operations are `create`, `get`, `list`, `presets` and
`delete`. Its limit: it serves one account, and keeps everything in memory. Other services may answer at its address for
their own API keys (`neighbours`), like the accounts of one endpoint.
"""

from __future__ import annotations

import threading
import time
import uuid
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.support.kling_rules import Deleted, Listing, Refusal, Task, check_key, in_order, page_of, preset, read_json
from tests.support.kling_socket import Hangup, HtmlAnswer, JsonAnswer, SocketServer

__all__ = ["Call", "Deleted", "KlingService", "Spoil"]

OWEN, ANNA = "829826751244587008", "829826751244587009"


class Spoil(StrEnum):
    """What happens to the response after the work was done."""

    REPLY_LOST = "the connection is closed"
    SERVER_ERROR = "HTTP 500, code 5000"
    TIMEOUT = "HTTP 504, code 5002"
    GARBAGE = "HTTP 200 with a page of HTML"


@dataclass(frozen=True)
class Call:
    """A received request. `code` is Kling's; `at` is the time of the service in seconds."""

    operation: str
    method: str
    path: str
    at: float
    status: int
    code: int
    body: Mapping[str, Any]


class KlingService:
    def __init__(
        self,
        *,
        prefix: str = "",
        api_key: str = "kling-api-key-0123456789abcdef",
        access_key: str = "AKAKAKAKAKAKAKAK",
        secret_key: str = "SKSKSKSKSKSKSKSKSKSKSKSKSKSKSKSK",
        first_id: int = 1,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.prefix, self.now = prefix, now
        self.api_key, self.access_key, self.secret_key = api_key, access_key, secret_key
        # Switches
        self.task_seconds = 0.0
        self.rate_limit: int | None = None  # calls in any second, of all operations
        self.in_flight_cap: int | None = None
        self.retry_after: str | None = None  # the header that goes with a 429
        self.deleted_voices = Deleted.STAYS
        self.listing: Listing = in_order
        self.failing: dict[str, str] = {}  # voice_name -> task_status_msg of a task that fails
        self.refused: dict[str, str] = {}  # voice_name -> message of a create that is refused with 1201
        self.delete_tells = True  # False: answers without data, as the delete of elements does
        self.presets = {OWEN: "Owen", ANNA: "Anna"}
        self.owner = "10020030"
        self.hides_owner_from: set[str] = set()  # API keys whose lists lack owned_by
        self.neighbours: list[KlingService] = []
        # Contents and history
        self.tasks: list[Task] = []
        self.calls: list[Call] = []
        self._spoiled: Counter[tuple[str, Spoil]] = Counter()
        self._scripted: dict[str, list[JsonAnswer]] = {}
        self._ids = first_id - 1
        self._lock = threading.RLock()
        self._server = SocketServer(self._answer, now=now)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.port}{self.prefix}"

    @property
    def bought(self) -> int:
        """How many creations were accepted, and so paid."""
        return sum(c.operation == "create" and c.code == 0 for c in self.calls)

    @property
    def voices(self) -> dict[str, Task]:
        """The ready voices that were not deleted: voice_id -> task."""
        with self._lock:
            return {t.voice_id: t for t in self.tasks if not t.deleted and t.status(self.now()) == "succeed"}

    def count(self, operation: str) -> int:
        return sum(c.operation == operation for c in self.calls)

    def spoil(self, operation: str, how: Spoil, *, times: int = 1) -> None:
        """Lets the next calls do their work and spoils their responses. `bought` still counts them."""
        self._spoiled[operation, how] += times

    def refuse(self, operation: str, status: int, code: int, message: str = "refused", *, times: int = 1) -> None:
        """Lets the next calls fail with this error, without any work."""
        body = {"code": code, "message": message, "request_id": str(uuid.uuid4())}
        self._scripted.setdefault(operation, []).extend([JsonAnswer(status, body)] * times)

    def add_foreign(self, *names: str, external_task_id: str | None = None, seconds: float = 0.0) -> list[str]:
        """Adds voices made by another user of the account, or by Kling. Returns their voice_ids."""
        with self._lock:
            added = [self._begin(name, external_task_id, seconds=seconds) for name in names]
        return [t.voice_id for t in added]

    def delete_outside(self, voice_id: str) -> None:
        self.voices[voice_id].deleted = True

    def rename_outside(self, voice_id: str, name: str) -> None:
        self.voices[voice_id].name = name

    def __enter__(self) -> Self:
        self._server.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._server.stop()

    # -- one request ---------------------------------------------------------------------------------------------------

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        url = urlsplit(target)
        key = headers.get("authorization", "").removeprefix("Bearer ")
        for neighbour in self.neighbours:
            if key == neighbour.api_key:
                return neighbour._answer(method, target, headers, content)
        with self._lock:
            body: dict[str, Any] = {}
            operation = "unknown"
            try:
                operation, named = self._route(method, url.path)
                check_key(
                    headers.get("authorization", ""),
                    api_key=self.api_key,
                    access_key=self.access_key,
                    secret_key=self.secret_key,
                    now=self.now(),
                )
                body = read_json(headers, content) if method == "POST" else {}
                answer = self._scripted_answer(operation) or self._work(
                    operation, named, dict(parse_qsl(url.query)), body
                )
                if key in self.hides_owner_from:
                    answer = without_owners(answer)
            except Refusal as refused:
                error = {"code": refused.code, "message": refused.message, "request_id": str(uuid.uuid4())}
                answer = JsonAnswer(refused.status, error)
            if answer.status == 429 and self.retry_after is not None:
                answer = JsonAnswer(answer.status, answer.body, {"Retry-After": self.retry_after})
            code = answer.body["code"]
            self.calls.append(Call(operation, method, target, self.now(), answer.status, code, body))
            return self._spoil(operation, answer)

    def _route(self, method: str, path: str) -> tuple[str, str]:
        root = f"{self.prefix}/v1/general/"
        if not path.startswith(root):
            raise Refusal(404, 1202, "the requested path does not exist")
        match method, path.removeprefix(root).split("/"):
            case "POST", ["custom-voices"]:
                return "create", ""
            case "GET", ["custom-voices"]:
                return "list", ""
            case "GET", ["custom-voices", named] if named:
                return "get", unquote(named)
            case "GET", ["presets-voices"]:
                return "presets", ""
            case "POST", ["delete-voices"]:
                return "delete", ""
            case _:
                raise Refusal(404, 1202, "the requested method is wrong")

    def _scripted_answer(self, operation: str) -> JsonAnswer | None:
        waiting = self._scripted.get(operation)
        return waiting.pop(0) if waiting else None

    def _work(self, operation: str, named: str, query: dict[str, str], body: dict[str, Any]) -> JsonAnswer:
        now = self.now()
        if self.rate_limit is not None and sum(now - c.at < 1 for c in self.calls if c.code != 1302) >= self.rate_limit:
            raise Refusal(429, 1302, "too many requests")
        data: object
        match operation:
            case "create":
                data = self._create(body)
            case "get":
                data = self._task(named).shown(now, self.deleted_voices)
            case "list":
                number, size = page_of(query)
                rows = self.listing([t for t in self.tasks if t.listed(self.deleted_voices)], number)
                data = [t.shown(now, self.deleted_voices) for t in rows[(number - 1) * size : number * size]]
            case "presets":
                number, size = page_of(query)
                data = [preset(*p) for p in list(self.presets.items())[(number - 1) * size : number * size]]
            case _:
                data = self._delete(body)
        response = {"code": 0, "message": "SUCCEED", "request_id": str(uuid.uuid4()), "data": data}
        if data is None:
            del response["data"]
        return JsonAnswer(200, response)

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        name, key = body.get("voice_name"), body.get("external_task_id") or None
        if not isinstance(name, str) or not 1 <= len(name) <= 20:
            raise Refusal(400, 1201, "voice_name should be 1 to 20 characters")
        if not body.get("voice_url") and not body.get("video_id"):
            raise Refusal(400, 1201, "voice_url or video_id is needed")
        if name in self.refused:
            raise Refusal(400, 1201, self.refused[name])
        if key is not None and any(t.external_task_id == key for t in self.tasks):
            raise Refusal(400, 1201, f"External_task_id {key} already exists")
        running = sum(t.status(self.now()) in ("submitted", "processing") for t in self.tasks)
        if self.in_flight_cap is not None and running >= self.in_flight_cap:
            raise Refusal(429, 1303, "parallel task over resource pack limit")
        task = self._begin(name, key, seconds=self.task_seconds)
        response = task.shown(task.born, self.deleted_voices)
        return {k: response[k] for k in ("task_id", "task_info", "created_at", "updated_at")} | {
            "task_status": "submitted"
        }

    def _begin(self, name: str, key: str | None, *, seconds: float) -> Task:
        self._ids += 1
        task_id, voice_id = str(930801301486305328 + self._ids), str(850087542757535834 + self._ids)
        failure = self.failing.get(name)
        task = Task(task_id, voice_id, name, key, self.now(), seconds, failure=failure, owned_by=self.owner)
        self.tasks.append(task)
        return task

    def _task(self, named: str) -> Task:
        for task in self.tasks:
            if named in (task.task_id, task.external_task_id) and task.listed(self.deleted_voices):
                return task
        raise Refusal(400, 1201, f"Task not found by id/external id: {named}")

    def _delete(self, body: dict[str, Any]) -> dict[str, Any] | None:
        voice_id = body.get("voice_id")
        if voice_id in self.presets:
            raise Refusal(400, 1201, "only custom voices can be deleted")
        task = next((t for t in self.tasks if t.voice_id == voice_id and t.status(self.now()) == "succeed"), None)
        if task is None:
            raise Refusal(400, 1201, f"Voice not found for id: {voice_id}")
        if task.deleted:
            raise Refusal(400, 1201, f"Voice already be deleted for id: {voice_id}")
        task.deleted = True
        return task.shown(self.now(), Deleted.STAYS) if self.delete_tells else None

    def _spoil(self, operation: str, answer: JsonAnswer) -> JsonAnswer | HtmlAnswer:
        for how in Spoil:
            if self._spoiled[operation, how] > 0:
                self._spoiled[operation, how] -= 1
                match how:
                    case Spoil.REPLY_LOST:
                        raise Hangup
                    case Spoil.SERVER_ERROR:
                        return JsonAnswer(500, {"code": 5000, "message": "internal error", "request_id": "r"})
                    case Spoil.TIMEOUT:
                        return JsonAnswer(504, {"code": 5002, "message": "internal timeout", "request_id": "r"})
                    case Spoil.GARBAGE:
                        return HtmlAnswer(200, "<html><body>Please sign in</body></html>")
        return answer


def without_owners(answer: JsonAnswer) -> JsonAnswer:
    rows = answer.body.get("data")
    for row in rows if isinstance(rows, list) else [rows]:
        for voice in (row or {}).get("task_result", {}).get("voices", ()):
            del voice["owned_by"]
    return answer
