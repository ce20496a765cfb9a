"""Why a change was refused, from what the database holds now. Decides on values; asks nothing."""

from __future__ import annotations

from datetime import UTC, datetime

from pydantic import ValidationError

from reconciler import processes
from reconciler.backends.postgres.statements import LookRow
from reconciler.errors import Fenced, StateConflict, StateDamaged
from reconciler.hints import hint, way
from reconciler.protocols.backend import LockInfo, fenced_by
from reconciler.values import value


@value
class Version:
    """A place in the history of a state: how many changes were made, and the nonce of the last one."""

    head: int = 0
    nonce: str = ""

    def __str__(self) -> str:
        return f"{self.head}:{self.nonce}"


_NEVER = Version(-1, "")


def version_of(expected: str | None) -> Version:
    """The version in the text that a backend returned; for None the one before the first change."""
    if expected is None:
        return Version()
    head, _, nonce = expected.partition(":")
    return Version(int(head), nonce) if head.isdecimal() and nonce else _NEVER  # the version of another backend


@value
class Holding:
    """The lock as this run took it."""

    fence: int
    nonce: str


def holder_of(row: LookRow) -> LockInfo | None:
    """The holder of the lock; None if it is free."""
    if row.lock_id is None:
        return None
    try:
        return LockInfo.model_validate_json(row.lock_info or "")
    except ValidationError:
        since = datetime.fromtimestamp(row.beat_at or 0, UTC)
        return LockInfo(
            lock_id=row.lock_id, who="a run of another voicectl", pid=0, host="", operation="a command", since=since
        )


def is_alive(info: LockInfo) -> bool | None:
    """Whether the holder is alive on this machine; None if that is not known."""
    return processes.alive(info.host, info.boot, info.pid, info.started)


def taken_over(where: str, row: LookRow, holding: Holding) -> Fenced | None:
    """The error for a run whose lock is not its own any more; None if it still is."""
    if (row.fence, row.lock_nonce) == (holding.fence, holding.nonce):
        return None
    info = holder_of(row)
    if row.fence < holding.fence:
        return Fenced(f"{where}: {_lost(f'its lock had the number {holding.fence}, and has {row.fence} now')}", _PULL)
    return fenced_by(where, info)


def conflict(where: str, row: LookRow, expected: Version) -> StateConflict:
    """The error for a change of a version that is not there any more."""
    if row.head < expected.head:
        lost = _lost(f"this run knew of {expected.head} changes, and {row.head} are there")
        return StateConflict(f"{where}: {lost}", _PULL)
    what = "made" if expected.head == 0 else "changed"
    return StateConflict(f"{where} was {what} by another run since this run read it.", _PULL)


_PULL = hint(way("See what is there", "state pull", after=", then run the command again."))


def _lost(how: str) -> str:
    return (
        f"the server has lost changes: {how}. That happens when a standby takes over that had not received them, or "
        "when a backup is restored. Voices that the state does not know are found by their keys at the next plan."
    )


_RESTORE = hint(
    way("See which snapshots are kept", "state history"),
    way("Write one of them, or a rescue copy, over it", "state push --force FILE"),
)


def gap(where: str, there: int, wanted: int) -> StateDamaged:
    """The error for a state of which appends are missing."""
    return StateDamaged(f"{where}: of the {wanted} appends since its last snapshot {there} are there.", _RESTORE)


def unreadable(where: str) -> StateDamaged:
    """The error for a state whose snapshot is missing, or can't be decompressed."""
    return StateDamaged(f"{where}: its snapshot is gone, or damaged.", _RESTORE)
