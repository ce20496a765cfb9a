"""Which tests run, which are skipped without an extra, and what the long suites counted, printed at the end of a run.

The printing is in this file because with -n the reporting process reads only this conftest.
"""

from __future__ import annotations

import os
from collections import Counter
from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

from tests import sampling

pytest_plugins = [
    "tests.support.engines.http_state",
    "tests.support.engines.encrypted",
    "tests.support.engines.postgres",
    "tests.support.engines.pgbouncer",
    "tests.support.engines.azurite",
    "tests.support.engines.localbucket",
    "tests.support.engines.moto_server",
    "tests.support.engines.rclone",
    "tests.support.engines.seaweedfs",
]

# What voicectl reads from the environment. Without it the tests give the same result on a desk and in a pipeline.
_READ: tuple[str, ...] = (
    "CI_",
    "GITHUB_",
    "GITLAB_",
    "BUILD_",
    "CIRCLE_",
    "BUILDKITE_",
    "TRAVIS_",
    "VOICECTL_",
    "NO_COLOR",
    "FORCE_COLOR",
)
_READ += ("KLING_", "TENCENTCLOUD_", "TCCLI_", "TF_HTTP_", "AWS_", "AZURE_", "GOOGLE_", "PG")
_READ_BY_TESTS = (
    "VOICECTL_AXE",
    "VOICECTL_AZURITE",
    "VOICECTL_STORIES",
    "VOICECTL_SWEEP",
    "VOICECTL_CRASH_",
    "VOICECTL_TEST",
)
for _name in list(os.environ):
    if (_name == "CI" or _name.startswith(_READ)) and not _name.startswith(_READ_BY_TESTS):
        del os.environ[_name]

# The speed of input generation depends on how busy the machine is, not on the project.
settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("house")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--rest", action="store_true", help="run what a run without a path leaves out")


def pytest_configure(config: pytest.Config) -> None:
    sampling.begin(config)


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    return True if sampling.is_left_out(collection_path) else None


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    kept, left = sampling.divided(items)
    items[:] = kept
    if left:
        config.hook.pytest_deselected(items=left)
    if find_spec("av") is None:
        for item in items:
            if item.get_closest_marker("audio") is not None:
                item.add_marker(pytest.mark.skip(reason="needs the extra [audio]"))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed, failed = terminalreporter.getreports("passed"), terminalreporter.getreports("failed")
    _report_kills(terminalreporter, passed)
    _report_sabotages(terminalreporter, [*passed, *failed])
    if sampling.mode() is sampling.Mode.SAMPLE:
        terminalreporter.write_line("A sample of the slow tests was run; `pytest --rest` runs the others.")


def _report_kills(reporter: pytest.TerminalReporter, reports: list[pytest.TestReport]) -> None:
    """Prints at how many points processes were killed, by scenario."""
    counts: Counter[str] = Counter()
    for report in reports:
        if report.nodeid.startswith("tests/crash/"):
            counts.update({name: int(str(number)) for name, number in report.user_properties})
    for name, number in sorted(counts.items()):
        reporter.write_line(f"{name}: {number:,}")


def _report_sabotages(reporter: pytest.TerminalReporter, reports: list[pytest.TestReport]) -> None:
    """Prints how many sabotages were planted and caught; with -vv also which test caught each."""
    properties = [dict(report.user_properties) for report in reports]
    planted = [str(each["sabotage"]) for each in properties if "sabotage" in each]
    caught = {str(each["sabotage"]): str(each["caught by"]) for each in properties if "caught by" in each}
    if not planted:
        return
    reporter.write_line(f"sabotages: {len(planted)} planted, {len(caught)} caught")
    if reporter.config.get_verbosity() > 0:
        for name in planted:
            reporter.write_line(f"  {name}: {caught.get(name, 'NOT CAUGHT')}")
