"""The state is lost, and the voices are there: nothing is bought before a person has said whose they are."""

from __future__ import annotations

import re

import pytest

from tests.support.desk import Desk
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


def test_rebuild_takes_the_voices_of_a_lineage_in(lost: Desk, kling: KlingService) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared voices: hero, narrator$", listed.out, re.MULTILINE)
    assert lost.voicectl("state", "rebuild", "--lineage", lineage, code=0).err == "Taken in: 2 voices.\n"
    assert lost.voicectl("plan", "--detailed-exitcode").code == 0
    lost.apply()
    assert kling.count("create") == 0
    assert {row["voice_id"] for row in lost.voicectl("output", "--json").json.values()} == set(kling.voices)


def test_rebuild_done_again_takes_in_what_is_left(lost: Desk, kling: KlingService) -> None:
    listed = lost.voicectl("state", "rebuild", code=0)
    [lineage] = re.findall(r"^([0-9a-f]{8})  2 declared", listed.out, re.MULTILINE)
    lost.voicectl("state", "rebuild", "--lineage", lineage, code=0)  # and died before it could say so
    assert lost.voicectl("state", "rebuild", "--lineage", lineage, code=0).err.startswith("Taken in: 0 voices.\n")
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
