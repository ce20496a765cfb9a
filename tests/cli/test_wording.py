"""What is said is true, and what is to be typed can be pasted."""

from __future__ import annotations

import json
import re
import shlex
import socket

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_rules import hiding
from tests.support.kling_service import KlingService


def test_an_unreached_cloud_is_not_reported_as_a_refusal(cli: CliHarness) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    account = {"type": "kling", "endpoint": f"http://127.0.0.1:{port}", "timeouts": {"operation": "0.5s"}}
    cli.write({"narrator": voice("narrator")}, providers={"kling": account})
    assert cli.voicectl("plan", code=1).err.startswith("Error: The cloud could not be reached\n")


def test_a_refusal_of_the_cloud_is_reported_as_a_refusal(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    kling.refuse("list", 401, 1002, "Authorization is not valid")
    assert cli.voicectl("plan", code=1).err.startswith("Error: The cloud refused the call\n")


# -- hints are whole commands ------------------------------------------------------------------------------------------


def whole_commands(told: str) -> list[list[str]]:
    """What a person would paste: from `voicectl` to the end of the sentence."""
    return [shlex.split(found)[1:] for found in re.findall(r"voicectl [^;(\n]*[^;(\n. ]", told)]


def test_a_failed_sample_says_the_command_that_pays_again(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["hero"] = "two voices"
    cli.declare("hero", file="studio.yaml")
    for told in (
        cli.apply("-f", "studio.yaml", code=1).out,
        cli.voicectl("-f", "studio.yaml", "plan", code=0).out,
        cli.apply("-f", "studio.yaml", "--json", code=1).events[0]["hint"],
    ):
        assert whole_commands(told) == [["-f", "studio.yaml", "apply", "--retry", "hero"]]
    kling.failing.clear()
    cli.voicectl(*whole_commands(told)[0], "--auto-approve", code=0)
    assert kling.bought == 2


def test_a_plan_to_be_saved_is_planned_again(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["hero"] = "two voices"
    cli.declare("hero")
    cli.apply(code=1)
    told = cli.voicectl("plan", "--out", "my plan", code=0).out
    assert "pay for the same again: voicectl plan --out 'my plan' --retry hero" in told


def test_at_a_terminal_too(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["hero"] = "two voices"
    cli.declare("hero", file="studio.yaml")
    with cli.at_a_terminal("-f", "studio.yaml", "apply", "--auto-approve", NO_COLOR="1") as screen:
        code, shown = screen.end()
    assert code == 1
    assert "voicectl -f studio.yaml apply --retry hero" in shown


def test_an_unknown_outcome_shows_three_whole_commands(cli: CliHarness, kling: KlingService) -> None:
    kling.refuse("create", 500, 5000, "internal error")
    kling.refused["hero"] = "the sample can't be fetched"
    cli.declare("hero")
    cli.apply(code=1)
    assert whole_commands(cli.voicectl("-C", ".", "plan", code=0).out) == [
        ["-C", ".", "resolve", "hero", "--voice-id", "ID"],
        ["-C", ".", "resolve", "hero", "--retry"],
        ["-C", ".", "resolve", "hero", "--forget"],
    ]


def test_a_declined_apply_shows_how_to_continue_without_confirmation(cli: CliHarness) -> None:
    cli.declare("hero")
    with cli.at_a_terminal("-C", ".", "destroy", NO_COLOR="1") as screen:
        assert screen.end()[0] == 0
    with cli.at_a_terminal("-C", ".", "apply", NO_COLOR="1") as screen:
        screen.until("accepted")
        screen.type("no\n")
        assert "run without confirmation: voicectl -C . apply --auto-approve" in screen.end()[1]


# -- what is blocked ---------------------------------------------------------------------------------------------------


def test_protection_from_defaults_is_named_and_its_hint_works(cli: CliHarness, kling: KlingService) -> None:
    protected = {"lifecycle": {"prevent_destroy": True}}
    cli.write({"hero": voice("hero")}, defaults=protected)
    cli.apply()
    way_out = "To allow it, write lifecycle: {prevent_destroy: false} in the entry; defaults say true."
    cli.write({"hero": voice("heroine")}, defaults=protected)
    assert way_out in cli.voicectl("plan", code=0).out
    assert way_out in cli.voicectl("destroy", "--auto-approve", code=1).out
    cli.write({"hero": voice("heroine") | {"lifecycle": {"prevent_destroy": False}}}, defaults=protected)
    cli.apply()
    assert [task.name for task in kling.voices.values()] == ["heroine"]


def test_protection_of_the_voice_itself_is_to_be_taken_from_it(cli: CliHarness) -> None:
    cli.write({"hero": voice("hero") | {"lifecycle": {"prevent_destroy": True}}})
    cli.apply()
    assert "remove lifecycle.prevent_destroy from the entry." in cli.voicectl("destroy", "--auto-approve", code=1).out


def test_an_existing_voice_that_can_not_be_looked_up_says_what_to_do(cli: CliHarness, kling: KlingService) -> None:
    [held] = kling.add_foreign("hero")
    cli.declare("narrator", hero={"provider": "kling", "existing": {"voice_id": held}})
    cli.apply()
    state = cli.folder / "voices.state.json"
    document = json.loads(state.read_text())
    for record in document["records"].values():
        record["task_id"] = None
    state.write_text(json.dumps(document))
    kling.listing = hiding("hero")
    told = cli.voicectl("plan", code=0).out
    assert "blocked hero (kling): could not determine whether the voice exists: it is missing from the list" in told
    console = f"Look for {held} in the cloud's console. If it is gone: voicectl state rm hero"
    assert f"{console}; then, to make a new voice, declare" in told


# -- times -------------------------------------------------------------------------------------------------------------


def test_times_are_reported_in_one_style(cli: CliHarness) -> None:
    cli.declare(hero=voice("hero") | {"lifecycle": {"keep_old": "36h"}})
    assert re.search(r"\(\d\.\d s, 1 of 1\)", cli.apply().out)
    shown = cli.voicectl("state", "show", "hero", code=0).out
    assert re.search(r"created_at +\d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC\n", shown)
    assert re.search(r"lifecycle.keep_old +36 h\n", shown)
    told = cli.apply("--replace", "hero").out + cli.voicectl("plan", code=0).out
    assert re.search(r"is kept until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d UTC \(keep_old\)", told)


def test_a_first_manifest_is_written_where_the_command_looked(cli: CliHarness) -> None:
    (cli.folder / "film").mkdir()
    told = cli.voicectl("-C", "film", "plan", code=1).err
    assert "Write a first manifest: voicectl -C film init; or name one with -f." in told
    cli.voicectl("-C", "film", "init", code=0)
    assert "Another name: voicectl -C film -f NAME.yaml init" in cli.voicectl("-C", "film", "init", code=1).err
