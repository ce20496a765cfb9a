"""The lines of VOD's list of tasks that were read, by their key and their id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from reconciler.model.state import Record
from reconciler.providers.tencent.vod.schema import TaskLine


@dataclass(slots=True)
class TaskList:
    """The tasks that were read. `complete`: to the end of the list, so a missing task is not in it; else `why` not."""

    by_key: dict[str, list[TaskLine]] = field(default_factory=dict)  # newest first
    by_task: dict[str, TaskLine] = field(default_factory=dict)
    complete: bool = False
    why: str = "the tasks were not read"

    def add(self, page: Iterable[TaskLine]) -> bool:
        """Adds a page. Returns whether it had new tasks."""
        before = len(self.by_task)
        for line in page:
            if self.by_task.setdefault(line.task_id, line) is line and line.key is not None:
                self.by_key.setdefault(line.key, []).append(line)
        return len(self.by_task) > before

    def of(self, record: Record) -> list[TaskLine]:
        """The record's own task if its id is known, else all with its key. Tasks with another key never count."""
        known = self.by_task.get(record.task_id or "")
        if known is not None and known.key in (None, record.external_task_id):
            return [known]
        return self.by_key.get(record.external_task_id, [])


class MissingTasks:
    """The records whose tasks were not listed yet."""

    def __init__(self, wanted: Iterable[Record]) -> None:
        self._records = dict(enumerate(wanted))
        self._by_task: dict[str, list[int]] = {}
        self._by_key: dict[str, list[int]] = {}
        for number, record in self._records.items():
            self._by_task.setdefault(record.task_id or "", []).append(number)
            self._by_key.setdefault(record.external_task_id, []).append(number)

    def __len__(self) -> int:
        return len(self._records)

    def look_in(self, page: Iterable[TaskLine], listed: TaskList) -> None:
        """Removes the records that a page shows. The page is in `listed` already."""
        for line in page:
            for number in (*self._by_task.get(line.task_id, ()), *self._by_key.get(line.key or "", ())):
                if number in self._records and listed.of(self._records[number]):
                    del self._records[number]
