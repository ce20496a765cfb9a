"""The rules of `policy:`: what each finds in the entries and in the cost of a plan."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.cost import Cost
from reconciler.model.finding import Finding, Level
from reconciler.model.manifest import Manifest
from reconciler.model.policy import Rule
from reconciler.planning import rules
from tests.planning import cases


def found(rule: dict[str, Any], **voices: dict[str, Any]) -> list[tuple[str | None, str]]:
    manifest = Manifest(
        name="voices.yaml",
        providers=cases.manifest_of({"voices": voices}).providers,
        voices={address: cases.voice(address, entry) for address, entry in voices.items()},
        policy=(Rule.model_validate({"name": "rule"} | rule),),
    )
    return [(each.address, each.message) for each in rules.of_declarations(manifest)]


def linked(url: str) -> dict[str, Any]:
    return {"create": {"voice_url": url}}


def test_labels_may_be_required() -> None:
    rule = {"require_labels": ["owner", "project"], "message": "Ask #audio."}
    labelled = {"labels": {"owner": "ann", "project": "x"}}
    assert found(rule, a=labelled, b={"labels": {"owner": "ann"}}, c={"labels": {"owner": ""}}) == [
        ("b", "label project is missing. Ask #audio."),
        ("c", "labels owner, project are missing. Ask #audio."),
    ]


def test_addresses_and_names_may_have_a_pattern() -> None:
    voices: dict[str, dict[str, Any]] = {"hero_1": {}, "Hero": {}}
    assert found({"address_pattern": "[a-z0-9_]+"}, **voices) == [("Hero", "its address does not look like [a-z0-9_]+")]
    assert found({"voice_name_pattern": "^h.*"}, **voices) == [("Hero", "its voice_name does not look like ^h.*")]


@pytest.mark.parametrize(
    ("url", "allowed"),
    [
        ("https://cdn.example.com/a.mp3", True),
        ("https://CDN.example.com:8443/a.mp3", True),
        ("https://a.b.studio.example/a.mp3", True),
        ("https://studio.example/a.mp3", False),
        ("https://cdn.example.com.evil.example/a.mp3", False),
        ("https://evilstudio.example/a.mp3", False),
    ],
)
def test_samples_may_come_from_these_hosts_only(url: str, allowed: bool) -> None:
    rule = {"sample_hosts": ["cdn.example.com", ".Studio.example"]}
    assert (found(rule, hero=linked(url)) == []) is allowed


def test_a_consent_may_be_required_of_all_but_official_voices() -> None:
    voices = {
        "with": {"consent": {"owner": "Ann"}},
        "without": {},
        "official": {"preset": {"voice_id": "829"}},
    }
    assert found({"require_consent": True}, **voices) == [("without", "it has no consent")]


def test_a_cost_that_is_unknown_is_above_every_limit() -> None:
    def over(cost: Cost, **limits: Any) -> list[str]:
        limits = {"max_paid_calls": None, "max_cost": None} | limits
        return list(rules.over_budget(cost, **limits))

    assert over(Cost(calls=3, paid=3), max_paid_calls=3) == []
    assert over(Cost(calls=3, paid=3), max_paid_calls=2) == ["the plan makes 3 paid calls, and at most 2 are allowed"]
    assert over(Cost(paid=1, known=("0.5 USD",)), max_cost="0.5 USD") == []
    assert over(Cost(paid=1, known=("0.51 USD",)), max_cost="0.5 USD") == [
        "the plan costs 0.51 USD, and at most 0.5 USD are allowed"
    ]
    assert len(over(Cost(paid=1, unpriced=1), max_cost="9999 USD")) == 1
    assert len(over(Cost(paid=2, known=("1 CNY", "1 USD")), max_cost="5 USD")) == 1
    assert over(Cost(calls=1), max_cost="0 USD") == []


def test_a_rule_finds_what_a_plan_costs() -> None:
    rule = Rule.model_validate({"name": "budget", "max_paid_calls": 0, "level": "warn", "message": "Wait for May."})
    assert rules.of_plan([rule], Cost(calls=1, paid=1)) == (
        Finding("budget", Level.WARN, "the plan makes 1 paid calls, and at most 0 are allowed. Wait for May."),
    )


def test_entries_of_which_the_same_is_said_are_one_line() -> None:
    same = [Finding("owner", Level.DENY, "label owner is missing", f"v{n}") for n in range(7)]
    other = Finding("budget", Level.DENY, "too dear")
    assert rules.lines([*same, other]) == [
        "policy owner: v0, v1, v2, v3, v4 and 2 more: label owner is missing",
        "policy budget: too dear",
    ]
