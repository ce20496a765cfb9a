"""`policy:`, `consent:`, prices and budgets, as a user meets them: what is shown, what is refused, what is paid."""

from __future__ import annotations

import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, Ran, voice
from tests.support.kling_service import KlingService

OWNER = {"name": "owner", "require_labels": ["owner"], "message": "Ask the audio team."}
YESTERDAY = str((datetime.now(UTC) - timedelta(days=1)).date())


def one_line(ran: Ran) -> str:
    return " ".join((ran.out + ran.err).split())


def labelled(name: str) -> dict[str, Any]:
    return voice(name) | {"labels": {"owner": "ann"}}


def test_a_denial_is_shown_with_the_plan_and_stops_the_apply_before_the_first_call(
    cli: CliHarness, kling: KlingService
) -> None:
    cli.write({"hero": voice("hero"), "mini": labelled("mini")}, policy=[OWNER])
    planned = cli.voicectl("plan", "--out", "p", code=1)
    said = "policy owner: hero: label owner is missing. Ask the audio team."
    assert f"Stop: {said}" in " ".join(planned.out.split())
    assert "A policy does not allow this plan" in planned.err
    for words in (("apply", "--auto-approve"), ("apply", "p")):
        assert said in one_line(cli.voicectl(*words, code=1))
    assert kling.bought == 0
    document = cli.voicectl("plan", "--json", code=1).json
    assert document["policy"] == [
        {
            "rule": "owner",
            "level": "deny",
            "address": "hero",
            "message": "label owner is missing. Ask the audio team.",
        }
    ]
    cli.write({"hero": labelled("hero"), "mini": labelled("mini")}, policy=[OWNER])
    cli.apply()
    assert kling.bought == 2


def test_a_warning_is_a_note_and_stops_nothing(cli: CliHarness, kling: KlingService) -> None:
    cli.write({"hero": voice("hero")}, policy=[OWNER | {"level": "warn"}])
    note = "Note: policy owner: hero: label owner is missing."
    assert note in one_line(cli.voicectl("plan", code=0))
    assert note in one_line(cli.voicectl("validate", code=0))
    cli.apply()
    assert kling.bought == 1


def test_an_unchanged_voice_is_judged_too(made: CliHarness) -> None:
    made.write({"narrator": voice("narrator"), "hero": voice("hero")}, policy=[OWNER])
    planned = one_line(made.voicectl("plan", code=1))
    assert "policy owner: narrator, hero: label owner is missing" in planned
    assert made.voicectl("plan", "--detailed-exitcode").code == 1
    refused = made.voicectl("validate", code=1).err
    assert "voices.yaml:10:3: voices.narrator: policy owner: label owner is missing" in refused
    annotated = made.voicectl("plan", "--format", "github", code=1).out
    assert "::error file=voices.yaml,line=10,col=3,title=policy owner%3A narrator::label owner is missing" in annotated
    made.voicectl("drift", code=0)


def test_a_stricter_policy_refuses_a_plan_that_was_saved_before_it(cli: CliHarness, kling: KlingService) -> None:
    cli.write({"hero": voice("hero")})
    cli.voicectl("plan", "--out", "p", code=0)
    cli.write({"hero": voice("hero")}, policy=[OWNER])
    assert "policy owner" in one_line(cli.voicectl("apply", "p", code=1))
    assert kling.bought == 0


def test_a_destroy_needs_no_labels(made: CliHarness) -> None:
    made.write({"narrator": voice("narrator"), "hero": voice("hero")}, policy=[OWNER])
    made.voicectl("destroy", "--auto-approve", code=0)


@pytest.mark.parametrize(
    ("limit", "allowed"),
    [
        (("--max-paid-calls", "2"), True),
        (("--max-paid-calls", "1"), False),
        (("--max-cost", "0.014 USD"), True),
        (("--max-cost", "0.013 USD"), False),
        (("--max-cost", "9 EUR"), False),
    ],
)
def test_a_run_may_have_a_budget(cli: CliHarness, kling: KlingService, limit: tuple[str, str], allowed: bool) -> None:
    cli.declare("hero", "mini")
    assert cli.voicectl("plan", *limit).code == (0 if allowed else 1)
    assert cli.voicectl("apply", "--auto-approve", *limit).code == (0 if allowed else 1)
    assert kling.bought == (2 if allowed else 0)


