"""The lock of a state on an HTTP server: takes it, releases it, breaks it, and asks whether it is still ours.

Every answer but a plain success is settled by the same LOCK again: the server then names the holder, which may be us.
Nothing here goes by age, except on GitLab, whose records carry the server's own time.
"""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Callable
from datetime import datetime
from types import TracebackType

from reconciler import __version__, processes, waits
from reconciler.backends.http_state import lock_record
from reconciler.backends.http_state.address import Address, with_lock_id
from reconciler.backends.http_state.lock_record import Holding
from reconciler.backends.http_state.requests import Answer, Connection, failed, tries
from reconciler.backends.lease import RELEASE_TIME
from reconciler.backends.unlocking import check_breakable, not_locked
from reconciler.errors import StateLocked
from reconciler.hints import Way, way
from reconciler.protocols.backend import Held, LockInfo, locked_by
from reconciler.protocols.clock import Clock
from reconciler.values import value

_GRACE = 300.0  # seconds after the limit of a run, before another run takes its lock over (GitLab only)
LOCKED = (409, 423)  # the answers of a locked state
_FORBIDDEN = (401, 403)
_ASKING = "unlock"  # the operation of `break_`, which takes the lock for a moment to see whether it is free
_REFUSALS = 3  # of an UNLOCK, before "another run has the lock" is believed
_NAMELESS = 4  # answers without a record, before "another run has it" is believed


@value
class Lock:
    """A lock that this run took: its whole id, its `name` for `unlock`, and the record that LOCK and UNLOCK send."""

    id: str
    name: str
    record: bytes


class _Attempt:
    """Whether a LOCK may have had its effect: one was interrupted, or its outcome is unclear."""

    def __init__(self) -> None:
        self.perhaps_ours = False

    def __enter__(self) -> None:
        self._before, self.perhaps_ours = self.perhaps_ours, True

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if error is None:
            self.perhaps_ours = self._before


