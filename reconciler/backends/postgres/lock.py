"""The lock of a state: columns of its row, with a fence and a lease by the server's clock.

It is no advisory lock. Those belong to a session, and a pool in transaction mode gives one session to many clients.
"""

from __future__ import annotations

import json
import secrets
from contextlib import suppress

from reconciler import waits
from reconciler.backends.lease import RELEASE_TIME, RenewedLease
from reconciler.backends.postgres import statements
from reconciler.backends.postgres.conflicts import Holding, holder_of, is_alive, taken_over
from reconciler.backends.postgres.connection import Connection, Values
from reconciler.backends.postgres.failures import NoTables, NotAllowed, Unanswered
from reconciler.backends.postgres.settling import Settling
from reconciler.backends.postgres.statements import FenceRow, LookRow
from reconciler.backends.unlocking import check_breakable, not_locked
from reconciler.errors import Fenced, StateError
from reconciler.processes import boot_time
from reconciler.protocols.backend import Held, LockInfo, locked_by
from reconciler.values import value

_RELEASES = 3  # tries; after them the lease ends by itself


def new_nonce() -> str:
    """A mark by which a change is recognized after its reply was lost."""
    return secrets.token_hex(8)


@value
class Taken:
    """A lock that this run holds, and its lease."""

    holding: Holding
    lease: RenewedLease


class Lock:
    """The lock of the state `name`. Its tables exist. Raises what `Connection` raises, but for `Unanswered`."""

    def __init__(self, connection: Connection, settling: Settling, name: str, where: str, ttl: float) -> None:
        self._connection = connection
        self._settling = settling
        self._name = name
        self._where = where
        self._ttl = ttl

    def look(self, head: int = 0, nonce: str = "") -> LookRow:
        """The state's row, and whether the change with this head and nonce was made. May raise `Unanswered`."""
        rows = self._connection.rows(statements.LOOK, {"name": self._name, "head": head, "nonce": nonce}, LookRow)
        return rows[0] if rows else LookRow()

    def take(self, info: LockInfo) -> Taken:
        """Takes a lock that is free, whose lease ran out, or whose holder died here. Raises StateLocked."""
        failing, nonce = "could not be locked", new_nonce()
        seen = self._settling.asked(self.look, failing)
        since = boot_time()

        def send() -> int | None:
            values: Values = {
                "name": self._name,
                "lock_id": info.lock_id,
                "nonce": nonce,
                "info": json.dumps(info.model_dump(mode="json")),  # ASCII: the database may have any encoding
                "ttl": self._ttl,
                "seen": seen.fence,
                "dead": _nonce_of_the_dead(seen),
            }
            rows = self._connection.rows(statements.TAKE, values, FenceRow)
            return rows[0].fence if rows else None

        def look() -> int | None:
            nonlocal seen
            seen = self.look()
            return seen.fence if seen.lock_nonce == nonce else None

        fence = self._settling.settled(send, look, failing)
        holding = Holding(fence, nonce)
        return Taken(holding, RenewedLease(fence, self._ttl, lambda: self._renew(holding), since=since))

    def release(self, taken: Taken) -> None:
        """Frees the lock if it is still this run's, in at most `RELEASE_TIME`. If that fails, the lease ends."""

        def released() -> None:
            taken.lease.wait()
            for _ in range(_RELEASES):
                with suppress(StateError, Unanswered, NotAllowed, NoTables):
                    self._connection.rows(statements.RELEASE, self._own(taken.holding), FenceRow)
                    return

        with suppress(TimeoutError):
            waits.in_thread(released, RELEASE_TIME)

    def held(self) -> Held | None:
        """Who holds the lock; None also where the holder has died on this machine."""
        row = self._settling.asked(self.look, "could not be read")
        info = holder_of(row)
        if info is None or is_alive(info) is False:
            return None
        return Held(info, row.heartbeat, max(0.0, row.left or 0.0))

    def break_(self, lock_id: str) -> LockInfo:
        """Frees the lock of a holder that is not alive here, and shuts it out. Raises StateError."""
        failing, nonce = "could not be unlocked", new_nonce()
        seen = self._settling.asked(self.look, failing)
        holder = _breakable(seen, lock_id)

        def send() -> LockInfo | None:
            values: Values = {"name": self._name, "lock_id": lock_id, "nonce": nonce, "seen": seen.fence}
            return holder if self._connection.rows(statements.BREAK, values, FenceRow) else None

        def look() -> LockInfo | None:
            nonlocal seen, holder
            seen = self.look()
            if seen.lock_nonce == nonce:
                return holder
            holder = _breakable(seen, lock_id)
            return None

        return self._settling.settled(send, look, failing)

    def _renew(self, holding: Holding) -> None:
        """Renews the lease. Two tries, the second one on a new connection; then the lease's thread tries again."""
        try:
            fenced = self._renewed(holding)
        except Unanswered:
            try:
                fenced = self._renewed(holding)
            except Unanswered as unanswered:
                raise StateError(f"The lock of {self._where} could not be renewed: {unanswered.reason}.") from None
        if fenced is not None:
            raise fenced

    def _renewed(self, holding: Holding) -> Fenced | None:
        """None if the lock was renewed, or may be renewed at the next try."""
        if self._connection.rows(statements.RENEW, {**self._own(holding), "ttl": self._ttl}, FenceRow):
            return None
        return taken_over(self._where, self.look(), holding)

    def _own(self, holding: Holding) -> dict[str, str | int]:
        return {"name": self._name, "fence": holding.fence, "lock_nonce": holding.nonce}


def _nonce_of_the_dead(row: LookRow) -> str | None:
    """The mark of a holder that is proven dead. Raises StateLocked for one that may live and whose lease lasts."""
    info = holder_of(row)
    if info is None:
        return None
    if is_alive(info) is False:
        return row.lock_nonce
    if row.left is not None and row.left >= 0:
        raise locked_by(Held(info, row.heartbeat, row.left))
    return None


def _breakable(row: LookRow, lock_id: str) -> LockInfo:
    info = holder_of(row)
    if info is None:
        raise not_locked()
    check_breakable(info, lock_id)
    return info
