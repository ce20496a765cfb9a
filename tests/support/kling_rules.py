"""The rules of Kling's API for voices, from the vendor's documents and from recorded calls: no HTTP, no sockets.

Independent of the adapter: nothing here imports the package. Where the vendor's behaviour is not known, there is
a switch on `KlingService`.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any


class Deleted(StrEnum):
    """How the task of a deleted voice looks afterwards. The vendor does not document it."""

    VANISHES = "vanishes"
    STAYS = "stays as succeed"
    EMPTIED = "stays with voices: []"
    FLAGGED = "its voice carries status deleted"


class Refusal(Exception):
    """An error from the vendor's table of errors."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message


@dataclass
class Task:
    """A creation task: it ends `seconds` after `born`, with a voice, or with the message `failure`."""

    task_id: str
    voice_id: str
    name: str
    external_task_id: str | None
    born: float
    seconds: float
    failure: str | None = None
    deleted: bool = False
    owned_by: str = "10020030"
    trials_at: str = "https://cdn.klingai.com"

    def status(self, now: float) -> str:
        if now - self.born < self.seconds / 2:
            return "submitted"
        if now - self.born < self.seconds:
            return "processing"
        return "failed" if self.failure is not None else "succeed"

    def shown(self, now: float, deleted_voices: Deleted) -> dict[str, Any]:
        """The task as get and list return it."""
        status = self.status(now)
        response: dict[str, Any] = {
            "task_id": self.task_id,
            "task_status": status,
            "task_status_msg": self.failure or "" if status == "failed" else "",
            "task_info": {"external_task_id": self.external_task_id or ""},
            "created_at": int(self.born * 1000),
            "updated_at": int(min(now, self.born + self.seconds) * 1000),
        }
        if status == "succeed":
            voice = {
                "voice_id": self.voice_id,
                "voice_name": self.name,
                "trial_url": f"{self.trials_at}/{self.voice_id}.mp3?signature=trial",
                "owned_by": self.owned_by,
            }
            if self.deleted and deleted_voices is Deleted.FLAGGED:
                voice["status"] = "deleted"
            hidden = self.deleted and deleted_voices is Deleted.EMPTIED
            response["task_result"] = {"voices": [] if hidden else [voice]}
            response["final_unit_deduction"] = "0.05"
        return response

    def listed(self, deleted_voices: Deleted) -> bool:
        return not (self.deleted and deleted_voices is Deleted.VANISHES)


# Makes a list wrong: all tasks and the requested page number -> the tasks from which this page is cut.
Listing = Callable[[list[Task], int], list[Task]]


def in_order(tasks: list[Task], page: int) -> list[Task]:
    return tasks


def newest_first(tasks: list[Task], page: int) -> list[Task]:
    return tasks[::-1]


def empty(tasks: list[Task], page: int) -> list[Task]:
    return []


def hiding(*names: str) -> Listing:
    """Omits the voices with these names or external_task_ids."""
    return lambda tasks, page: [t for t in tasks if t.name not in names and t.external_task_id not in names]


def short(by: int) -> Listing:
    """Omits the last ones."""
    return lambda tasks, page: tasks[: max(0, len(tasks) - by)]


def shifted(by: int) -> Listing:
    """Removes rows at the front between two pages, so that each further page skips some."""
    return lambda tasks, page: tasks[by * (page - 1) :] if page > 1 else tasks


def shuffled(seed: int) -> Listing:
    """Returns another order for each call."""
    chance = random.Random(seed)
    return lambda tasks, page: chance.sample(tasks, len(tasks))


def check_key(header: str, *, api_key: str, access_key: str, secret_key: str, now: float) -> None:
    """The Authorization header: a static API key, or a token of HS256 with iss, exp and nbf."""
    if not header:
        raise Refusal(401, 1001, "Authorization is empty")
    scheme, _, token = header.partition(" ")
    if scheme != "Bearer":
        raise Refusal(401, 1002, "Authorization is invalid")
    if token == api_key:
        return
    parts = token.split(".")
    if len(parts) != 3:
        raise Refusal(401, 1002, f"The token was expected to have 3 parts, but got {len(parts) - 1}")
    signed = hmac.new(secret_key.encode(), f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256).digest()
    if not hmac.compare_digest(base64.urlsafe_b64encode(signed).rstrip(b"=").decode(), parts[2]):
        raise Refusal(401, 1002, "Authorization is invalid")
    head, claims = (json.loads(base64.urlsafe_b64decode(p + "=" * (-len(p) % 4))) for p in parts[:2])
    if head != {"alg": "HS256", "typ": "JWT"} or claims.get("iss") != access_key:
        raise Refusal(401, 1002, "Authorization is invalid")
    if not isinstance(claims.get("exp"), int) or not isinstance(claims.get("nbf"), int):
        raise Refusal(401, 1000, "Authentication failed")
    if now < claims["nbf"]:
        raise Refusal(401, 1003, "Authorization is not yet valid")
    if now >= claims["exp"]:
        raise Refusal(401, 1004, "Authorization has expired")


def page_of(query: dict[str, str]) -> tuple[int, int]:
    """Reads pageNum and pageSize, each 1 to 1000; 1 and 30 by default."""
    numbers: list[int] = []
    for name, default in (("pageNum", "1"), ("pageSize", "30")):
        text = query.get(name, default)
        if not text.isdecimal() or not 1 <= int(text) <= 1000:
            raise Refusal(400, 1201, f"{name} should be in [1, 1000]")
        numbers.append(int(text))
    return numbers[0], numbers[1]


def preset(voice_id: str, name: str) -> dict[str, Any]:
    """The task of an official voice, without task_info."""
    voice = {
        "voice_id": voice_id,
        "voice_name": name,
        "trial_url": "https://cdn.klingai.com/p.mp3",
        "owned_by": "kling",
    }
    return {
        "task_id": f"9{voice_id[1:]}",
        "task_status": "succeed",
        "task_status_msg": "",
        "task_result": {"voices": [voice]},
        "created_at": 1722769557708,
        "updated_at": 1722769557708,
    }


def read_json(headers: Mapping[str, str], content: bytes) -> dict[str, Any]:
    if headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise Refusal(400, 1200, "Content-Type should be application/json")
    try:
        body = json.loads(content)
    except ValueError:
        raise Refusal(400, 1200, "the body is not JSON") from None
    if not isinstance(body, dict):
        raise Refusal(400, 1200, "the body should be an object")
    return body
