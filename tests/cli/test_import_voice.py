"""Voices made elsewhere are taken in: watched, replaced and deleted like our own, and never bought."""

from __future__ import annotations

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import Deleted, KlingService


def test_an_imported_voice_is_taken_to_be_what_is_declared(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")  # its name is not the declared one
    cli.declare("narrator")
    told = cli.voicectl("import", "narrator", theirs, code=0)
    assert theirs in told.err
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert cli.voicectl("drift").code == 0
    assert cli.voice_id("narrator") == theirs

    cli.declare()
    cli.apply("--allow-deletes", "1")
    assert kling.voices == {}
    assert kling.count("create") == 0


def test_only_a_later_change_of_it_is_a_difference(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")
    cli.declare("narrator")
    cli.voicectl("import", "narrator", theirs, code=0)
    cli.declare(narrator=voice("narrator", voice_url="https://cdn.example.com/later.mp3"))
    assert cli.actions() == {"narrator": "replace"}
    cli.apply()
    assert kling.bought == 1
    assert theirs not in kling.voices


def test_an_imported_voice_that_vanishes_is_seen_as_gone(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    theirs, _ = kling.add_foreign("Made by hand", "Somebody's")
    cli.declare("narrator", "hero")
    cli.apply()
    cli.declare("narrator", "hero", "guest")
    cli.voicectl("import", "guest", theirs, code=0)
    kling.delete_outside(theirs)
    assert cli.actions() == {"guest": "create"}


def test_an_unknown_voice_is_not_imported(cli: CliHarness) -> None:
    cli.declare("narrator")
    refused = cli.voicectl("import", "narrator", "999000000000000001", code=1)
    assert "The voice 999000000000000001 was not found on this account" in refused.err
    assert "voicectl voices kling" in refused.err
    assert "No state here yet" in cli.voicectl("output", "--json", code=1).err


def test_a_second_import_is_refused(cli: CliHarness, kling: KlingService) -> None:
    theirs, other = kling.add_foreign("Made by hand", "Another")
    cli.declare("narrator", "hero")
    cli.voicectl("import", "narrator", theirs, code=0)
    assert "narrator has a voice already" in cli.voicectl("import", "narrator", other, code=1).err
    assert "is managed as narrator already" in cli.voicectl("import", "hero", theirs, code=1).err


def test_what_is_imported_must_be_declared(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")
    cli.declare("narrator")
    assert "declares no voice hero" in cli.voicectl("import", "hero", theirs, code=1).err


def test_an_existing_voice_is_managed_and_never_created(cli: CliHarness, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")
    cli.write({"guest": {"provider": "kling", "existing": {"voice_id": theirs}}})
    assert cli.actions() == {"guest": "recover"}
    cli.apply()
    assert cli.voice_id("guest") == theirs
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert kling.voices == {}
    assert kling.count("create") == 0
