"""A backend in memory that calls a hook at every write, so that a test can check the order or end the run there.

It keeps every version that it held, as backups do.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from reconciler.backends.lease import Unlimited
from reconciler.errors import StateConflict, StateError
from reconciler.protocols.backend import ANY_VERSION, Blob, Held, Lease, LockInfo, Snapshot, Stamp, Traits, no_snapshot


class MemoryBackend:
    """Satisfies `Backend`. `before` and `after` are called at each write and append; they may raise."""

    def __init__(
        self, *, before: Callable[[str], None] = lambda what: None, after: Callable[[str], None] = lambda what: None
    ) -> None:
        self.where = "memory"
        self.traits = Traits()
        self.notes: tuple[str, ...] = ()
        self.before, self.after = before, after
        self.lease: Lease = Unlimited()  # what the next lock gives
        self._blob: Blob | None = None
        self.copies: list[Blob] = []  # the oldest first

    def read(self) -> Blob | None:
        return self._blob

    def put_back(self, copy: Blob | None) -> None:
        """Replaces the content without any check, like a user who restores a backup or loses the file."""
        self._blob = copy

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        self._check(expected)
        self.before("write")
        self._blob = Blob(data, _version(data, ()))
        self.copies.append(self._blob)
        self.after("write")
        return self._blob.version

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        self._check(expected)
        self.before("append")
        data, before = (self._blob.data, self._blob.entries) if self._blob is not None else (b"", ())
        appended = (*before, *entries)
        self._blob = Blob(data, _version(data, appended), appended)
        self.copies.append(self._blob)
        self.after("append")
        return self._blob.version

    @contextmanager
    def lock(self, holder: LockInfo) -> Iterator[Lease]:
        """Always succeeds."""
        yield self.lease

    def holder(self) -> Held | None:
        return None

    def history(self) -> Sequence[Snapshot]:
        return ()

    def snapshot(self, serial: int) -> bytes:
        raise no_snapshot(serial)

    def break_lock(self, lock_id: str) -> LockInfo:
        raise StateError("There is no lock.")

    def _check(self, expected: str | None) -> None:
        there = self._blob.version if self._blob is not None else None
        if expected not in (there, ANY_VERSION):
            raise StateConflict(f"{there} is there, not {expected}")


def _version(data: bytes, entries: Sequence[bytes]) -> str:
    return hashlib.sha256(b"\n".join((data, *entries))).hexdigest()[:16]