def test_a_saved_plan_keeps_its_budget(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero", "mini")
    cli.voicectl("plan", "--out", "p", "--max-paid-calls", "1", code=1)
    assert "--max-paid-calls" in one_line(cli.voicectl("apply", "p", code=1))
    assert kling.bought == 0


def test_an_amount_that_is_none_is_a_usage_error(cli: CliHarness) -> None:
    cli.declare("hero")
    assert "--max-cost cheap: should be an amount" in one_line(cli.voicectl("plan", "--max-cost", "cheap", code=1))


def test_the_plan_says_what_it_costs(cli: CliHarness) -> None:
    cli.declare("hero", "mini")
    planned = one_line(cli.voicectl("plan", code=0))
    assert "2 paid calls: less than 1 s at 20 calls a second." in planned
    assert "Cost: 0.014 USD (Kling's price list, 2026-09-20)." in planned
    assert cli.plan()["cost"] == {
        "seconds": 0.1,
        "known": [{"amount": "0.014", "currency": "USD"}],
        "paid_calls_of_unknown_price": 0,
        "sources": ["Kling's price list, 2026-09-20"],
    }
    cli.apply()
    assert "Cost" not in cli.voicectl("plan", code=0).out


def test_after_an_apply_it_says_what_kling_took(cli: CliHarness) -> None:
    cli.declare("hero", "mini")
    assert "Reported charges: kling 0.1 units." in one_line(cli.apply())
    cli.declare("hero", "mini", "third")
    *_, summary = cli.apply("--json").events
    assert summary["charges"] == {"kling": "0.05 units"}
    cli.declare("hero", "mini")
    *_, deleted = cli.apply("--json").events
    assert deleted["charges"] == {}


def test_a_voice_without_consent_any_more_is_not_bought(cli: CliHarness, kling: KlingService) -> None:
    consent = {"owner": "Ann", "expires": YESTERDAY}
    cli.write({"hero": voice("hero") | {"consent": consent}, "mini": voice("mini")})
    assert f"the consent of Ann ended with {YESTERDAY}" in one_line(cli.apply(code=1))
    assert kling.bought == 1
    cli.write({"hero": voice("hero") | {"consent": consent | {"expires": "2999-12-31"}}, "mini": voice("mini")})
    cli.apply()
    cli.write({"hero": voice("hero") | {"consent": consent | {"when_expired": "delete"}}, "mini": voice("mini")})
    cli.apply()
    assert kling.bought == 2
    assert sorted(cli.state["current"]) == ["mini"]
    assert "No changes." in cli.voicectl("plan", "--detailed-exitcode", code=0).out


def test_a_consent_that_ends_after_the_review_is_looked_at_again(cli: CliHarness, kling: KlingService) -> None:
    consent = {"owner": "Ann", "expires": "2999-12-31"}
    cli.write({"hero": voice("hero") | {"consent": consent}})
    cli.voicectl("plan", "--out", "p", code=0)
    cli.write({"hero": voice("hero") | {"consent": consent | {"expires": YESTERDAY}}})
    assert "The plan is out of date" in cli.voicectl("apply", "p", code=4).err
    assert kling.bought == 0


def program(folder: Path, answer: str) -> list[str]:
    """A command that notes that it ran, and answers."""
    script = f"import sys; open('ran', 'a').write(sys.stdin.read()); print({answer!r})"
    (folder / "rule.py").write_text(script)
    return [sys.executable, "rule.py"]


def test_a_rule_may_be_a_program_that_the_command_line_allows(cli: CliHarness, kling: KlingService) -> None:
    command = program(cli.folder, '[{"level": "deny", "address": "hero", "message": "not on Sundays"}]')
    cli.write({"hero": voice("hero")}, policy=[{"command": command}])
    for words in (("plan",), ("apply", "--auto-approve")):
        refused = one_line(cli.voicectl(*words, code=1))
        assert "would start:" in refused
        assert "--allow-commands" in refused
    for quiet in (("validate",), ("drift",), ("output",), ("state", "list"), ("show",)):
        cli.voicectl(*quiet)
    assert not (cli.folder / "ran").exists()

    denied = one_line(cli.voicectl("plan", "--allow-commands", code=1))
    assert "hero: not on Sundays" in denied
    assert '"plan_id"' in (cli.folder / "ran").read_text()
    assert "hero: not on Sundays" in one_line(cli.apply("--allow-commands", code=1))
    assert kling.bought == 0
    program(cli.folder, "[]")
    cli.apply("--allow-commands")
    assert kling.bought == 1
