"""The tasks for which one provider is polled, and in order the times when their calls were sent."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Container, Iterator, Sequence

from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.steps import AwaitTask
from reconciler.model.observed import RemoteVoice
from reconciler.model.state import Record

_POLLS_WITHOUT = 3  # polls in a row that do not show a task; one may have read an incomplete list


class PolledTasks:
    """The tasks by their external_task_id. A `sent_at` does not change while its task is here."""

    def __init__(self) -> None:
        self._tasks: dict[str, tuple[ProcedureRun, AwaitTask]] = {}
        self._missed: dict[str, int] = {}  # key of a task that a poll saw -> how many polls in a row did not see it
        self._sent_at: list[float] = []  # sorted
        self.charges: list[str] = []  # what the cloud took for the tasks that have ended, as far as it says so

    def __len__(self) -> int:
        return len(self._tasks)

    def __contains__(self, external_task_id: object) -> bool:
        return external_task_id in self._tasks

    @property
    def sent_at(self) -> Sequence[float]:
        """When each task's call was sent, sorted; 0.0 if another run sent it."""
        return self._sent_at

    @property
    def records(self) -> Iterator[Record]:
        """The records as they were when the wait began."""
        return (step.record for _, step in self._tasks.values())

    def add(self, run: ProcedureRun, step: AwaitTask) -> None:
        self._tasks[step.record.external_task_id] = (run, step)
        insort(self._sent_at, run.sent_at)

    def run(self, external_task_id: str) -> ProcedureRun:
        """The procedure that waits for this task."""
        return self._tasks[external_task_id][0]

    def end(self, external_task_id: str, remote: RemoteVoice) -> ProcedureRun:
        """Removes a task that has ended, and notes its charge. Returns the procedure that waits for it."""
        self.charges += [remote.charge] if remote.charge is not None else []
        return self.pop(external_task_id)

    def pop(self, external_task_id: str) -> ProcedureRun:
        """Removes a task. Returns the procedure that waits for it."""
        run, _ = self._tasks.pop(external_task_id)
        self._missed.pop(external_task_id, None)
        del self._sent_at[bisect_left(self._sent_at, run.sent_at)]
        return run

    @property
    def shown(self) -> Sequence[Record]:
        """The tasks that polls have shown."""
        return [step.record for key, (_, step) in self._tasks.items() if key in self._missed]

    def missing(self, seen: Container[str]) -> list[ProcedureRun]:
        """Removes the tasks that a poll saw, and several later ones did not. `seen`: by the last poll."""
        for key, (_, step) in self._tasks.items():
            if key in seen:
                self._missed[key] = 0
            elif step.or_missing and key in self._missed:
                self._missed[key] += 1
        return [self.pop(key) for key, polls in tuple(self._missed.items()) if polls >= _POLLS_WITHOUT]

    def overdue(self, now: float, seconds: float) -> list[str]:
        """The keys of the tasks that were waited for longer than this."""
        return [key for key, (run, _) in self._tasks.items() if now - run.waiting_since > seconds]
