"""A pytest plugin for the inner test runs: reports the tested package, and the exception of each failed test.

Loaded by name (`-p tests.sabotage.result_plugin`); writes its report to the path in VOICECTL_TESTIMONY.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

import reconciler

_failed: dict[str, str] = {}  # test -> the type of its exception


def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> None:
    """Records failures of tests only: an error in a fixture or while collecting proves nothing."""
    if call.when == "call" and call.excinfo is not None and not call.excinfo.errisinstance(pytest.skip.Exception):
        _failed[item.nodeid] = call.excinfo.typename


def pytest_sessionfinish(session: pytest.Session) -> None:
    report = {"package": str(Path(reconciler.__file__ or "").parent), "failed": _failed}
    Path(os.environ["VOICECTL_TESTIMONY"]).write_text(json.dumps(report), encoding="utf-8")
