"""One warmed process a test session, and how much was swept, told at the end."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest

from tests.crash.fleet import Fleet


@pytest.fixture(scope="session")
def fleet() -> Iterator[Fleet]:
    with Fleet() as fleet:
        yield fleet


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    told: Counter[str] = Counter()
    for report in terminalreporter.getreports("passed"):
        if report.nodeid.startswith("tests/crash/"):
            told.update({name: int(str(number)) for name, number in report.user_properties})
    for name, number in sorted(told.items()):
        terminalreporter.write_line(f"{name}: {number:,}")