class Locks:
    """The lock of one state. `limit`: seconds that a run may last at most."""

    def __init__(self, address: Address, connection: Connection, clock: Clock, limit: float) -> None:
        self._address = address
        self._connection = connection
        self._clock = clock
        self._limit = limit
        self.notes: tuple[Way, ...] = ()  # locks that may still be there, although this run released them

    def take(self, info: LockInfo) -> Lock:
        """Takes the lock. Raises StateLocked, and StateError if the server does not say who has it."""
        lock, attempt = self._lock_for(info), _Attempt()
        try:
            self._settle(lock, attempt)
        except BaseException:
            if attempt.perhaps_ours:
                self.release(lock)
            raise
        return lock

    def release(self, lock: Lock, *, first: Callable[[], None] = lambda: None) -> None:
        """Releases the lock if it is still ours, after `first`, in at most `RELEASE_TIME`. A failure is a note."""

        def released() -> str:
            first()
            return self._released(lock)

        try:
            failure = waits.in_thread(released, RELEASE_TIME)
        except TimeoutError:
            failure = "the server did not answer in time"
        except BaseException:
            self._note(lock, "this run was interrupted")
            raise
        if failure:
            self._note(lock, failure)

    def other_holder(self, lock: Lock) -> LockInfo | None:
        """The run that has the lock instead of us; None if it is ours. Takes it again if no run has it.

        Raises StateError if the server does not say.
        """
        answer, nameless = Answer(0), 0
        for _ in tries(self._clock):
            answer = self._send(lock)
            if answer.ok:
                return None
            if answer.status in LOCKED:
                other = lock_record.parse(answer.body)
                if other is not None and other.id == lock.id:
                    return None
                if other is not None and other.info.operation == _ASKING:
                    continue  # it only looks who has the lock, and releases it at once
                if other is not None:
                    return other.info
                nameless += 1
                if nameless == _NAMELESS:
                    return None  # such a server never says
            elif answer.final:
                break
        raise failed(f"{self._address.where} does not say whose lock it has", answer)

    def break_(self, lock_id: str) -> LockInfo:
        """Removes the lock with this id. Raises StateError, as the contract says."""
        asking = self._lock_for(_asker(self._clock.now()))
        answer = Answer(0)
        broken: Holding | None = None
        for _ in tries(self._clock):
            answer = self._send(asking)
            other = lock_record.parse(answer.body) if answer.status in LOCKED else None
            if answer.ok or (other is not None and other.id == asking.id):
                self.release(asking)
                if broken is not None:
                    return broken.info
                raise not_locked()
            if other is None:
                if answer.final and answer.status not in LOCKED:
                    break
                continue
            if broken is not None and other.id != broken.id:
                return broken.info  # the next run was faster
            _check_breakable(other, lock_id)
            broken = other
            answer = self._send_unlock(other.id, self._record_of(other))
            if answer.ok:
                return other.info
        raise failed(f"The lock of {self._address.where} could not be removed", answer)

    def _released(self, lock: Lock) -> str:
        """Why the lock may still be there; empty if it is not, or if another run has it."""
        answer, perhaps_released = Answer(0), False
        for number in tries(self._clock, longest=RELEASE_TIME - 1):  # one second for the last answer
            answer = self._send_unlock(lock.id, lock.record)
            refused = answer.status in LOCKED and number + 1 < _REFUSALS  # a false answer would leave the lock for ever
            if answer.ok:
                return ""
            if answer.final and not refused:
                if perhaps_released and answer.status not in _FORBIDDEN:
                    return ""
                return "" if answer.status in LOCKED and self._is_free_of(lock, answer) else answer.words
            perhaps_released = perhaps_released or not answer.final
        return answer.words

    def _is_free_of(self, lock: Lock, refusal: Answer) -> bool:
        """Whether no run or another one has the lock. A refusal without a record is settled by the same LOCK again."""
        other = lock_record.parse(refusal.body)
        if other is None:
            answer = self._send(lock)
            if answer.ok:  # no run had it
                return self._send_unlock(lock.id, lock.record).ok
            other = lock_record.parse(answer.body) if answer.status in LOCKED else None
        return other is not None and other.id != lock.id

    def _note(self, lock: Lock, why: str) -> None:
        self.notes += (
            way(
                f"The lock of this run may still be at {self._address.where}: {why}. The next run on this machine "
                "takes it over. Before one on another machine, remove it",
                "unlock",
                lock.name,
            ),
        )

    def _settle(self, lock: Lock, attempt: _Attempt) -> None:
        answer, nameless = Answer(0), 0
        for _ in tries(self._clock):
            with attempt:
                answer = self._send(lock)
            other = lock_record.parse(answer.body) if answer.status in LOCKED else None
            if answer.ok or (other is not None and other.id == lock.id):
                return
            if other is not None:
                attempt.perhaps_ours = False
                self._take_over(other, answer.date)
            elif answer.status in LOCKED:
                nameless += 1
                if nameless == _NAMELESS:
                    break
            elif answer.final:
                break
            else:
                attempt.perhaps_ours = True
        if answer.status in LOCKED and nameless:
            raise StateLocked(
                "Another run holds the lock. The server does not say which one.", "Wait for it, and try again."
            )
        raise failed(f"The lock of {self._address.where} could not be taken", answer)

    def _lock_for(self, info: LockInfo) -> Lock:
        lock_id = lock_record.new_id(info, self._limit, secrets.token_hex(4))
        return Lock(lock_id, info.lock_id, lock_record.record(lock_id, info, __version__))

    def _send(self, lock: Lock) -> Answer:
        return self._connection.send(self._address.lock_method, self._address.lock, lock.record)

    def _send_unlock(self, lock_id: str, record: bytes) -> Answer:
        at = self._address
        return self._connection.send(at.unlock_method, with_lock_id(at.unlock, lock_id), record)

    def _record_of(self, holding: Holding) -> bytes:
        return lock_record.record(holding.id, holding.info, __version__)

    def _take_over(self, other: Holding, now: datetime | None) -> None:
        """Releases the lock of a run that is over. Raises StateLocked if it may still work."""
        info = other.info
        left = self._left(other, now)
        dead = processes.alive(info.host, info.boot, info.pid, info.started) is False
        if not dead and (left is None or left > 0):
            raise locked_by(Held(info, None, left, stays=left is None))
        self._send_unlock(other.id, self._record_of(other))

    def _left(self, other: Holding, now: datetime | None) -> float | None:
        """Seconds until the lock may be taken over, both times by the server's clock; None: never by time."""
        if not self._address.gitlab or other.limit is None or other.created is None or now is None:
            return None
        return other.limit + _GRACE - (now - other.created).total_seconds()


def _check_breakable(other: Holding, lock_id: str) -> None:
    check_breakable(other.info, other.info.lock_id if lock_id == other.id else lock_id)


def _asker(now: datetime) -> LockInfo:
    """The record of the lock that is held for a moment, to see whether there is another."""
    try:
        user = getpass.getuser()
    except (ImportError, KeyError, OSError):
        user = "unknown"
    host, pid = socket.gethostname(), os.getpid()
    return LockInfo(
        lock_id=secrets.token_hex(4),
        who=f"{user}@{host}",
        pid=pid,
        host=host,
        operation=_ASKING,
        since=now,
        boot=processes.boot(),
        started=processes.started(pid),
    )
