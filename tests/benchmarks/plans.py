"""Rows of commands that change nothing: start, validate, and plans of Kling's voices."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from functools import partial
from pathlib import Path

from tests.benchmarks.measuring import cheapest, run, voicectl
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Row, row

COUNTS = (100, 1_000, 10_000, 100_000)
PLAN = ("plan", "--detailed-exitcode")  # 0: nothing to change, 2: changes


def start(settings: Settings) -> Iterator[Row]:
    with tempfile.TemporaryDirectory() as folder:
        for argument in ("--version", "--help"):
            measure = partial(run, [*voicectl(), argument], folder=Path(folder))
            yield row(f"voicectl {argument}", None, cheapest(5 * settings.times, measure))


def validate(settings: Settings) -> Iterator[Row]:
    for count in settings.counts(*COUNTS):
        world = settings.worlds.declared(count)
        yield row("validate", count, cheapest(settings.times, partial(world.voicectl, "validate")))


def plan(settings: Settings) -> Iterator[Row]:
    for count in settings.counts(*COUNTS):
        world = settings.worlds.converged(count)
        yield row("plan, no change", count, cheapest(settings.times, partial(world.voicectl, *PLAN)))


def creates(settings: Settings) -> Iterator[Row]:
    for count in settings.counts(*COUNTS):
        world = settings.worlds.declared(count)
        yield row("plan of creates", count, cheapest(settings.times, partial(world.voicectl, *PLAN, code=2)))


def latency(settings: Settings) -> Iterator[Row]:
    """The plans again, where each answer of the cloud comes late."""
    late = f"{1000 * settings.latency:g} ms latency"
    for what, made, code in (
        ("plan, no change", settings.worlds.converged, 0),
        ("plan of creates", settings.worlds.declared, 2),
    ):
        for count in settings.counts(*COUNTS):
            world = made(count)
            world.cloud.set_latency(settings.latency)
            measured = cheapest(settings.times, partial(world.voicectl, *PLAN, code=code))
            world.cloud.set_latency(0.0)
            yield row(f"{what}, {late}", count, measured)
