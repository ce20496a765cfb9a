"""An account with voices of ours and their records, and shortcuts to observe them."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.model.observed import Observation
from reconciler.model.state import Record, Status
from reconciler.providers.kling.provider import KlingProvider
from tests.providers.support import record
from tests.support.kling_rules import Task
from tests.support.kling_service import KlingService


def key(n: int) -> str:
    return f"vc-0123abcd-v{n}-deadbeef-1"


class House:
    """An account with `count` ready voices of ours, v0, v1, …, and their records."""

    def __init__(self, kling: KlingService, provider: KlingProvider, count: int) -> None:
        self.kling = kling
        self.provider = provider
        for n in range(count):
            kling.add_foreign(f"v{n}", external_task_id=key(n))
        self.tasks: list[Task] = list(kling.tasks)
        self.records = [self.record(n) for n in range(count)]

    def record(self, n: int, status: Status = Status.READY, **fields: object) -> Record:
        there = {"task_id": self.tasks[n].task_id, "voice_id": self.tasks[n].voice_id} if n < len(self.tasks) else {}
        return record(status, key=key(n), account=self.provider.account, **(there | fields))

    def look(self, records: Sequence[Record] | None = None) -> list[Observation]:
        asked = self.records if records is None else records
        of = self.provider.observe(asked).of
        assert set(of) == {r.external_task_id for r in asked}
        return [of[r.external_task_id] for r in asked]

    def delete_outside(self, *numbers: int) -> None:
        for n in numbers:
            self.kling.delete_outside(self.tasks[n].voice_id)

    @property
    def spent(self) -> tuple[int, int]:
        return self.kling.count("list"), self.kling.count("get")


def kinds(seen: Sequence[Observation]) -> list[str]:
    return [type(o).__name__ for o in seen]
