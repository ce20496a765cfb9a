"""A large change is asked for by its number: said by plan, kept by apply, with the number that would let it go."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, Ran, voice
from tests.support.kling_service import Deleted, KlingService

LARGE = "The change is too large to apply without confirmation"
OVER = "4 of {} recorded voices would be deleted, replaced or forgotten, and the limit is 30 %"
NUMBER = "If you want that: voicectl apply --allow-deletes 4"
TEN = [f"voice-{n}" for n in range(10)]


def hold(cli: CliHarness, number: int) -> list[str]:
    """So many voices, made."""
    names = [f"voice-{n}" for n in range(number)]
    cli.declare(*names)
    cli.apply()
    return names


@pytest.fixture
def four_of_ten(cli: CliHarness) -> CliHarness:
    """Ten voices, of which four left the manifest."""
    cli.declare(*hold(cli, 10)[4:])
    return cli


def stopped(ran: Ran, kling: KlingService, *, what: str = OVER.format(10), hint: str = NUMBER) -> bool:
    assert ran.code == 1, ran
    assert kling.count("delete") == 0
    return (
        "Error: The change is too large to apply without confirmation" in ran.err
        and what in ran.err
        and hint in ran.err
    )


# -- the percentage ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("number", "removed"), [(9, 8), (10, 3), (11, 3), (20, 6)])
def test_up_to_30_percent_or_below_10_voices_no_number_is_needed(cli: CliHarness, number: int, removed: int) -> None:
    names = hold(cli, number)
    cli.declare(*names[removed:])
    assert "Stop:" not in cli.voicectl("plan", code=0).out
    cli.apply()
    assert len(cli.kling.voices) == number - removed


@pytest.mark.parametrize("number", [10, 11, 13])
def test_over_30_percent_of_10_or_more_stops(cli: CliHarness, kling: KlingService, number: int) -> None:
    names = hold(cli, number)
    cli.declare(*names[4:])
    assert stopped(cli.apply(code=1), kling, what=OVER.format(number))
    cli.apply("--allow-deletes", "4")
    assert len(kling.voices) == number - 4


def test_replaced_and_forgotten_voices_count_with_the_deleted(cli: CliHarness, kling: KlingService) -> None:
    official: dict[str, Any] = {"provider": "kling", "preset": {"voice_id": next(iter(kling.presets))}}
    names = [f"voice-{n}" for n in range(9)]
    cli.declare(*names, owen=official)
    cli.apply()
    renamed = {name: voice(f"other-{name}") for name in names[:2]}
    cli.write({name: voice(name) for name in names[3:]} | renamed)  # two replaced, one deleted, one forgotten
    assert cli.plan()["summary"] | {"replace": 2, "delete": 1, "forget": 1} == cli.plan()["summary"]
    assert stopped(cli.apply(code=1), kling)
    assert kling.bought == 9


@pytest.mark.parametrize(("percent", "removed"), [(0, 1), (50, 6), (99.9, 10)])
def test_the_manifest_sets_the_percentage(cli: CliHarness, kling: KlingService, percent: float, removed: int) -> None:
    hold(cli, 10)
    left = {name: voice(name) for name in [*TEN, "newcomer"][removed:]}
    cli.write(left, safety={"max_delete_percent": percent})
    what = f"{removed} of 10 recorded voices would be deleted, replaced or forgotten, and the limit is {percent:g} %"
    assert stopped(cli.apply(code=1), kling, what=what, hint=f"--allow-deletes {removed}")


def test_with_100_percent_only_an_empty_manifest_needs_a_confirmation(cli: CliHarness, kling: KlingService) -> None:
    hold(cli, 10)
    cli.write({}, safety={"max_delete_percent": 100})
    what = "the manifest declares no voice, and the state holds 10"
    assert stopped(cli.apply(code=1), kling, what=what, hint="--allow-deletes 10")
    cli.write({"newcomer": voice("newcomer")}, safety={"max_delete_percent": 100})
    cli.apply()
    assert [task.name for task in kling.voices.values()] == ["newcomer"]


@pytest.mark.parametrize("number", [1, 2])
def test_an_empty_manifest_over_any_state_stops(cli: CliHarness, kling: KlingService, number: int) -> None:
    hold(cli, number)
    cli.write({})
    what = f"the manifest declares no voice, and the state holds {number}"
    assert what in cli.voicectl("plan", code=0).out
    assert stopped(cli.apply(code=1), kling, what=what, hint=f"--allow-deletes {number}")
    cli.apply("--allow-deletes", str(number))
    assert kling.voices == {}


# -- the number --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("wrong", ["0", "3", "5", "10"])
def test_a_wrong_number_stops_and_the_right_one_is_reported(
    four_of_ten: CliHarness, kling: KlingService, wrong: str
) -> None:
    ran = four_of_ten.apply("--allow-deletes", wrong, code=1)
    assert stopped(ran, kling, hint=NUMBER)


@pytest.mark.parametrize("option", ["--allow-deletes", "--allow-recreates"])
@pytest.mark.parametrize("command", ["plan", "apply"])
@pytest.mark.parametrize("given", ["-3", "abc", "4.5", ""])
def test_what_is_not_a_number_is_refused_before_anything(
    cli: CliHarness, command: str, option: str, given: str
) -> None:
    cli.declare("narrator")
    ran = cli.voicectl(command, option, given, code=1)
    assert f"Invalid value for '{option}'" in ran.err
    assert cli.kling.calls == []


def test_destroy_takes_no_number_below_zero(cli: CliHarness) -> None:
    cli.declare("narrator")
    assert "Invalid value" in cli.voicectl("destroy", "--auto-approve", "--allow-recreates", "-1", code=1).err


# -- where it is said --------------------------------------------------------------------------------------------------


def test_plan_shows_it_and_changes_nothing(four_of_ten: CliHarness) -> None:
    before = four_of_ten.files()
    told = four_of_ten.voicectl("plan", code=0)
    assert f"Stop: {OVER.format(10)}\n      {NUMBER}\n" in told.out
    assert four_of_ten.voicectl("plan", "--detailed-exitcode").code == 2
    assert four_of_ten.files() == before


def test_plan_json_keeps_its_document_and_says_it_beside(four_of_ten: CliHarness) -> None:
    told = four_of_ten.voicectl("plan", "--json", code=0)
    assert told.json["summary"]["delete"] == 4
    assert told.err == f"Stop: {OVER.format(10)}. {NUMBER}\n"


def test_apply_shows_the_plan_before_it_stops(four_of_ten: CliHarness, kling: KlingService) -> None:
    ran = four_of_ten.apply(code=1)
    assert stopped(ran, kling)
    cost = "4 calls, none of them paid: less than 1 s at 20 calls a second."
    assert f"Stop: {OVER.format(10)}\n      {NUMBER}\n\n{cost}\n" in ran.out
    assert ran.out.endswith("\n\nPlan: 4 to delete. 6 unchanged.\n")


def test_apply_json_says_it_and_ends_with_its_summary(four_of_ten: CliHarness, kling: KlingService) -> None:
    ran = four_of_ten.apply("--json", code=1)
    assert stopped(ran, kling)
    halt, summary = ran.events
    assert halt == {
        "format_version": 1,
        "format_minor": 0,
        "sequence": 1,
        "type": "stopped",
        "detail": f"{LARGE}: {OVER.format(10)}",
        "hint": NUMBER,
        "commands": ["voicectl apply --allow-deletes 4"],
    }
    assert (summary["type"], summary["total"], summary["done"], summary["left"]) == ("summary", 4, 0, 4)


def test_a_saved_plan_over_a_threshold_stops_and_shows_how_to_make_another(
    four_of_ten: CliHarness, kling: KlingService
) -> None:
    saved = four_of_ten.voicectl("plan", "--out", "large.plan", code=0)
    assert OVER.format(10) in saved.out
    ran = four_of_ten.voicectl("apply", "large.plan")
    assert stopped(ran, kling, hint="If you want that: voicectl plan --out large.plan --allow-deletes 4")


def test_a_plan_that_was_saved_with_its_number_is_applied(four_of_ten: CliHarness, kling: KlingService) -> None:
    four_of_ten.voicectl("plan", "--allow-deletes", "4", "--out", "large.plan", code=0)
    four_of_ten.voicectl("apply", "large.plan", code=0)
    assert len(kling.voices) == 6


def test_json_of_an_apply_that_can_not_begin_ends_with_its_summary_too(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    kling.refuse("list", 401, 1002, "Authorization is invalid", times=9)
    halt, summary = cli.apply("--json", code=1).events
    assert "code 1002: Authorization is invalid" in halt["detail"]
    assert (summary["type"], summary["done"]) == ("summary", 0)


# -- destroy -----------------------------------------------------------------------------------------------------------


def test_destroy_is_the_request_itself(cli: CliHarness, kling: KlingService) -> None:
    hold(cli, 10)
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert kling.voices == {}


def test_destroys_question_names_the_number(cli: CliHarness, kling: KlingService) -> None:
    hold(cli, 10)
    with cli.at_a_terminal("destroy") as screen:
        screen.until("Destroy 10 voices? Only 'yes' will be accepted: ")
        screen.type("no\n")
        assert screen.end()[0] == 1
    assert len(kling.voices) == 10


def test_voices_to_be_bought_again_have_a_number_of_their_own(cli: CliHarness, kling: KlingService) -> None:
    names = hold(cli, 10)
    for voice_id in list(kling.voices)[:4]:
        kling.delete_outside(voice_id)
    kling.deleted_voices = Deleted.VANISHES
    assert set(cli.actions().values()) == {"blocked"}
    for words in ([], ["--allow-recreates", "3"]):
        told = cli.apply(*words, code=1).out
        assert "blocked: gone: 4 of 10 recorded voices would be created and paid again, and the limit is 30 %" in told
        assert "If they are really deleted: voicectl apply --allow-recreates 4" in told
    assert kling.bought == 10
    cli.apply("--allow-recreates", "4")
    assert len(kling.voices) == len(names)
