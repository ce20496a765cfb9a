"""What the long suites counted, told at the end of a run.

It stands here because with -n this is the only conftest that the telling process reads: the others only collect.
"""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import HealthCheck, settings

# How fast inputs are made says how busy the machine is, and nothing about the project.
settings.register_profile("house", suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("house")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    passed, failed = terminalreporter.getreports("passed"), terminalreporter.getreports("failed")
    _tell_kills(terminalreporter, passed)
    _tell_sabotages(terminalreporter, [*passed, *failed])


def _tell_kills(reporter: pytest.TerminalReporter, reports: list[pytest.TestReport]) -> None:
    """At how many points processes were killed, by scenario."""
    told: Counter[str] = Counter()
    for report in reports:
        if report.nodeid.startswith("tests/crash/"):
            told.update({name: int(str(number)) for name, number in report.user_properties})
    for name, number in sorted(told.items()):
        reporter.write_line(f"{name}: {number:,}")


def _tell_sabotages(reporter: pytest.TerminalReporter, reports: list[pytest.TestReport]) -> None:
    """How many were planted and how many were caught; with -vv also by which test each."""
    told = [dict(report.user_properties) for report in reports]
    planted = [str(each["sabotage"]) for each in told if "sabotage" in each]
    caught = {str(each["sabotage"]): str(each["caught by"]) for each in told if "caught by" in each}
    if not planted:
        return
    reporter.write_line(f"sabotages: {len(planted)} planted, {len(caught)} caught")
    if reporter.config.get_verbosity() > 0:
        for name in planted:
            reporter.write_line(f"  {name}: {caught.get(name, 'NOT CAUGHT')}")
