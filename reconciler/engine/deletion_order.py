"""Makes creations wait for the deletions at their address, for `create_before_destroy: false`."""

from __future__ import annotations

from collections.abc import Iterable

from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.steps import End, Finished
from reconciler.model.plan import Action


class Deletions:
    """The deletions of one plan that have not ended, and the creations that wait for them."""

    def __init__(self) -> None:
        self._under_way: dict[str, int] = {}  # by address
        self._waiting: dict[str, list[ProcedureRun]] = {}  # by address

    def begin(self, runs: Iterable[ProcedureRun]) -> None:
        for run in runs:
            if run.change.action is Action.DELETE:
                address = run.change.address
                self._under_way[address] = self._under_way.get(address, 0) + 1

    def must_wait(self, address: str, run: ProcedureRun) -> bool:
        """Whether the creation has to wait. If so, `ended` returns it later."""
        if not self._under_way.get(address):
            return False
        self._waiting.setdefault(address, []).append(run)
        return True

    def ended(self, run: ProcedureRun, end: End) -> list[tuple[ProcedureRun, End | None]]:
        """The creations that continue after this change, with its end if it was a deletion that failed.

        They are all of its address if it was the last deletion there, or failed; else none.
        """
        if run.change.action is not Action.DELETE:
            return []
        address, done = run.change.address, isinstance(end, Finished)
        self._under_way[address] -= 1
        waiting = self._waiting.pop(address, []) if not done or not self._under_way[address] else []
        return [(creation, None if done else end) for creation in waiting]
