"""How much is measured: what the options of `python -m tests.benchmarks` choose, and what a test makes small."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from tests.benchmarks.kling_worlds import KlingWorlds
from tests.benchmarks.table import Ratios, Row


@dataclass(frozen=True)
class Settings:
    """The numbers that all groups of rows share. Times are in seconds."""

    worlds: KlingWorlds
    up_to: int = 100_000
    times: int = 3  # runs of a row that changes nothing; the row shows the one with the least CPU time
    latency: float = 0.15
    task_seconds: float = 2.0
    write_seconds: tuple[float, ...] = (0.0, 0.05, 0.1, 0.2, 0.5)  # of a slow disk

    def counts(self, *counts: int) -> list[int]:
        """These counts, each at most `up_to`, and each once."""
        return sorted({min(count, self.up_to) for count in counts})


Group = Callable[[Settings], Iterator[Row | Ratios]]
