"""A voice that was renamed in the cloud's console is drift, until a person says that the name is meant."""

from __future__ import annotations

import json

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService


@pytest.fixture
def renamed(made: CliHarness, kling: KlingService) -> CliHarness:
    kling.rename_outside(made.voice_id("hero"), "Somebody")
    return made


def test_drift_says_how_a_new_name_is_accepted(renamed: CliHarness) -> None:
    told = renamed.voicectl("-C", ".", "drift", code=2).out
    assert "If a new name is meant: voicectl -C . drift --accept ADDRESS\n" in told


def test_an_accepted_name_is_not_drift_and_buys_nothing(renamed: CliHarness, kling: KlingService) -> None:
    told = renamed.voicectl("drift", "--accept", "hero", code=0)
    assert told.err == "hero is named Somebody from now on.\n"
    assert told.out == "No drift.\n"
    assert renamed.voicectl("plan", "--detailed-exitcode").code == 0
    assert renamed.voicectl("output", "--json", code=0).json["hero"]["voice_name"] == "Somebody"
    renamed.apply()
    assert kling.count("create") == kling.count("delete") == 0


def test_a_later_name_is_drift_again(renamed: CliHarness, kling: KlingService) -> None:
    renamed.voicectl("drift", "--accept", "hero", code=0)
    kling.rename_outside(renamed.voice_id("hero"), "hero")
    [drift] = renamed.voicectl("drift", "--json", code=2).json["drift"]
    assert drift["fields"] == [{"name": "voice_name", "before": "Somebody", "after": "hero"}]


def test_what_is_not_named_stays_drift(renamed: CliHarness, kling: KlingService) -> None:
    kling.rename_outside(renamed.voice_id("narrator"), "Nobody")
    told = renamed.voicectl("drift", "--accept", "hero", "--json", code=2).json
    assert [drift["address"] for drift in told["drift"]] == ["narrator"]


@pytest.mark.parametrize(
    ("address", "said"), [("narrator", "narrator was not renamed"), ("nobody", "nobody is not in the state")]
)
def test_only_a_name_that_changed_can_be_accepted(renamed: CliHarness, address: str, said: str) -> None:
    before = renamed.state
    assert said in renamed.voicectl("drift", "--accept", "hero", "--accept", address, code=1).err
    assert renamed.state == before


def test_a_voice_that_is_gone_can_not_be_accepted(made: CliHarness, kling: KlingService) -> None:
    kling.tasks.clear()
    assert "hero is gone" in made.voicectl("drift", "--accept", "hero", code=1).err


def test_a_saved_plan_is_out_of_date_after_it(renamed: CliHarness) -> None:
    renamed.declare("hero")
    renamed.voicectl("plan", "--out", "p", code=0)
    renamed.declare("narrator", "hero")
    renamed.voicectl("drift", "--accept", "hero", code=0)
    renamed.declare("hero")
    assert "out of date" in renamed.voicectl("apply", "p", code=4).err
    assert json.loads((renamed.folder / "p").read_text())
