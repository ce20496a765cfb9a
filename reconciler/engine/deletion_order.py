"""Creations that wait for what is deleted at their address: `create_before_destroy: false`."""

from __future__ import annotations

from reconciler.engine.procedure_run import ProcedureRun


class Deletions:
    """Those of one plan that have not ended, and who waits for them."""

    def __init__(self) -> None:
        self._under_way: dict[str, int] = {}  # by address
        self._waiting: dict[str, list[ProcedureRun]] = {}  # by address

    def begun(self, address: str) -> None:
        self._under_way[address] = self._under_way.get(address, 0) + 1

    def waits(self, address: str, run: ProcedureRun) -> bool:
        """Whether the creation has to wait; `ended` gives it back."""
        if not self._under_way.get(address):
            return False
        self._waiting.setdefault(address, []).append(run)
        return True

    def ended(self, address: str, *, done: bool) -> list[ProcedureRun]:
        """Who goes on after the end of one: those that wait for the last, and all where one was not `done`."""
        self._under_way[address] -= 1
        return self._waiting.pop(address, []) if not done or not self._under_way[address] else []
