"""No state here: output, drift and destroy say what the accounts hold of this manifest; no light is green."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import OWEN, Deleted, KlingService


def lose(cli: CliHarness) -> str:
    """As on a fresh clone: the voices are there, the state is not. Returns its lineage's first eight characters."""
    lineage = str(cli.state["lineage"])[:8]
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    return lineage


@pytest.fixture
def lineage(made: CliHarness) -> str:
    return lose(made)


# -- output ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("words", [(), ("--json",), ("narrator",), ("narrator", "--json"), ("nobody",)])
def test_output_without_a_state_is_an_error_and_prints_nothing(cli: CliHarness, words: tuple[str, ...]) -> None:
    cli.declare("narrator")
    refused = cli.voicectl("output", *words, code=1)
    assert refused.out == ""
    assert refused.err.startswith("Error: No state here yet\n")
    assert str(cli.folder / "voices.state.json") in refused.err
    for way in ("voicectl state push FILE", "voicectl state rebuild", "voicectl apply", "-f PATH"):
        assert way in refused.err


def test_output_without_a_state_needs_no_manifest_to_say_so(cli: CliHarness) -> None:
    assert "No state here yet" in cli.voicectl("output", "--json", code=1).err


def test_the_commands_to_type_lead_to_this_place(cli: CliHarness) -> None:
    cli.declare("narrator", file="cast.yaml")
    refused = cli.voicectl("-f", "cast.yaml", "output", code=1)
    assert "voicectl -f cast.yaml state rebuild" in refused.err
    rehearsed = cli.voicectl("--sandbox", "-f", "cast.yaml", "output", code=1)
    assert "voicectl -f cast.yaml --sandbox state rebuild" in rehearsed.err


def test_output_of_a_state_without_a_voice_is_empty(cli: CliHarness, kling: KlingService) -> None:
    cli.write({})
    cli.apply()
    cli.declare("narrator")
    cli.voicectl("state", "rebuild", "--new-lineage", code=0)  # writes a state that holds nothing
    assert cli.voicectl("output", "--json", code=0).json == {}


# -- drift -------------------------------------------------------------------------------------------------------------


def test_drift_without_a_state_says_whose_voices_the_account_holds(made: CliHarness, lineage: str) -> None:
    refused = made.voicectl("drift", code=1)
    assert "No drift" not in refused.out
    assert f"no state here; the account holds 2 voices of this manifest, made under lineage {lineage}." in refused.err
    assert f"voicectl state rebuild --lineage {lineage}" in refused.err
    assert list(made.folder.glob("*.state.*")) == []


def test_drift_as_json_says_it_in_the_document_and_in_the_exit_code(made: CliHarness, lineage: str) -> None:
    refused = made.voicectl("drift", "--json", code=1)
    assert refused.json["lineage"] is None
    assert refused.json["serial"] is None
    assert [(d["address"], d["kind"]) for d in refused.json["drift"]] == [("hero", "surplus"), ("narrator", "surplus")]
    assert "no state here" in refused.err


def test_an_entry_that_has_changed_since_is_still_ours(made: CliHarness, lineage: str, kling: KlingService) -> None:
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/another.mp3"))
    refused = made.voicectl("drift", code=1)
    assert "the account holds 2 voices of this manifest" in refused.err
    assert "moved to another provider since: hero." in refused.err
    assert re.search(r"voicectl import hero \d+", refused.err)
    made.voicectl("destroy", "--auto-approve", code=1)
    assert kling.count("delete") == 0


def test_the_next_commands_that_it_names_work(made: CliHarness, lineage: str) -> None:
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/another.mp3"))
    told = made.voicectl("drift", code=1).err
    [rebuild] = re.findall(r"voicectl (state rebuild --lineage \w+)", told)
    [taken] = re.findall(r"voicectl (import hero \d+)", told)
    made.voicectl(*rebuild.split(), "--auto-approve", code=0)
    made.voicectl(*taken.split(), code=0)
    assert made.voicectl("drift", code=0).out == "No drift.\n"


