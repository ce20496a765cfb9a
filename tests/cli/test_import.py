"""Voices made elsewhere are taken in: watched, replaced and deleted like our own, and never bought."""

from __future__ import annotations

from tests.support.desk import Desk, voice
from tests.support.kling_service import Deleted, KlingService


def test_an_imported_voice_is_taken_to_be_what_is_declared(desk: Desk, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")  # its name is not the declared one
    desk.declare("narrator")
    told = desk.voicectl("import", "narrator", theirs, code=0)
    assert theirs in told.err
    assert desk.voicectl("plan", "--detailed-exitcode").code == 0
    assert desk.voicectl("drift").code == 0
    assert desk.voice_id("narrator") == theirs

    desk.declare()
    desk.apply("--allow-deletes", "1")
    assert kling.voices == {}
    assert kling.count("create") == 0


def test_only_a_later_change_of_it_is_a_difference(desk: Desk, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")
    desk.declare("narrator")
    desk.voicectl("import", "narrator", theirs, code=0)
    desk.declare(narrator=voice("narrator", voice_url="https://cdn.example.com/later.mp3"))
    assert desk.actions() == {"narrator": "replace"}
    desk.apply()
    assert kling.bought == 1
    assert theirs not in kling.voices


def test_an_imported_voice_that_vanishes_is_seen_as_gone(desk: Desk, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    theirs, _ = kling.add_foreign("Made by hand", "Somebody's")
    desk.declare("narrator", "hero")
    desk.apply()
    desk.declare("narrator", "hero", "guest")
    desk.voicectl("import", "guest", theirs, code=0)
    kling.delete_outside(theirs)
    assert desk.actions() == {"guest": "create"}


def test_an_unknown_voice_is_not_imported(desk: Desk) -> None:
    desk.declare("narrator")
    refused = desk.voicectl("import", "narrator", "999000000000000001", code=1)
    assert "The voice 999000000000000001 was not found on this account" in refused.err
    assert "voicectl voices kling" in refused.err
    assert "No state here yet" in desk.voicectl("output", "--json", code=1).err


def test_a_second_import_is_refused(desk: Desk, kling: KlingService) -> None:
    theirs, other = kling.add_foreign("Made by hand", "Another")
    desk.declare("narrator", "hero")
    desk.voicectl("import", "narrator", theirs, code=0)
    assert "narrator has a voice already" in desk.voicectl("import", "narrator", other, code=1).err
    assert "is managed as narrator already" in desk.voicectl("import", "hero", theirs, code=1).err


def test_what_is_imported_must_be_declared(desk: Desk, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")
    desk.declare("narrator")
    assert "declares no voice hero" in desk.voicectl("import", "hero", theirs, code=1).err


def test_an_existing_voice_is_managed_and_never_created(desk: Desk, kling: KlingService) -> None:
    [theirs] = kling.add_foreign("Made by hand")
    desk.write({"guest": {"provider": "kling", "existing": {"voice_id": theirs}}})
    assert desk.actions() == {"guest": "recover"}
    desk.apply()
    assert desk.voice_id("guest") == theirs
    desk.voicectl("destroy", "--auto-approve", code=0)
    assert kling.voices == {}
    assert kling.count("create") == 0
