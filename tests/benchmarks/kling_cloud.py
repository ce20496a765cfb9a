"""Kling's API for voices, quick at 100,000 voices: look-ups by keys, and rows that are written out once."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qsl, unquote, urlsplit

from tests.benchmarks.cloud_process import MadeVoice, Request
from tests.support.kling_rules import Deleted, Refusal, Task, page_of

OWNER = "10020030"
_VOICES = "/v1/general/custom-voices"


class KlingCloud:
    """One account. `task_seconds`: how long each creation takes."""

    def __init__(self, *, task_seconds: float = 0.0) -> None:
        self._task_seconds = task_seconds
        self._tasks: list[Task] = []
        self._rows: list[bytes | None] = []  # the JSON of each task that has ended
        self._by_id: dict[str, int] = {}  # task_id or external_task_id -> index of the task

    @property
    def count(self) -> int:
        return len(self._tasks)

    def add(self, voices: Sequence[MadeVoice]) -> None:
        for voice in voices:
            key = voice.external_task_id
            self._add(Task(voice.task_id, voice.voice_id, voice.voice_name, key, voice.born, 0.0, owned_by=OWNER))

    def answer(self, request: Request) -> tuple[int, bytes]:
        url = urlsplit(request.target)
        try:
            return 200, b'{"code":0,"message":"SUCCEED","request_id":"r","data":%s}' % self._result(
                request.method, url.path, dict(parse_qsl(url.query)), request.body
            )
        except Refusal as refused:
            error = {"code": refused.code, "message": refused.message, "request_id": "r"}
            return refused.status, json.dumps(error).encode()

    def _result(self, method: str, path: str, query: dict[str, str], body: bytes) -> bytes:
        match method, path.removeprefix(_VOICES).strip("/"):
            case "POST", "":
                return self._create(json.loads(body))
            case "GET", "":
                number, size = page_of(query)
                rows = range((number - 1) * size, min(number * size, len(self._tasks)))
                return b"[%s]" % b",".join(map(self._row, rows))
            case "GET", named if unquote(named) in self._by_id:
                return self._row(self._by_id[unquote(named)])
            case _:
                raise Refusal(404, 1202, f"{method} {path} is not simulated here")

    def _create(self, body: dict[str, Any]) -> bytes:
        number, key = len(self._tasks), body.get("external_task_id")
        if key in self._by_id:
            raise Refusal(400, 1201, f"External_task_id {key} already exists")
        task = Task(*ids(number), body["voice_name"], key, time.time(), self._task_seconds, owned_by=OWNER)
        self._add(task)
        return json.dumps(task.shown(task.born, Deleted.STAYS) | {"task_status": "submitted"}).encode()

    def _add(self, task: Task) -> None:
        names = [task.task_id] if task.external_task_id is None else [task.task_id, task.external_task_id]
        self._by_id |= dict.fromkeys(names, len(self._tasks))
        self._tasks.append(task)
        self._rows.append(None)

    def _row(self, index: int) -> bytes:
        written = self._rows[index]
        if written is not None:
            return written
        task, now = self._tasks[index], time.time()
        row = json.dumps(task.shown(now, Deleted.STAYS)).encode()
        if task.status(now) == "succeed":
            self._rows[index] = row
        return row


def ids(number: int) -> tuple[str, str]:
    """The task_id and the voice_id of the creation with this number."""
    return str(930801301486305328 + number), str(850087542757535834 + number)