def test_one_address_is_not_taken_for_the_beginning_of_another(made: CliHarness, lineage: str) -> None:
    made.declare("narrator2", "hero_of_the_day")
    told = made.voicectl("drift", code=0)
    assert f"made under lineage {lineage}" in told.err
    assert "2 declared, but do not exist: narrator2, hero_of_the_day" in told.out


def test_a_long_address_is_known_by_its_beginning(cli: CliHarness, kling: KlingService) -> None:
    long = "a_narrator_with_a_rather_long_address_of_its_own"
    cli.write({long: voice("short")})
    cli.apply()
    lineage = lose(cli)
    cli.write({long: voice("short", voice_url="https://cdn.example.com/other.mp3")})
    assert f"1 voice of this manifest, made under lineage {lineage}" in cli.voicectl("drift", code=1).err


def test_several_lineages_are_listed_with_their_counts(made: CliHarness, lineage: str) -> None:
    made.declare("narrator", "hero", "villain")
    made.voicectl("state", "rebuild", "--new-lineage", code=0)
    made.apply()
    other = lose(made)
    refused = made.voicectl("drift", code=1)
    assert f"holds 5 voices of this manifest, made under lineages {other} (3), {lineage} (2)." in refused.err


def test_voices_of_another_manifest_are_one_note_and_change_no_exit_code(
    made: CliHarness, lineage: str, kling: KlingService
) -> None:
    made.declare("third", "fourth")
    told = made.voicectl("drift", code=0)
    assert f"2 voices that no entry here declares, made under lineage {lineage}, another manifest's state" in told.err
    assert "kling: 2 declared, but do not exist: third, fourth" in told.out
    assert "No drift: nothing was made yet." in told.out
    destroyed = made.voicectl("destroy", "--auto-approve", code=0)
    assert "There is nothing to destroy." in destroyed.out
    assert f"made under lineage {lineage}" in destroyed.out
    assert kling.count("delete") == 0


