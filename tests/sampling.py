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
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest

HERE = Path(__file__).parent


class Every(NamedTuple):
    """How much of a slow folder is in the sample."""

    module: int
    test: int


SLOW = {  # folder -> of its modules, one of so many is in the sample; and of their tests, one of so many
    "benchmarks": Every(module=1, test=10),
    "cli": Every(module=4, test=5),
    "crash": Every(module=3, test=20),
    "disk": Every(module=2, test=10),
    "network": Every(module=4, test=10),
    "sabotage": Every(module=1, test=30),
    "secrets": Every(module=3, test=5),
    "third_cloud": Every(module=1, test=6),
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


def is_left_out(path: Path) -> bool:
    """Whether a module need not be imported: none of its tests is in the sample."""
    return mode() is Mode.SAMPLE and path.name.startswith("test_") and not _is_sampled(path)


def divided(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests to run and those to leave out. Marks the slow ones."""
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    seen: Counter[str] = Counter()
    for item in items:
        name = item.path.relative_to(HERE)
        folder = name.parts[0]
        in_sample = True
        if folder in SLOW:
            item.add_marker(pytest.mark.slow)
            in_sample = _is_sampled(item.path)
            seen[folder] += in_sample
            in_sample = in_sample and seen[folder] % SLOW[folder].test == 0
        again = name.as_posix().startswith(ALWAYS) or item.get_closest_marker("audio") is not None
        wanted = {Mode.SAMPLE: in_sample, Mode.REST: again or not in_sample, Mode.NAMED: True}
        kept[wanted[mode()]].append(item)
    return kept[True], kept[False]


@cache
def _is_sampled(path: Path) -> bool:
    folder = path.relative_to(HERE).parts[0]
    modules = sorted((HERE / folder).rglob("test_*.py"))
    return folder not in SLOW or modules.index(path) % SLOW[folder].module == 0
