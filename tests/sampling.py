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
    """In the sample are one module of so many, and of their tests one of so many."""

    module: int
    test: int


SLOW = {  # folder, or a module of a quick one -> how much of it is in the sample
    "backends/object_storage/test_storms.py": Every(module=1, test=4),
    "backends/test_local_kills.py": Every(module=1, test=8),
    "backends/test_release.py": Every(module=1, test=8),
    "benchmarks": Every(module=1, test=10),
    "cli": Every(module=4, test=5),
    "crash": Every(module=3, test=20),
    "disk": Every(module=2, test=10),
    "engine/test_limits.py": Every(module=1, test=4),
    "model/test_statefile.py": Every(module=1, test=3),
    "network": Every(module=4, test=10),
    "planning/test_properties.py": Every(module=1, test=3),
    "sabotage": Every(module=1, test=30),
    "secrets": Every(module=3, test=5),
    "shared_state": Every(module=1, test=12),
    "third_cloud": Every(module=1, test=6),
}
# In the sample and in the rest: few stories are in the sample, and what needs an engine or an extra is skipped there.
ALWAYS = ("engine/test_simulation.py", "conformance/", "contracts/test_backend.py", "shared_state/")
# Only in the rest, for which .ci/run installs engines, linters and a browser.
ENGINES = (
    *("backends/postgres/", "backends/object_storage/"),
    *("gitops/test_git", "gitops/test_linters.py", "gitops/test_pre_commit.py"),
    "views/formats/html/test_in_browser.py",
)
SITES = frozenset(("local", "http", "gitlab"))  # that need no engine
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
    return mode() is Mode.SAMPLE and path.name.startswith("test_") and (_needs_engine(path) or not _is_sampled(path))


def divided(items: Iterable[pytest.Item]) -> tuple[list[pytest.Item], list[pytest.Item]]:
    """The tests to run and those to leave out. Marks the slow ones."""
    kept: dict[bool, list[pytest.Item]] = {True: [], False: []}
    seen: Counter[str] = Counter()
    for item in items:
        name = item.path.relative_to(HERE)
        slow, in_sample = _slow(item.path), True
        if slow is not None:
            item.add_marker(pytest.mark.slow)
            in_sample = _is_sampled(item.path)
            seen[slow] += in_sample
            in_sample = in_sample and seen[slow] % SLOW[slow].test == 0
        in_sample = in_sample and not _needs_engine(item.path) and _site(item) in SITES
        again = name.as_posix().startswith(ALWAYS) or item.get_closest_marker("audio") is not None
        again = again or _needs_extra(item.path) or _is_caught_with_extra(item)
        wanted = {Mode.SAMPLE: in_sample, Mode.REST: again or not in_sample, Mode.NAMED: True}
        kept[wanted[mode()]].append(item)
    return kept[True], kept[False]


def _slow(path: Path) -> str | None:
    name = path.relative_to(HERE)
    return next((part for part in (name.as_posix(), name.parts[0]) if part in SLOW), None)


def _site(item: pytest.Item) -> str:
    """The engine that a test of a backend's contract, or of a shared state, runs on."""
    return str(item.callspec.params.get("site", "local")) if hasattr(item, "callspec") else "local"


def _needs_engine(path: Path) -> bool:
    return path.relative_to(HERE).as_posix().startswith(ENGINES)


@cache
def _needs_extra(path: Path) -> bool:
    """Whether some of its tests are skipped in the sample, for which no extra is installed."""
    files = (path, path.with_name("conftest.py"))
    return any("importorskip(" in file.read_text(encoding="utf-8") for file in files if file.exists())


def _is_caught_with_extra(item: pytest.Item) -> bool:
    """Whether a sabotage is caught by tests of which some are skipped in the sample."""
    sabotage = item.callspec.params.get("sabotage") if hasattr(item, "callspec") else None
    caught_by = HERE.parent / str(getattr(sabotage, "caught_by", "")).partition("::")[0]
    return sabotage is not None and caught_by.is_file() and _needs_extra(caught_by)


@cache
def _is_sampled(path: Path) -> bool:
    slow = _slow(path)
    if slow is None or slow.endswith(".py"):
        return True
    return sorted((HERE / slow).rglob("test_*.py")).index(path) % SLOW[slow].module == 0
