"""A pytest plugin for the runs that are watched: which package they tested, and what failed in which test.

Loaded by name (`-p tests.sabotage.result_plugin`); writes its testimony where VOICECTL_TESTIMONY says.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import reconciler

_failed: dict[str, str] = {}  # test -> the type of what it failed with


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Failures of tests themselves: what breaks in a fixture or while collecting proves nothing."""
    if call.when == "call" and call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        _failed[item.nodeid] = call.excinfo.typename


def pytest_sessionfinish(session: pytest.Session) -> None:
    testimony = {"package": str(Path(reconciler.__file__ or "").parent), "failed": _failed}
    Path(os.environ["VOICECTL_TESTIMONY"]).write_text(json.dumps(testimony), encoding="utf-8")
