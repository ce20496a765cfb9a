"""Tests that voices found to be as declared get the plan that all the rules give, and that there are such voices."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings

from reconciler.model.plan import Plan
from reconciler.planning import decide, planner, unchanged
from tests.planning import cases
from tests.planning.test_golden import FILES
from tests.planning.test_properties import World, worlds


def _with_all_rules(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Plan:
    with monkeypatch.context() as patch:
        for module in (planner, decide):
            patch.setattr(module, "unchanged_voices", lambda *_: set())
        patch.setattr(planner, "nothing_changes", lambda *_: False)
        return cases.plan(case)


def _unchanged(case: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> set[str]:
    found: set[str] = set()

    def recorded(*arguments: Any) -> set[str]:
        found.update(unchanged.unchanged_voices(*arguments))
        return found

    with monkeypatch.context() as patch:
        for module in (planner, decide):
            patch.setattr(module, "unchanged_voices", recorded)
        cases.plan(case)
    return found


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_golden_plan_is_the_plan_that_all_rules_give(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case = yaml.safe_load(path.read_text(encoding="utf-8"))
    assert cases.plan(case) == _with_all_rules(case, monkeypatch)


def test_many_golden_cases_have_a_voice_that_is_as_declared(monkeypatch: pytest.MonkeyPatch) -> None:
    found = [bool(_unchanged(yaml.safe_load(path.read_text(encoding="utf-8")), monkeypatch)) for path in FILES]
    assert sum(found) > len(FILES) / 10


@given(worlds())
@settings(max_examples=300)
def test_any_plan_is_the_plan_that_all_rules_give(world: dict[str, Any]) -> None:
    case = World(world).case
    with pytest.MonkeyPatch.context() as monkeypatch:
        assert cases.plan(case) == _with_all_rules(case, monkeypatch)


def test_a_plan_without_changes_needs_no_rules(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decide, "decide", None)
    assert cases.plan(DECLARED).empty


@pytest.mark.parametrize("more", [{"records": {"a@1": "ready", "b@1": "deleted"}}, {"marked": ["b@3"]}], ids=str)
def test_another_record_or_a_marked_voice_needs_the_rules(
    more: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decide, "decide", None)
    with pytest.raises(TypeError):
        cases.plan(DECLARED | more)


DECLARED = {"voices": {"a": {}}, "records": {"a@1": "ready"}}


@pytest.mark.parametrize(
    "more",
    [
        {"seen": {"a@1": "absent"}},
        {"seen": {"a@1": "running"}},
        {"seen": {"a@1": "failed: the sample is noisy"}},
        {"seen": {"a@1": "unknown: HTTP 503"}},
        {"voices": {"a": {"labels": {"tier": "gold"}}}},
        {"voices": {"a": {"lifecycle": {"keep_old": "24h"}}}},
        {"voices": {"a": {"create": {"voice_name": "other"}}}},
        {"records": {"a@1": "ready", "a@2": {"status": "uncertain", "beside": True}}},
        {"options": {"replace": ["a"]}},
    ],
    ids=str,
)
def test_a_voice_with_any_question_left_is_not_unchanged(more: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    assert _unchanged(DECLARED, monkeypatch) == {"a"}
    assert _unchanged(DECLARED | more, monkeypatch) == set()
