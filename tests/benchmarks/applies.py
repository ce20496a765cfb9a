"""Rows of applies: each creates voices of Kling. An apply runs once; it must buy each voice once."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path

from tests.benchmarks.kling_worlds import to_apply
from tests.benchmarks.measuring import Run, voicectl
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Ratios, Row, row
from tests.benchmarks.worlds import World

RATE = 20  # creates a second, the default of an account
FASTEST = 1000  # the highest rate of a manifest
APPLY = ("apply", "--auto-approve")
_SLOW_DISK = (sys.executable, "-P", str(Path(__file__).with_name("slow_disk.py")))  # -P: it imports nothing from here


def apply(settings: Settings) -> Iterator[Row | Ratios]:
    for count, rate in ((500, RATE), (10_000, FASTEST)):
        [count] = settings.counts(count)
        with to_apply(count, rate=rate, task_seconds=settings.task_seconds) as world:
            run = _bought(count, world, [*voicectl(), *APPLY])
            yield row(f"apply, {rate:,}/s, tasks of {settings.task_seconds:g} s", count, run, writes=True)
            yield _ratios(run, count, rate, settings.task_seconds, world.state.stat().st_size)


def written(settings: Settings) -> Iterator[Row | Ratios]:
    """What an apply of many voices writes: it must not grow with the square of their number."""
    [count] = settings.counts(2_000)
    run, state = apply_at_once(count)
    yield row(f"apply, {FASTEST:,}/s, tasks of 0 s", count, run, writes=True)
    yield _ratios(run, count, FASTEST, 0.0, state)


def apply_at_once(count: int) -> tuple[Run, int]:
    """An apply at the highest rate, of tasks that end at once, and the size of the state file that it leaves."""
    with to_apply(count, rate=FASTEST, task_seconds=0.0) as world:
        return _bought(count, world, [*voicectl(), *APPLY]), world.state.stat().st_size


def slow_disk(settings: Settings) -> Iterator[Row | Ratios]:
    """Applies where each write of the state takes a while."""
    [count] = settings.counts(200)
    for seconds in settings.write_seconds:
        with to_apply(count, rate=RATE, task_seconds=settings.task_seconds) as world:
            run = _bought(count, world, [*_SLOW_DISK, str(world.manifest), str(seconds)])
            what = f"apply, {RATE}/s, {1000 * seconds:g} ms a write: {run.output.strip()}"
            yield row(what, count, run, writes=True)
            yield _ratios(run, count, RATE, settings.task_seconds, world.state.stat().st_size)


def _bought(count: int, world: World, command: list[str]) -> Run:
    run = world.run(command)
    if world.cloud.count != count:
        raise SystemExit(f"{world.cloud.count} voices were bought, not {count}")
    return run


def _ratios(run: Run, count: int, rate: int, task_seconds: float, state: int) -> Ratios:
    bound = count / rate + task_seconds
    return Ratios(
        f"  wall / {bound:.3g} s, calls / voice, bytes / state",
        wall=run.wall / bound,
        calls=(run.calls or 0) / count,
        written=None if run.written is None else run.written / state,
    )
