"""How many paid calls a run may make today. The plan fits into the limit; this keeps what was not planned within it."""

from __future__ import annotations

from dataclasses import dataclass

DAILY_LIMIT = "the daily limit of paid calls is reached, so the call is not repeated today (UTC)"


@dataclass(slots=True)
class DailyAllowance:
    """`most`: paid calls a day; None: no limit. `planned`: those of the plan that were not begun yet.

    Calls that were not planned are second sendings, after a reply was lost. They leave room for the planned ones: a
    replace that deletes the old voice first must be able to buy the new one.
    """

    most: int | None = None
    planned: int = 0

    def begin_planned(self) -> None:
        """A planned call is about to be counted."""
        self.planned = max(0, self.planned - 1)

    def allows_another(self, made: int) -> bool:
        """Whether one more call may be made that was not planned. `made`: those that count today."""
        return self.most is None or made + self.planned < self.most
