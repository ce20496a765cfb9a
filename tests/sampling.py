"""Which tests run: `pytest` without a path runs all quick ones, and a sample of the folders that are slow.

pytest              what a newcomer and every change need: one test of so many in each slow folder
pytest --rest       all that this leaves out, and the simulation with its full count
pytest tests/crash  every test of what is named
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path

import pytest

HERE = Path(__file__).parent
SLOW = {  # folder, or one module of a quick folder -> one test of so many is in the sample
    "backends/test_local_kills.py": 6,
    "benchmarks": 10,
    "cli": 20,
    "crash": 25,
    "disk": 20,
    "network": 40,
    "planning/test_properties.py": 3,
    "sabotage": 30,
    "secrets": 14,
    "third_cloud": 6,
}
ALWAYS = ("engine/test_simulation.py", "conformance/")  # few stories in the sample; skipped there without the SDK
_MODE = "VOICECTL_TESTS"  # the workers of xdist inherit it


class Mode(StrEnum):
    """What is run of the tests that were collected."""

    SAMPLE = "sample"
    REST = "rest"
    NAMED = "named"


def mode() -> Mode:
    """How this run was begun."""
    return Mode(os.environ.get(_MODE, Mode.NAMED))


def begin(config: pytest.Config) -> None:
    """Decides the mode, in the process that was started; workers inherit it."""
    if hasattr(config, "workerinput"):
        return
    without_path = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    os.environ[_MODE] = Mode.REST if config.getoption("--rest") else Mode.SAMPLE if without_path else Mode.NAMED


def divided(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests to run and those to leave out. Marks the slow ones."""
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    seen: Counter[str] = Counter()
    for item in items:
        name = item.path.relative_to(HERE)
        slow = next((part for part in (name.as_posix(), name.parts[0]) if part in SLOW), "")
        every = SLOW.get(slow, 1)
        seen[slow] += 1
        in_sample = seen[slow] % every == 0
        if every > 1:
            item.add_marker(pytest.mark.slow)
        again = name.as_posix().startswith(ALWAYS) or item.get_closest_marker("audio") is not None
        wanted = {Mode.SAMPLE: in_sample, Mode.REST: again or not in_sample, Mode.NAMED: True}
        kept[wanted[mode()]].append(item)
    return kept[True], kept[False]
