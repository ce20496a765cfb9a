"""One row of the table, as text. All rows have one format, whatever they measure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from tests.benchmarks.measuring import Run

_WIDTHS = (8, 9, 9, 8, 8, 12)
_HEADINGS = ("count", "CPU s", "wall s", "MiB", "calls", "written")
_FIRST = 45  # characters of the column that says what was measured


@dataclass(frozen=True)
class Row:
    """Figures of one process. Those that do not apply are None."""

    what: str
    count: int | None = None
    cpu: float | None = None  # seconds
    wall: float | None = None  # seconds
    peak: float | None = None  # MiB
    calls: int | None = None
    written: int | None = None  # bytes

    def cells(self) -> tuple[str, ...]:
        seconds = ["" if s is None else f"{s:.3f}" for s in (self.cpu, self.wall)]
        numbers = ["" if n is None else f"{n:,}" for n in (self.count, self.calls, self.written)]
        return (numbers[0], *seconds, "" if self.peak is None else f"{self.peak:.1f}", *numbers[1:])


@dataclass(frozen=True)
class Ratios:
    """The figures of the row above by something else, which `what` says."""

    what: str
    count: int | None = None
    cpu: float | None = None
    wall: float | None = None
    peak: float | None = None
    calls: float | None = None
    written: float | None = None

    def cells(self) -> tuple[str, ...]:
        ratios = (self.cpu, self.wall, self.peak, self.calls, self.written)
        return ("" if self.count is None else f"{self.count:,}", *("" if r is None else f"{r:.3f}x" for r in ratios))


def row(what: str, count: int | None, run: Run, *, writes: bool = False) -> Row:
    """The row of a measured process. `writes`: whether its bytes say something."""
    return Row(what, count, run.cpu, run.wall, run.peak, run.calls, run.written if writes else None)


def heading() -> str:
    return _line("", _HEADINGS)


def text(row: Row | Ratios) -> str:
    """The row as one line, without spaces at its end."""
    return _line(row.what, row.cells())


def _line(what: str, cells: Sequence[str]) -> str:
    padded = (f"{cell:>{width}}" for cell, width in zip(cells, _WIDTHS, strict=True))
    return f"{what:<{_FIRST}}{''.join(padded)}".rstrip()
