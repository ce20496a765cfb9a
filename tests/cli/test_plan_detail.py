"""How much of a plan is shown: all of a few changes, what many have in common, and either on request."""

from __future__ import annotations

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService

MANY = [f"v{n:02}" for n in range(25)]


def test_many_changes_are_grouped_and_full_shows_each(cli: CliHarness) -> None:
    cli.declare(*MANY)
    planned = cli.voicectl("plan", code=0).out
    assert planned.startswith("  + create 25 voices (kling): declared, not created yet\n      v00, v01, ")
    assert "--full shows each change with all of its fields." in planned
    full = cli.voicectl("plan", "--full", code=0).out
    assert full.count("  + create v") == full.count("      voice_url") == 25
    assert planned.splitlines()[-1] == full.splitlines()[-1] == "Plan: 25 to create; 25 paid calls."


def test_apply_and_destroy_and_a_saved_plan_are_shown_likewise(cli: CliHarness) -> None:
    cli.declare(*MANY)
    cli.voicectl("plan", "--out", "p", code=0)
    assert "  + create 25 voices (kling)" in cli.voicectl("show", "p", code=0).out
    assert cli.voicectl("show", "p", "--full", code=0).out.count("  + create v") == 25
    assert "  + create 25 voices (kling)" in cli.voicectl("apply", "p", "--summary", code=0).out
    destroyed = cli.voicectl("destroy", "--auto-approve", "--summary", code=0).out
    assert "  - delete 25 voices (kling): to be destroyed" in destroyed


def test_a_summary_groups_a_few_too(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    assert cli.voicectl("plan", "--summary", code=0).out == (
        "  + create 2 voices (kling): declared, not created yet\n"
        "      narrator, hero\n"
        "\n"
        "2 paid calls: less than 1 s at 20 calls a second.\n"
        "Cost: 0.014 USD (Kling's price list, 2026-09-20).\n"
        "\n"
        "Plan: 2 to create; 2 paid calls.\n"
    )


def test_json_is_the_same_with_every_option(cli: CliHarness) -> None:
    cli.declare(*MANY)
    documents = [cli.voicectl("plan", "--json", *words, code=0).json for words in ((), ("--summary",), ("--full",))]
    assert len({str(document["changes"]) for document in documents}) == 1


def test_a_summary_in_full_is_refused(cli: CliHarness) -> None:
    cli.declare("narrator")
    assert "can't be used together" in cli.voicectl("plan", "--summary", "--full", code=1).err


def test_one_reason_of_many_blocked_voices_is_shown_once(cli: CliHarness, kling: KlingService) -> None:
    kling.failing = dict.fromkeys(MANY, "the sample has two speakers")
    cli.declare(*MANY)
    cli.apply(code=1)
    again = cli.apply(code=1).out
    assert again.count("the sample has two speakers") == 1
    assert "  ! blocked 25 voices (kling): its creation failed: the sample has two speakers" in again
    assert again.splitlines()[-1].startswith("Applied: 25 blocked")
    assert cli.apply("--full", code=1).out.count("the sample has two speakers") == 50
