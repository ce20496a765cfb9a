"""VOD's list of tasks, quick at 10,000 clones: rows are written out once. It answers DescribeTasks and nothing else."""

from __future__ import annotations

import json
from collections.abc import Sequence

from tests.benchmarks.cloud_process import MadeVoice, Request
from tests.support.tencent_tasks import Task

ACTION = "CreateAigcAudioClone"


class VodCloud:
    """One application, all of whose tasks have ended."""

    def __init__(self) -> None:
        self._rows: list[bytes] = []  # newest first, as voicectl asks for them

    @property
    def count(self) -> int:
        return len(self._rows)

    def add(self, voices: Sequence[MadeVoice]) -> None:
        tasks = [Task(v.task_id, ACTION, {"SessionId": v.external_task_id}, v.born, 0.0) for v in voices]
        tasks.sort(key=lambda task: task.born, reverse=True)
        self._rows = [json.dumps(task.simple(task.born)).encode() for task in tasks] + self._rows

    def answer(self, request: Request) -> tuple[int, bytes]:
        if request.headers.get("x-tc-action") != "DescribeTasks":
            error = {"Code": "InvalidAction", "Message": "It is not simulated here."}
            return 200, json.dumps({"Response": {"Error": error, "RequestId": "r"}}).encode()
        body = json.loads(request.body)
        start = int(body.get("ScrollToken") or 0)
        end = start + int(body.get("Limit", 10))
        token = str(end) if end < len(self._rows) else ""
        rows = b",".join(self._rows[start:end])
        return 200, b'{"Response":{"TaskSet":[%s],"ScrollToken":"%s","RequestId":"r"}}' % (rows, token.encode())
