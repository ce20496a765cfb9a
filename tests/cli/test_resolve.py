"""A creation that nobody can settle waits for a person's word."""

from __future__ import annotations

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService


@pytest.fixture
def uncertain(cli: CliHarness, kling: KlingService) -> CliHarness:
    """`hero`: a first call whose reply was lost, a second that was refused. Nobody can know."""
    cli.declare("narrator")
    cli.apply()
    kling.refuse("create", 500, 5000, "internal error")
    kling.refused["hero"] = "the sample can't be fetched"
    cli.declare("narrator", "hero")
    cli.apply(code=1)
    kling.refused.clear()
    return cli


def test_an_unknown_outcome_is_blocked_until_the_user_resolves_it(uncertain: CliHarness, kling: KlingService) -> None:
    before = kling.count("create")
    told = uncertain.apply(code=1)
    assert "voicectl resolve hero --voice-id ID" in told.out
    assert kling.count("create") == before
    assert uncertain.voicectl("output", "--json").json["hero"]["status"] == "uncertain"
    uncertain.voicectl("resolve", "hero", code=1)
    uncertain.voicectl("resolve", "hero", "--retry", "--forget", code=1)


def test_resolve_retry_pays_again(uncertain: CliHarness, kling: KlingService) -> None:
    uncertain.voicectl("resolve", "hero", "--retry", code=0)
    uncertain.apply()
    assert kling.bought == 2
    assert uncertain.actions() == {}


def test_resolve_by_its_voice_id_pays_nothing(uncertain: CliHarness, kling: KlingService) -> None:
    [found] = kling.add_foreign("hero")
    assert "The voice 123 was not found" in uncertain.voicectl("resolve", "hero", "--voice-id", "123", code=1).err
    uncertain.voicectl("resolve", "hero", "--voice-id", found, code=0)
    assert uncertain.actions() == {}
    assert uncertain.voice_id("hero") == found
    assert kling.bought == 1


def test_resolve_forget_removes_the_record(uncertain: CliHarness, kling: KlingService) -> None:
    uncertain.declare("narrator")
    uncertain.voicectl("resolve", "hero", "--forget", code=0)
    assert uncertain.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.bought == 1


def test_what_is_settled_needs_no_resolve(made: CliHarness) -> None:
    assert "nothing to resolve" in made.voicectl("resolve", "hero", "--retry", code=1).err
