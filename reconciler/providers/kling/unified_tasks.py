"""Kling's newer `GET /tasks`, the only call that says explicitly that a voice was deleted.

Used only for `drift --probe`: it needs an API key and returns at most twenty tasks a call. A voice is Unknown unless
the answer says explicitly that it exists or was deleted.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from pydantic import BaseModel, ConfigDict

from reconciler.errors import CloudError
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record
from reconciler.providers.kling.schema import Envelope, Id

TASKS = "/tasks"
TASKS_PER_CALL = 20  # Kling, GET /tasks, task_ids: 21 are refused

_NO_TASK = Unknown(why="no task of Kling shows how it was made")
_NOT_REPORTED = Unknown(why="Kling's /tasks does not show its voice")


class _Lenient(BaseModel):
    model_config = ConfigDict(extra="ignore", defer_build=True)


class _Output(_Lenient):
    id: Id | None = None
    type: object = None
    status: object = None


class _Task(_Lenient):
    id: Id
    outputs: list[_Output] | None = None


class UnifiedEnvelope(Envelope):
    """The answer to `GET /tasks`."""

    data: list[_Task] | None


def probed(records: Sequence[Record], ask: Callable[[str], UnifiedEnvelope]) -> Mapping[str, Observation]:
    """external_task_id -> the result. `ask` takes task_ids separated by commas. Raises systemic failures only."""
    observed: dict[str, Observation] = {r.external_task_id: _NO_TASK for r in records}
    askable = [r for r in records if r.task_id]
    for start in range(0, len(askable), TASKS_PER_CALL):
        some = askable[start : start + TASKS_PER_CALL]
        try:
            tasks = ask(",".join(str(r.task_id) for r in some)).data or []
        except CloudError as error:
            if error.systemic:
                raise
            observed |= {r.external_task_id: Unknown(why=error.detail) for r in some}
            continue
        by_id = {str(task.id): task for task in tasks}
        observed |= {r.external_task_id: _observation(r, by_id.get(str(r.task_id))) for r in some}
    return observed


def _observation(record: Record, task: _Task | None) -> Observation:
    outputs = (task.outputs if task is not None else None) or []
    for output in outputs:
        if output.type != "voice" or str(output.id) != record.voice_id:
            continue
        if output.status == "deleted":
            return Absent()
        if output.status in ("succeeded", "succeed"):
            name = record.voice_name
            return Found(remote=RemoteVoice(status=TaskStatus.READY, voice_id=record.voice_id, voice_name=name))
    return _NOT_REPORTED
