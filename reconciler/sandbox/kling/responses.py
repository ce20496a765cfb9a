"""Builds Kling's answers: envelope, errors, tasks, official voices. It makes no decisions.

Source: Kling's pages Voice Management and Error Codes. Where they say nothing: answers of the real API.
"""

from __future__ import annotations

import json
from typing import Any

from reconciler.sandbox.faults import DeletedVoice
from reconciler.sandbox.http import Response
from reconciler.sandbox.task import Stage, Task, owner_of

Json = dict[str, Any]
Result = Json | list[Json]

_STATUS = {
    Stage.SUBMITTED: "submitted",
    Stage.PROCESSING: "processing",
    Stage.READY: "succeed",  # not "succeeded"
    Stage.FAILED: "failed",
}
_PRICE = "0.05"  # units for each create, Kling's price list
_TRIAL_SECONDS = 3600  # the trial URL is signed for every answer, so it changes while the voice does not
_PRESETS_AT = 1_767_225_600_000  # 2026-01-01
_NAMES = ("Owen", "Ada", "Bruno", "Clara", "Dario", "Edith", "Felix", "Greta", "Hugo", "Iris", "Jonas", "Kira")
PRESETS = {str(829_000_000_000_000_001 + 1_000_003 * n): name for n, name in enumerate(_NAMES)}  # voice_id -> name


class Refusal(Exception):
    """An error answer of Kling. Nothing was done."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


def succeeded(result: Result, request_id: str) -> Response:
    """A success."""
    body = {"code": 0, "message": "SUCCEED", "request_id": request_id, "data": result}
    return Response(200, _json_bytes(body), code="0")


def refused(refusal: Refusal, request_id: str) -> Response:
    """An error, without `data`."""
    body = {"code": refusal.code, "message": refusal.message, "request_id": request_id}
    return Response(refusal.status, _json_bytes(body), code=str(refusal.code))


def accepted(creation: Task) -> Json:
    """The answer to a create call. It has no result and no status message."""
    return {
        "task_id": creation.task_id,
        "task_info": _task_info(creation),
        "task_status": "submitted",
        "created_at": creation.created_at,
        "updated_at": creation.created_at,
    }


def task(creation: Task, now: int, deleted: DeletedVoice) -> Json:
    """A task in look-ups and lists. It has a result and a price once it has succeeded."""
    stage = creation.stage(now)
    fields: Json = {
        "task_id": creation.task_id,
        "task_status": _STATUS[stage],
        "task_status_msg": (creation.failure or "") if stage is Stage.FAILED else "",
        "task_info": _task_info(creation),
    }
    if stage is Stage.READY:
        fields["task_result"] = {"voices": _voices(creation, now, deleted)}
        fields["final_unit_deduction"] = _PRICE
        fields["final_balance_deduction"] = {"quota": "0", "list_price": "0"}  # a resource pack paid
    return fields | {"created_at": creation.created_at, "updated_at": creation.changed_at(now)}


def preset(voice_id: str, voice_name: str, now: int) -> Json:
    """An official voice. It is a task of its own, without `task_info` and price."""
    return {
        "task_id": str(int(voice_id) - 1),
        "task_status": "succeed",
        "task_status_msg": "",
        "created_at": _PRESETS_AT,
        "updated_at": _PRESETS_AT,
        "task_result": {"voices": [_voice(voice_id, voice_name, owner="kling", now=now)]},
    }


def _voices(creation: Task, now: int, deleted: DeletedVoice) -> list[Json]:
    voice = _voice(creation.voice_id, creation.voice_name, owner=owner_of(creation.account), now=now)
    if creation.deleted_at is None:
        return [voice]
    match deleted:
        case DeletedVoice.VANISHES | DeletedVoice.STAYS:
            return [voice]
        case DeletedVoice.STAYS_EMPTY:
            return []
        case DeletedVoice.STAYS_MARKED:
            return [voice | {"status": "deleted"}]


def _voice(voice_id: str, voice_name: str, *, owner: str, now: int) -> Json:
    trial_url = f"https://trial.sandbox.invalid/{voice_id}.mp3?Expires={now // 1000 + _TRIAL_SECONDS}"
    return {"voice_id": voice_id, "voice_name": voice_name, "trial_url": trial_url, "owned_by": owner}


def _task_info(creation: Task) -> Json:
    return {} if creation.key is None else {"external_task_id": creation.key}


def _json_bytes(body: Json) -> bytes:
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode()