def test_an_empty_account_is_shown_as_it_is(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    told = cli.voicectl("drift", code=0)
    assert told.out == (
        "kling: 2 declared, but do not exist: narrator, hero\n\n"
        "No drift: nothing was made yet. To make what is declared: voicectl apply\n"
    )
    assert cli.voicectl("drift", "--json", code=0).json["drift"] == []
    assert "There is nothing to destroy." in cli.voicectl("destroy", "--auto-approve", code=0).out


def test_a_failed_task_is_not_a_voice(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["narrator"] = "too noisy"
    cli.declare("narrator")
    cli.apply(code=1)
    lose(cli)
    assert "declared, but do not exist: narrator" in cli.voicectl("drift", code=0).out


def test_a_task_that_still_runs_is_ours(cli: CliHarness, kling: KlingService) -> None:
    kling.add_foreign("narrator", external_task_id="vc-0123abcd-narrator-89abcdef-1", seconds=3600)
    cli.declare("narrator")
    assert "1 voice of this manifest, made under lineage 0123abcd" in cli.voicectl("drift", code=1).err


def test_drift_and_destroy_fail_if_the_account_can_not_be_listed(
    made: CliHarness, lineage: str, kling: KlingService
) -> None:
    kling.refuse("list", 403, 1103, times=2)
    assert made.voicectl("drift", code=1).out == ""
    assert "othing to destroy" not in made.voicectl("destroy", "--auto-approve", code=1).out


def test_drift_fails_with_an_empty_state_too(made: CliHarness, lineage: str) -> None:
    made.write({"other": voice("other")})
    made.voicectl("state", "rebuild", "--new-lineage", code=0)
    made.declare("narrator", "hero")
    refused = made.voicectl("drift", code=1)
    assert "this state holds no voice; the account holds 2 voices of this manifest" in refused.err
    made.voicectl("state", "rebuild", "--new-lineage", code=0)  # now somebody has said that they are not ours
    assert "declared, but do not exist: narrator, hero" in made.voicectl("drift", code=0).out


def test_drift_fails_if_the_state_lacks_other_voices_of_the_account(made: CliHarness, lineage: str) -> None:
    made.declare("narrator", "hero", "villain")
    made.apply(code=1)  # villain is bought; the others are blocked, because a lost state may hold them
    drifted = made.voicectl("drift", code=1)
    assert "The account holds 2 voices of this manifest that this state does not know." in drifted.out
    assert f"voicectl state rebuild --lineage {lineage}" in drifted.out
    assert made.voicectl("drift", "--json").code == 1
    made.voicectl("state", "rebuild", "--new-lineage", code=0)
    assert made.voicectl("drift", code=0).out == "No drift.\n"


def test_looking_for_lineages_leaves_no_empty_state_behind(made: CliHarness, lineage: str) -> None:
    made.voicectl("state", "rebuild", code=0)
    assert list(made.folder.glob("*.state.json")) == []


# -- destroy -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("more", [(), ("--json",)])
def test_destroy_without_a_state_deletes_nothing_and_says_what_is_there(
    made: CliHarness, lineage: str, kling: KlingService, more: tuple[str, ...]
) -> None:
    refused = made.voicectl("destroy", "--auto-approve", *more, code=1)
    assert f"no state here; the account holds 2 voices of this manifest, made under lineage {lineage}" in refused.err
    assert "nothing to destroy" not in refused.out
    assert kling.count("delete") == 0
    assert list(made.folder.glob("*.state.json")) == []


def test_after_a_destroy_there_is_nothing_to_destroy(made: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    made.voicectl("destroy", "--auto-approve", code=0)
    assert "There is nothing to destroy." in made.voicectl("destroy", "--auto-approve", code=0).out
    lose(made)
    assert "There is nothing to destroy." in made.voicectl("destroy", "--auto-approve", code=0).out


# -- official and existing voices --------------------------------------------------------------------------------------


def test_declared_presets_need_no_state(cli: CliHarness, kling: KlingService) -> None:
    cli.write({"owen": {"provider": "kling", "preset": {"voice_id": OWEN}}})
    assert cli.voicectl("drift", code=0).out == "kling: 1 exist: owen\n\nNo drift.\n"
    cli.write({"owen": {"provider": "kling", "preset": {"voice_id": "404"}}})
    missing = cli.voicectl("drift", code=2)
    assert "kling: 1 declared as existing, but do not exist: owen" in missing.out
    [drift] = cli.voicectl("drift", "--json", code=2).json["drift"]
    assert (drift["address"], drift["kind"]) == ("owen", "gone")


def test_an_existing_voice_is_looked_for(cli: CliHarness, kling: KlingService) -> None:
    [found] = kling.add_foreign("hero")
    cli.write({"hero": {"provider": "kling", "existing": {"voice_id": found}}})
    assert "kling: 1 exist: hero" in cli.voicectl("drift", code=0).out
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert kling.count("delete") == 0


# -- commands that need a state ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("drift", "--accept", "hero"),
        ("resolve", "hero", "--retry"),
        ("state", "mv", "hero", "other"),
        ("state", "rm", "hero"),
        ("state", "rebind", "kling"),
        ("state", "list"),
        ("state", "show", "hero"),
        ("state", "pull"),
        ("show",),
    ],
)
def test_what_needs_a_state_says_that_there_is_none_and_makes_none(
    made: CliHarness, lineage: str, words: tuple[str, ...]
) -> None:
    assert "No state here yet" in made.voicectl(*words, code=1).err
    assert list(made.folder.glob("*.state.json")) == []


def test_voices_needs_no_state(made: CliHarness, lineage: str) -> None:
    assert len(made.voicectl("voices", "kling", "--json", code=0).json) == 2


def test_the_sandbox_is_asked_alike(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    cli.voicectl("--sandbox", "apply", "--auto-approve", code=0)
    for path in Path(cli.folder / ".voicectl").glob("voices.state.*"):
        path.unlink()
    assert "holds 2 voices of this manifest" in cli.voicectl("--sandbox", "drift", code=1).err
    assert "holds 2 voices of this manifest" in cli.voicectl("--sandbox", "destroy", "--auto-approve", code=1).err
    cli.voicectl("--sandbox", "output", "--json", code=1)
