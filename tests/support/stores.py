"""Stores on a real disk, with a clock that stands still and a disk that can be full."""

from __future__ import annotations

import errno
from collections.abc import Sequence
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from reconciler.backends.local import LocalBackend
from reconciler.engine.lock_owner import LockOwner
from reconciler.engine.store import Store
from reconciler.model.state import Record, State, Status
from reconciler.protocols.backend import Blob, Held, Lease, LockInfo, Snapshot, Stamp
from tests.support.clock import FakeClock

WHEN = datetime(2026, 11, 20, 12, tzinfo=UTC)
ANN = LockOwner(user="ann", host="here", pid=4711)
NEW = State(lineage="abcdef12")


class FullDisk:
    """A local backend whose disk refuses every write while it is `full`."""

    def __init__(self, backend: LocalBackend) -> None:
        self.full = False
        self.traits = backend.traits
        self.notes = backend.notes
        self.where = backend.where
        self._backend = backend

    def read(self) -> Blob | None:
        return self._backend.read()

    def write(self, data: bytes, expected: str | None, stamp: Stamp) -> str:
        self._room()
        return self._backend.write(data, expected, stamp)

    def append(self, entries: Sequence[bytes], expected: str | None, stamp: Stamp) -> str:
        self._room()
        return self._backend.append(entries, expected, stamp)

    def lock(self, holder: LockInfo) -> AbstractContextManager[Lease]:
        return self._backend.lock(holder)

    def holder(self) -> Held | None:
        return self._backend.holder()

    def history(self) -> Sequence[Snapshot]:
        return self._backend.history()

    def snapshot(self, serial: int) -> bytes:
        return self._backend.snapshot(serial)

    def break_lock(self, lock_id: str) -> LockInfo:
        return self._backend.break_lock(lock_id)

    def _room(self) -> None:
        if self.full:
            raise OSError(errno.ENOSPC, "No space left on device")


def store_in(folder: Path, **options: Any) -> Store:
    given: dict[str, Any] = {
        "clock": FakeClock(WHEN),
        "rescue_path": folder / "voices.state.rescue.json",
        "lock_owner": lambda: ANN,
        "lock_id": lambda: "aaaa1111",
    }
    return Store(LocalBackend(folder / "voices.state.json"), **(given | options))


def on_full_disk(folder: Path) -> tuple[Store, FullDisk]:
    disk = FullDisk(LocalBackend(folder / "voices.state.json"))
    store = Store(disk, clock=FakeClock(WHEN), rescue_path=folder / "voices.state.rescue.json", lock_owner=lambda: ANN)
    return store, disk


def record(address: str, status: Status = Status.INTENDED, **fields: Any) -> Record:
    return Record(
        external_task_id=f"vc-{address}",
        address=address,
        provider="kling",
        account="kling https://api-singapore.klingai.com",
        method="create",
        generation=1,
        status=status,
        created_at=WHEN,
        changed_at=WHEN,
        **fields,
    )


def with_voice(state: State, address: str, status: Status = Status.INTENDED, **fields: Any) -> State:
    return state.with_changes([record(address, status, **fields)], current={address: f"vc-{address}"})


def loaded(folder: Path) -> State:
    state = store_in(folder).load()
    assert state is not None
    return state
