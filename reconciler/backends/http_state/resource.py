"""The state's own address on an HTTP server: reads the body there, and replaces it.

After any answer but a plain success the body is read back. It is ours then, or unchanged (the same request is sent
again), or another program's (StateConflict).
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from reconciler.backends.http_state.address import Address, with_lock_id
from reconciler.backends.http_state.body import Stored, unpack
from reconciler.backends.http_state.locks import LOCKED
from reconciler.backends.http_state.requests import Answer, Connection, failed, tries
from reconciler.errors import StateConflict, StateDamaged, StateError
from reconciler.hints import hint, way
from reconciler.protocols.backend import LockInfo, fenced_by, no_snapshot
from reconciler.protocols.clock import Clock
from reconciler.values import value

LEAST_GAP = 1.0  # seconds from the start of one write to the start of the next
_ABSENT = (204, 404)


@value
class Content:
    """What the server holds. `body` is None if there is no state; `date` is the server's time, if it sent it."""

    body: bytes | None
    date: datetime | None


class StateResource:
    """The address of one state."""

    def __init__(self, address: Address, connection: Connection, clock: Clock) -> None:
        self._address = address
        self._connection = connection
        self._clock = clock
        self._written_at = float("-inf")

    def get(self) -> Content:
        """What the server holds now. Raises StateError."""
        answer = self._connection.read(self._address.state)
        if answer.status in _ABSENT or (answer.ok and not answer.body):
            return Content(None, answer.date)
        if not answer.ok:
            raise failed(f"{self._address.where} could not be read", answer, reads=True)
        return Content(answer.body, answer.date)

    def stored(self) -> Stored | None:
        """The state that the server holds. Raises StateForeign, StateDamaged and StateError."""
        body = self.get().body
        return None if body is None else unpack(body, self._address.where)

    def old_version(self, serial: int) -> bytes:
        """The state that GitLab keeps under this serial. Raises StateError."""
        answer = self._connection.read(self._address.old_version(serial))
        if answer.status in _ABSENT:
            raise no_snapshot(serial)
        if not answer.ok:
            raise failed(f"The snapshot {serial} of {self._address.where} could not be read", answer, reads=True)
        return unpack(answer.body, self._address.where).data

    def replace(self, body: bytes, before: bytes | None, lock_id: str, holder: Callable[[], LockInfo | None]) -> bool:
        """Replaces `before` with `body`. Returns whether an earlier request of it may still be under way.

        `holder` tells which other run has our lock; it is asked if `lock_id` is not empty. Raises StateConflict, Fenced
        and StateError.
        """
        at = self._address
        url = with_lock_id(at.state, lock_id) if lock_id else at.state
        answer, unclear = Answer(0), False

        def saved() -> bool:
            found = self._read_back()
            if found == body:
                return True
            other = holder() if lock_id and _may_mean_lock(answer) else None
            if other is not None:
                raise fenced_by(at.where, other)
            if found != before:
                raise conflict(at.where)
            return False

        for number in tries(self._clock):
            self._wait()
            if number and saved():
                return unclear
            answer = self._connection.send(at.update_method, url, body)
            if answer.ok:
                return unclear
            unclear = unclear or not answer.final
            if answer.final and not (lock_id and answer.status in LOCKED):
                break
        if (unclear or answer.status != 401) and saved():  # after a 401, reading is refused too
            return unclear
        if at.gitlab and answer.status == 422:
            raise StateError(
                f"{at.where} could not be written: GitLab has had a state with this serial before.",
                hint(way("See what is there", "state pull", after=", then run the command again.")),
            )
        raise failed(f"{at.where} could not be written", answer)

    def _read_back(self) -> bytes | None:
        try:
            return self.get().body
        except StateDamaged:
            raise
        except StateError as error:
            raise StateError(
                f"It is not known whether {self._address.where} was written. {error.detail}", error.hint
            ) from None

    def _wait(self) -> None:
        """Waits until the next write may start."""
        wait = self._written_at + LEAST_GAP - self._clock.monotonic()
        if wait > 0:
            self._clock.sleep(wait)
        self._written_at = self._clock.monotonic()


def conflict(where: str, *, removed: bool = False) -> StateConflict:
    """The error for a state that is not the one that this run read."""
    what = "was removed" if removed else "was changed by another program"
    return StateConflict(
        f"{where} {what} since this run read it.",
        hint(way("See what is there", "state pull", after=", then run the command again.")),
    )


def _may_mean_lock(answer: Answer) -> bool:
    """Whether a server may answer so if the lock is not ours. GitLab answers 500, others 409 or 423."""
    return answer.status >= 500 or answer.status in (400, 412, *LOCKED)
