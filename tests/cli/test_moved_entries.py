"""`moved:` and `removed:` in a manifest, planned and applied by whole processes."""

from __future__ import annotations

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService


def test_a_rename_with_another_sample_moves_and_replaces(made: CliHarness, kling: KlingService) -> None:
    entries = {"narrator": voice("narrator"), "champion": voice("hero", voice_name="Champion")}
    made.write(entries, moved=[{"from": "hero", "to": "champion"}])
    out = made.voicectl("plan", code=0).out
    assert "as the manifest says under moved:" in out
    made.apply()
    assert sorted(task.name for task in kling.voices.values()) == ["Champion", "narrator"]
    assert (kling.count("create"), kling.count("delete")) == (1, 1)
    assert made.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_saved_plan_applies_a_declared_rename(made: CliHarness, kling: KlingService) -> None:
    held = made.voice_id("hero")
    made.write({"narrator": voice("narrator"), "star": voice("hero")}, moved=[{"from": "hero", "to": "star"}])
    made.voicectl("plan", "--out", "p", code=0)
    made.voicectl("apply", "p", code=0)
    assert made.voice_id("star") == held
    assert kling.count("create") == kling.count("delete") == 0


def test_a_removed_entry_with_destroy_false_stays_in_the_account(made: CliHarness, kling: KlingService) -> None:
    held = made.voice_id("hero")
    made.write({"narrator": voice("narrator")}, removed=[{"address": "hero", "destroy": False}])
    assert made.actions() == {"hero": "forget"}
    made.apply()
    assert held in kling.voices
    assert made.voicectl("plan", "--detailed-exitcode").code == 0
    assert made.voicectl("drift", code=0).out == "No drift.\n"
