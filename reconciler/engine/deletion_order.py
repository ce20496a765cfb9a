"""Makes creations wait for the deletions at their address, for `create_before_destroy: false`."""

from __future__ import annotations

from reconciler.engine.procedure_run import ProcedureRun


class Deletions:
    """The deletions of one plan that have not ended, and the creations that wait for them."""

    def __init__(self) -> None:
        self._under_way: dict[str, int] = {}  # by address
        self._waiting: dict[str, list[ProcedureRun]] = {}  # by address

    def begun(self, address: str) -> None:
        self._under_way[address] = self._under_way.get(address, 0) + 1

    def must_wait(self, address: str, run: ProcedureRun) -> bool:
        """Whether the creation has to wait. If so, `ended` returns it later."""
        if not self._under_way.get(address):
            return False
        self._waiting.setdefault(address, []).append(run)
        return True

    def ended(self, address: str, *, done: bool) -> list[ProcedureRun]:
        """The creations that continue after a deletion ended: all if it was the last or not `done`, else none."""
        self._under_way[address] -= 1
        return self._waiting.pop(address, []) if not done or not self._under_way[address] else []
