"""Tests the cases in tests/golden/plans. Beside each case is its plan as text and as JSON.

UPDATE_GOLDEN=1 rewrites both. The case itself also states what it expects, so that an update can't hide a wrong change.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from reconciler.model.plan import Plan
from reconciler.views import json_documents, text
from tests.planning import cases

PLANS = Path(__file__).parents[1] / "golden" / "plans"
FILES = sorted(PLANS.rglob("*.yaml"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(PLANS).with_suffix("")))
def test_the_plan_is_as_written(path: Path) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    plan = cases.plan(case)
    _agrees(plan, case["expect"], case)
    rendered = {".txt": text.plan(plan), ".json": json_documents.dumps(json_documents.plan_document(plan))}
    for suffix, written in rendered.items():
        golden = path.with_suffix(suffix)
        if os.environ.get("UPDATE_GOLDEN"):
            golden.write_text(written + "\n", encoding="utf-8")
        assert written + "\n" == golden.read_text(encoding="utf-8")


def test_every_golden_file_has_its_case() -> None:
    written = {path.with_suffix("") for suffix in ("json", "txt") for path in PLANS.rglob(f"*.{suffix}")}
    assert written == {path.with_suffix("") for path in FILES}


def _agrees(plan: Plan, expected: Mapping[str, str | list[str]], case: Mapping[str, Any]) -> None:
    """Checks the actions by address, and if the case has them: generations, drift, stops, notes and words."""
    assert _actions(plan) == {address: _listed(actions) for address, actions in expected.items()}
    assert {d.address: str(d.kind) for d in plan.drift} == case.get("drift", {})
    assert len(plan.stops) == case.get("stops", 0)
    for address, generation in case.get("generation", {}).items():
        assert generation in [change.generation for change in plan.changes if change.address == address]
    for words in case.get("says", ()):
        assert words in text.plan(plan)


def _actions(plan: Plan) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for change in plan.changes:
        found.setdefault(change.address, []).append(str(change.action))
    return found


def _listed(actions: str | list[str]) -> list[str]:
    return [actions] if isinstance(actions, str) else actions
