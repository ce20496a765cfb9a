"""The state is lost, and the voices are there: nothing is bought before a person has said whose they are."""

from __future__ import annotations

import re

import pytest

from tests.support.desk import Desk, voice
from tests.support.kling_service import KlingService


@pytest.fixture
def lost(made: Desk) -> Desk:
    """The voices are there, and nobody knows them any more."""
    for path in made.folder.glob("voices.state.*"):
        path.unlink()
    return made


def test_a_lost_state_blocks_the_plan_with_the_question(lost: Desk, kling: KlingService) -> None:
    told = lost.voicectl("plan", "--detailed-exitcode", code=2)
    assert "was the state lost?" in told.out
    assert re.search(r"voicectl state rebuild --lineage [0-9a-f]{8}", told.out)
    assert set(lost.actions().values()) == {"blocked"}
    lost.apply(code=1)
    assert kling.count("create") == 0


REBUILD = ("state", "rebuild", "--auto-approve", "--lineage")


def test_rebuild_takes_the_voices_of_a_lineage_in(lost: Desk, kling: KlingService) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared voices: hero, narrator$", listed.out, re.MULTILINE)
    assert lost.voicectl(*REBUILD, lineage, code=0).err.endswith("Taken in: 2 voices.\n")
    assert lost.voicectl("plan", "--detailed-exitcode").code == 0
    lost.apply()
    assert kling.count("create") == 0
    assert {row["voice_id"] for row in lost.voicectl("output", "--json").json.values()} == set(kling.voices)


def test_rebuild_done_again_takes_in_what_is_left(lost: Desk, kling: KlingService) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared", listed.out, re.MULTILINE)
    lost.voicectl(*REBUILD, lineage, code=0)  # and died before it could say so
    assert lost.voicectl(*REBUILD, lineage, code=0).err.startswith("Taken in: 0 voices.\n")
    assert lost.actions() == {}


def test_a_new_lineage_leaves_them_to_somebody_else(lost: Desk, kling: KlingService) -> None:
    lost.voicectl("state", "rebuild", "--new-lineage", code=0)
    assert lost.actions() == {"hero": "create", "narrator": "create"}
    lost.apply()
    assert kling.bought == 2
    assert len(kling.voices) == 4
    lost.voicectl("destroy", "--auto-approve", code=0)
    assert len(kling.voices) == 2


def test_a_lineage_that_nothing_carries_is_refused(lost: Desk) -> None:
    refused = lost.voicectl("state", "rebuild", "--lineage", "00000000", code=1)
    assert "00000000" in refused.err
    lost.voicectl("state", "rebuild", "--lineage", "00000000", "--new-lineage", code=1)


def test_nothing_is_taken_in_before_a_person_agrees(lost: Desk) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared", listed.out, re.MULTILINE)
    refused = lost.voicectl("state", "rebuild", "--lineage", lineage, code=1)
    assert f"This takes 2 voices into voices.state.json, made under lineage {lineage}: hero, narrator." in refused.err
    assert "No other state may hold them" in refused.err
    assert f"voicectl state rebuild --lineage {lineage} --auto-approve" in refused.err
    assert not (lost.folder / "voices.state.json").exists()


def test_an_old_state_buys_nothing_and_deletes_nothing(made: Desk, kling: KlingService) -> None:
    old = (made.folder / "voices.state.json").read_bytes()
    made.declare("narrator", "hero", guest=voice("guest"))
    made.apply()
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/take-2.mp3"))
    made.apply()
    there = set(kling.voices)
    kling.calls.clear()
    (made.folder / "voices.state.json").write_bytes(old)
    made.declare("narrator", "hero")
    blocked = made.apply(code=1)
    assert "this state is older than the account" in blocked.out
    assert "state rebuild --lineage" in blocked.out
    drift = made.voicectl("drift", code=1)
    assert "This state is older than the account" in drift.out
    assert kling.count("create") == kling.count("delete") == 0
    assert set(kling.voices) == there


def test_a_pushed_backup_buys_nothing(made: Desk, kling: KlingService) -> None:
    (made.folder / "copy.json").write_text(made.voicectl("state", "pull", code=0).out)
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/take-2.mp3"))
    made.apply()
    kling.calls.clear()
    made.voicectl("state", "push", "--force", "copy.json", code=0)
    assert made.actions() == {"hero": "blocked"}
    made.apply(code=1)
    assert kling.count("create") == kling.count("delete") == 0
