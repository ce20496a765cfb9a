"""The section `policy:`: what a rule may say, and where its mistakes are."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.loader.build import load
from reconciler.model.finding import Level
from tests.loader.conftest import Load, Problems

WHOLE = """\
providers: {kling: {type: kling, prices: {create: 0.35 USD}}}
policy:
  - {name: owner, require_labels: [owner, project], level: warn, message: Every voice has an owner.}
  - {name: naming, address_pattern: "[a-z0-9_]+", voice_name_pattern: "[A-Z].*"}
  - {name: hosts, sample_hosts: [cdn.example.com, .studio.example]}
  - {name: consent, require_consent: true}
  - {name: budget, max_paid_calls: 20, max_cost: 50 USD}
  - {command: [conftest, test, "-"]}
voices:
  hero:
    provider: kling
    create: {voice_name: Hero, voice_url: https://cdn.example.com/hero.mp3}
    consent: {owner: Ann Example, document: consents/ann.pdf, expires: 2027-01-31, when_expired: delete}
"""


def test_every_rule_is_read(loaded: Load) -> None:
    manifest = loaded(WHOLE)
    assert [rule.title for rule in manifest.policy] == ["owner", "naming", "hosts", "consent", "budget", "conftest"]
    assert [rule.level for rule in manifest.policy] == [Level.WARN, *[Level.DENY] * 5]
    assert manifest.policy[4].max_cost == "50 USD"
    consent = manifest.voices["hero"].consent
    assert consent is not None
    assert (consent.owner, str(consent.expires), consent.when_expired) == ("Ann Example", "2027-01-31", "delete")


def test_rules_may_be_in_several_files_of_a_folder(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("policy: [{name: one, require_consent: true}]")
    (tmp_path / "b.yaml").write_text("policy: [{name: two, require_consent: true}]")
    assert [rule.name for rule in load(tmp_path, environ={}).policy] == ["one", "two"]


@pytest.mark.parametrize(
    ("policy", "problem"),
    [
        ("{name: a}", "1:9: policy: a mapping, should be a list of rules"),
        ("[owner]", "1:10: policy[0]: text, should be a mapping with name and a check"),
        ("[{name: a, requires_labels: [x]}]", "policy[0].requires_labels: unknown key, did you mean require_labels?"),
        ("[{name: a}]", "policy[0]: the rule asks for nothing: add one of require_labels, "),
        ("[{require_consent: true}]", "policy[0]: name is missing: findings say which rule it was"),
        ("[{name: a, require_consent: true, level: error}]", 'policy[0].level: "error", should be warn or deny'),
        ("[{name: a, address_pattern: '(a'}]", "policy[0].address_pattern: the pattern has a ( without its )"),
        ("[{name: a, sample_hosts: ['https://x.example']}]", "policy[0].sample_hosts[0]: should be a host such as"),
        ("[{name: a, max_cost: 50}]", "policy[0].max_cost: should be an amount and a currency, such as 0.35 USD"),
        ("[{name: a, max_paid_calls: -1}]", "policy[0].max_paid_calls: -1, at least 0"),
        ("[{name: a, command: conftest}]", "policy[0].command: text, should be a list"),
        ("[{name: a, command: []}]", "policy[0].command: "),
        (
            "[{name: a, require_consent: true}, {name: a, max_paid_calls: 1}]",
            "policy[1].name: another rule has this name, at voices.yaml:1:11",
        ),
    ],
)
def test_a_mistake_is_shown_where_it_is(problems: Problems, policy: str, problem: str) -> None:
    [shown] = problems(f"policy: {policy}\n")
    assert problem in shown


def test_an_included_file_has_no_rules(tmp_path: Path, problems: Problems) -> None:
    Path("more.yaml").write_text("policy: [{command: [touch, ran]}]")
    [shown] = problems("include: [more.yaml]\n")
    assert "more.yaml:1:1: policy: can't be in an included file" in shown


@pytest.mark.parametrize(
    ("consent", "problem"),
    [
        ("{owner: Ann, expire: 2027-01-31}", "consent.expire: unknown key, did you mean expires?"),
        ("{owner: Ann, expires: 31.1.2027}", "consent.expires: should be a day, written as 2027-01-31"),
        ("{expires: 2027-01-31}", "consent.owner: missing, it is required"),
        ("yes", "consent: "),
    ],
)
def test_a_mistake_in_a_consent_is_shown(problems: Problems, consent: str, problem: str) -> None:
    voice = "{provider: kling, create: {voice_name: a, voice_url: https://a.example/a.mp3}, consent: " + consent + "}"
    [shown] = problems(f"providers: {{kling: {{type: kling}}}}\nvoices:\n  a: {voice}\n")
    assert f"voices.a.{problem}" in shown


def test_a_mistake_in_a_price_is_shown(problems: Problems) -> None:
    [shown] = problems("providers: {kling: {type: kling, prices: {create: cheap}}}\n")
    assert "providers.kling.prices.create: should be an amount and a currency, such as 0.35 USD" in shown
    [shown] = problems("providers: {kling: {type: kling, prices: {make: 1 USD}}}\n")
    assert "providers.kling.prices" in shown
