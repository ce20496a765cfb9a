"""The id and the record of a lock, as Terraform's protocol sends them. It asks no server.

The id carries all that another run must know, since GitLab keeps nothing else of a holder: its answer to a second run
repeats that run's own Operation, Info, Version and Path.

    <lock_id>.<nonce>~<who>~<host>:<pid>:<started>:<boot>~<operation>~<since>~<limit>~<job>

`boot` is a digest, `since` is in seconds since 1970, `limit` in seconds. Names are percent-encoded and cut.
"""

from __future__ import annotations

import json
from datetime import UTC, datetime
from hashlib import sha256
from urllib.parse import quote, unquote

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reconciler import processes
from reconciler.protocols.backend import LockInfo
from reconciler.values import value

LONGEST_ID = 255  # characters (GitLab, lib/api/terraform/state.rb)
_LONGEST_WHO, _LONGEST_HOST, _LONGEST_OPERATION = 56, 48, 16
_SAFE = "@/.-_+?=&"
_SAFE_IN_URL = f"{_SAFE}:"
_UNKNOWN = datetime(1970, 1, 1, tzinfo=UTC)


class _Record(BaseModel):
    """A holder's record in an answer. Servers leave keys out, and add their own."""

    model_config = ConfigDict(defer_build=True)

    id: str = Field(alias="ID", min_length=1)
    operation: str = Field(alias="Operation", default="")
    info: str = Field(alias="Info", default="")
    who: str = Field(alias="Who", default="")
    created: str = Field(alias="Created", default="")


@value
class Holding:
    """A lock in the server's words: its whole id, what it says of its holder, and how old it is.

    `limit`: seconds that its run may last at most. `created`: by the clock of whoever wrote the record; GitLab does.
    Both are None if unknown.
    """

    id: str
    info: LockInfo
    limit: float | None = None
    created: datetime | None = None


def new_id(info: LockInfo, limit: float, nonce: str) -> str:
    """The id of a lock; at most LONGEST_ID characters. The job's URL is cut first."""
    boot = _digest(info.boot)
    parts = [
        f"{_word(info.lock_id, 36)}.{nonce}",
        _word(info.who, _LONGEST_WHO),
        f"{_word(info.host, _LONGEST_HOST)}:{info.pid}:{info.started}:{boot}",
        _word(info.operation, _LONGEST_OPERATION),
        f"{info.since.timestamp():.0f}",
        f"{limit:.0f}",
    ]
    begin = "~".join(parts) + "~"
    return begin + _word(info.job, LONGEST_ID - len(begin), _SAFE_IN_URL)


def record(lock_id: str, info: LockInfo, version: str) -> bytes:
    """The body of LOCK and UNLOCK. GitLab wants all seven keys."""
    fields = {
        "ID": lock_id,
        "Operation": info.operation,
        "Info": info.model_dump_json(),
        "Who": info.who,
        "Version": version,
        "Created": f"{info.since.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%fZ}",
        "Path": "",
    }
    return json.dumps(fields, separators=(",", ":")).encode()


def parse(body: bytes) -> Holding | None:
    """The holder in the answer to a LOCK; None if the answer has no record."""
    try:
        found = _Record.model_validate_json(body)
    except ValidationError:
        return None
    return _of_voicectl(found) or Holding(found.id, _of_another_program(found), created=_time(found.created))


def _of_voicectl(found: _Record) -> Holding | None:
    try:
        first, who, place, operation, since, limit, job = found.id.split("~")
        lock_id, _, nonce = first.rpartition(".")
        host, pid, started, boot = place.split(":")
        info = LockInfo(
            lock_id=unquote(lock_id),
            who=unquote(who),
            host=unquote(host),
            pid=int(pid),
            started=int(started),
            boot=processes.boot() if boot and boot == _digest(processes.boot()) else "",
            operation=unquote(operation),
            since=datetime.fromtimestamp(int(since), UTC),
            job=unquote(job),
        )
        allowed = float(int(limit))
    except (ValueError, OverflowError, OSError):
        return None
    if not (lock_id and nonce):
        return None
    return Holding(found.id, _full(found, info), allowed, _time(found.created))


def _full(found: _Record, info: LockInfo) -> LockInfo:
    """The uncut values of Info, if they are the holder's: GitLab repeats the asker's."""
    try:
        own = LockInfo.model_validate_json(found.info)
    except ValidationError:
        return info
    return own if (own.lock_id, own.pid, own.started) == (info.lock_id, info.pid, info.started) else info


def _of_another_program(found: _Record) -> LockInfo:
    return LockInfo(
        lock_id=found.id,
        who=found.who or "another program",
        pid=0,
        host="",
        operation=found.operation.removeprefix("OperationType").lower() or "an operation",
        since=_time(found.created) or _UNKNOWN,
    )


def _time(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text.strip().replace(" UTC", "+00:00"))
    except ValueError:
        return None
    return when if when.tzinfo is not None else None


def _digest(boot: str) -> str:
    return sha256(boot.encode()).hexdigest()[:12] if boot else ""


def _word(text: str, longest: int, safe: str = _SAFE) -> str:
    """The text for one part of an id, at most so long. A character that is encoded is not cut in half."""
    kept, size = [], 0
    for character in text:
        encoded = quote(character, safe=safe, errors="replace").replace("~", "%7E")
        size += len(encoded)
        if size > longest:
            break
        kept.append(encoded)
    return "".join(kept)
