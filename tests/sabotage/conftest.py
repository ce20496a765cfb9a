"""How many sabotages were planted and how many were caught, told at the end; with -vv also by which test each."""

from __future__ import annotations

import pytest


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    reports = [*terminalreporter.getreports("passed"), *terminalreporter.getreports("failed")]
    told = [dict(report.user_properties) for report in reports]
    planted = [str(each["sabotage"]) for each in told if "sabotage" in each]
    caught = {str(each["sabotage"]): str(each["caught by"]) for each in told if "caught by" in each}
    if not planted:
        return
    terminalreporter.write_line(f"sabotages: {len(planted)} planted, {len(caught)} caught")
    if terminalreporter.config.get_verbosity() > 0:
        for name in planted:
            terminalreporter.write_line(f"  {name}: {caught.get(name, 'NOT CAUGHT')}")
