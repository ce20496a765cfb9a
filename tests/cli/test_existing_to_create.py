"""An entry that has a voice made elsewhere gets a `create`: voicectl asks before it pays for another voice."""

from __future__ import annotations

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService

Fields = dict[str, object]


def existing(voice_id: str, **more: object) -> Fields:
    return {"provider": "kling", "existing": {"voice_id": voice_id}, **more}


@pytest.fixture
def theirs(cli: CliHarness, kling: KlingService) -> str:
    """The voice_id of `hero`, which was made by hand and taken in."""
    [voice_id] = kling.add_foreign("Hero")
    cli.declare(hero=existing(voice_id))
    cli.apply()
    return voice_id


def test_the_creation_is_blocked_and_both_ways_are_named(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.declare(hero=voice("Hero"))
    planned = cli.voicectl("plan", code=0).out
    assert f"hero has the voice {theirs}, which voicectl did not make" in planned
    assert f"voicectl import hero {theirs}" in planned
    assert "--replace hero" in planned
    cli.apply(code=1)
    assert kling.count("create") == kling.count("delete") == 0
    assert cli.voice_id("hero") == theirs


def test_import_keeps_the_voice_as_what_is_declared(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.declare(hero=voice("Hero"))
    cli.voicectl("import", "hero", theirs, code=0)
    assert "No changes. 1 voice is as declared." in cli.voicectl("plan", code=0).out
    assert cli.voicectl("drift").code == 0
    assert list(cli.state["current"]) == ["hero"]
    assert len(cli.state["records"]) == 1
    cli.declare(hero=voice("Hero", voice_url="https://cdn.example.com/later.mp3"))
    assert cli.actions() == {"hero": "replace"}
    assert kling.count("create") == 0


def test_replace_pays_for_a_new_voice_once(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.declare(hero=voice("Hero"))
    cli.apply("--replace", "hero")
    assert kling.bought == 1
    assert theirs not in kling.voices
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_another_voice_than_that_of_the_entry_is_not_imported_over_it(
    cli: CliHarness, kling: KlingService, theirs: str
) -> None:
    [other] = kling.add_foreign("Other")
    cli.declare(hero=voice("Hero"))
    assert f"hero has a voice already, {theirs}" in cli.voicectl("import", "hero", other, code=1).err


def test_prevent_destroy_is_named_where_it_forbids_the_new_voice(
    cli: CliHarness, kling: KlingService, theirs: str
) -> None:
    cli.declare(hero=voice("Hero") | {"lifecycle": {"prevent_destroy": True}})
    assert f"voicectl import hero {theirs}" in cli.voicectl("plan", code=0).out
    refused = cli.apply("--replace", "hero", code=1)
    assert "prevent_destroy" in refused.out
    assert kling.count("create") == kling.count("delete") == 0


def test_a_voice_that_is_gone_is_created_without_a_question(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    kling.delete_outside(theirs)
    kling.tasks.clear()
    kling.add_foreign("Of the same owner")
    cli.declare(hero=voice("Hero"))
    assert cli.actions("--allow-recreates", "1") == {"hero": "create"}


def test_a_renamed_entry_is_asked_about_too(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.declare(lead=voice("Hero"))
    assert cli.actions() == {"hero": "blocked", "lead": "blocked"}
    planned = cli.voicectl("plan", code=0).out
    assert f"voicectl import lead {theirs}" in planned
    assert "--retry lead" in planned
    cli.apply(code=1)
    assert kling.count("create") == kling.count("delete") == 0


def test_the_renamed_entry_keeps_the_voice(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.declare(lead=voice("Hero"))
    cli.voicectl("import", "lead", theirs, code=0)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert cli.voice_id("lead") == theirs
    assert list(cli.state["current"]) == ["lead"]
    assert len(cli.state["records"]) == 1


def test_a_released_voice_is_asked_about_too(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.voicectl("state", "rm", "hero", code=0)
    cli.declare(lead=voice("Hero"))
    assert cli.actions() == {"lead": "blocked"}
    cli.voicectl("import", "lead", theirs, code=0)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.count("create") == 0


def test_the_renamed_entry_pays_where_retry_asks_for_it(cli: CliHarness, kling: KlingService, theirs: str) -> None:
    cli.declare(lead=voice("Hero"))
    assert cli.actions("--retry", "lead") == {"hero": "delete", "lead": "create"}


def test_another_name_is_another_voice(cli: CliHarness, theirs: str) -> None:
    cli.declare(lead=voice("Somebody"))
    assert cli.actions() == {"hero": "delete", "lead": "create"}
