"""A changed sample under `lifecycle: {replace: review}`: apply, plan, accept and reject, as a person types them."""

from __future__ import annotations

import json
from typing import Any

from reconciler.model.state import Status
from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService

OUTPUTS = [{"path": "voices.env", "format": "dotenv"}]


def declared(sample: str, **lifecycle: Any) -> dict[str, Any]:
    entry = voice("narrator", voice_url=f"https://cdn.example.com/{sample}.mp3")
    return entry | {"lifecycle": {"replace": "review"} | lifecycle}


def with_candidate(cli: CliHarness, **lifecycle: Any) -> tuple[str, str]:
    """The ids of the voice and of its candidate."""
    for sample in ("a", "b"):
        cli.write({"narrator": declared(sample, **lifecycle)}, outputs=OUTPUTS)
        cli.apply()
    [waiting] = cli.plan()["candidates"]
    return waiting["current_voice_id"], waiting["voice_id"]


def output_file(cli: CliHarness) -> str:
    return (cli.folder / "voices.env").read_text()


def test_a_plan_says_what_is_made_for_review_and_then_what_waits(cli: CliHarness, kling: KlingService) -> None:
    cli.write({"narrator": declared("a")})
    cli.apply()
    cli.write({"narrator": declared("b")})
    planned = cli.voicectl("plan", code=0)
    assert "made for review: the current voice stays until you accept the new one" in planned.out
    assert '"https://cdn.example.com/a.mp3" -> "https://cdn.example.com/b.mp3"' in planned.out
    [change] = cli.plan()["changes"]
    assert (change["action"], change["for_review"]) == ("create", True)

    cli.apply()
    waiting = cli.voicectl("plan", "--detailed-exitcode", code=0)
    assert "No changes. 1 candidate waits for review." in waiting.out
    assert "voicectl accept narrator" in waiting.out
    assert "voicectl reject narrator" in waiting.out
    assert "voicectl accept narrator" in cli.voicectl("plan", "--format", "markdown", code=0).out
    assert kling.bought == 2


def test_accept_switches_the_outputs_before_the_old_voice_is_deleted(cli: CliHarness, kling: KlingService) -> None:
    old, new = with_candidate(cli)
    kling.failing["broken"] = "noise"
    cli.write({"narrator": declared("b"), "broken": voice("broken")}, outputs=OUTPUTS)  # so no file can be written
    held = cli.voicectl("accept", "narrator", code=1)
    assert f"{old} is not deleted: voices.env still names it" in held.out
    assert (old in output_file(cli), old in kling.voices) == (True, True)
    cli.write({"narrator": declared("b")}, outputs=OUTPUTS)
    cli.apply()
    assert (cli.voice_id("narrator"), new in output_file(cli), old in output_file(cli)) == (new, True, False)
    assert set(kling.voices) == {new}
    assert kling.bought == 2


def test_accept_needs_no_terminal_and_its_events_are_those_of_an_apply(cli: CliHarness, kling: KlingService) -> None:
    _, new = with_candidate(cli)
    events = cli.voicectl("accept", "narrator", "--json", code=0).events
    assert events[-1]["type"] == "summary"
    assert cli.voice_id("narrator") == new


def test_reject_keeps_the_outputs_and_the_next_apply_says_how_to_go_on(cli: CliHarness, kling: KlingService) -> None:
    old, new = with_candidate(cli)
    cli.voicectl("reject", "narrator", code=0)
    assert (cli.voice_id("narrator"), set(kling.voices)) == (old, {old})
    refused = cli.apply(code=1)
    assert "a voice of these inputs was rejected" in refused.out
    assert "voicectl apply --retry narrator" in refused.out
    assert (kling.bought, new in output_file(cli)) == (2, False)


def test_a_person_at_a_terminal_is_asked_first(cli: CliHarness, kling: KlingService) -> None:
    old, _ = with_candidate(cli)
    with cli.at_a_terminal("accept", "narrator") as terminal:
        terminal.until("Only 'yes' will be accepted")
        terminal.type("no\r")
        code, _ = terminal.end()
    assert code == 1
    assert cli.voice_id("narrator") == old


def test_an_address_that_is_not_declared_is_not_decided_on(cli: CliHarness, kling: KlingService) -> None:
    """Without its entry a plan would delete both voices."""
    old, new = with_candidate(cli)
    cli.write({"hero": voice("hero")})
    for verb in ("accept", "reject"):
        refused = cli.voicectl(verb, "narrator", code=1)
        assert f"{verb} narrator: the manifest declares no such voice." in refused.err
    assert set(kling.voices) == {old, new}


def test_show_and_the_state_list_name_the_candidate(cli: CliHarness) -> None:
    _, new = with_candidate(cli)
    assert "narrator: candidate" in cli.voicectl("show", code=0).out
    [listed] = [row for row in cli.voicectl("state", "list", "--json").json if row["status"] == Status.CANDIDATE]
    assert (listed["voice_id"], listed["current"]) == (new, False)


def test_review_makes_the_new_voice_first(cli: CliHarness) -> None:
    cli.write({"narrator": declared("a", create_before_destroy=False)})
    refused = cli.voicectl("validate", code=1)
    assert "lifecycle.replace: makes the new voice beside the old one" in refused.err


def test_a_saved_plan_of_a_candidate_is_applied_as_it_was_reviewed(cli: CliHarness, kling: KlingService) -> None:
    cli.write({"narrator": declared("a")})
    cli.apply()
    cli.write({"narrator": declared("b")})
    cli.voicectl("plan", "--out", "p", code=0)
    assert json.loads((cli.folder / "p").read_text())["plan"]["changes"][0]["candidate"] is True
    cli.voicectl("apply", "p", code=0)
    assert (kling.bought, len(cli.plan()["candidates"])) == (2, 1)
    cli.voicectl("accept", "narrator", code=0)
    assert "candidates" not in cli.plan()


def test_a_candidate_and_what_was_rejected_move_to_another_state_with_their_voice(
    cli: CliHarness, kling: KlingService
) -> None:
    _, new = with_candidate(cli)
    there = CliHarness(cli.folder, kling, manifest="games.yaml")
    there.write({"narrator": declared("b")})
    cli.write({"hero": voice("hero")}, outputs=OUTPUTS)
    cli.voicectl("state", "mv", "--to-manifest", "games.yaml", "narrator", code=0)
    assert [waiting["voice_id"] for waiting in there.plan()["candidates"]] == [new]
    there.voicectl("reject", "narrator", code=0)

    cli.write({"hero": voice("hero"), "narrator": declared("b")}, outputs=OUTPUTS)
    there.write({"villain": voice("villain")})
    there.voicectl("state", "mv", "--to-manifest", "voices.yaml", "narrator", code=0)
    assert "a voice of these inputs was rejected" in cli.voicectl("plan", code=0).out
    assert kling.bought == 2


def test_after_a_lost_state_nothing_is_bought_or_deleted(cli: CliHarness, kling: KlingService) -> None:
    """Markers do not say which voice was current: the one that the entry declares becomes it."""
    old, new = with_candidate(cli)
    for path in cli.folder.glob("voices.state.*"):
        path.unlink()
    lineage = str(kling.tasks[0].external_task_id).split("-")[1]
    cli.voicectl("state", "rebuild", "--lineage", lineage, "--auto-approve", code=0)
    cli.apply()
    assert (kling.bought, set(kling.voices), cli.voice_id("narrator")) == (2, {old, new}, new)


def test_each_hint_of_a_third_sample_can_be_followed(cli: CliHarness, kling: KlingService) -> None:
    """An accept is refused while the entry declares other inputs, so it is not offered."""
    with_candidate(cli)
    cli.write({"narrator": declared("c")}, outputs=OUTPUTS)
    asked = cli.voicectl("plan", code=0).out
    assert "voicectl accept" not in asked
    assert "To delete the candidate: voicectl reject narrator" in asked
    assert "to pay for another voice, which replaces the candidate: voicectl apply --replace narrator" in asked
    cli.voicectl("apply", "--replace", "narrator", "--auto-approve", code=0)
    assert kling.bought == 3


def test_a_candidate_is_accepted_and_not_imported(cli: CliHarness) -> None:
    _, new = with_candidate(cli)
    cli.voicectl("state", "rm", "narrator", code=0)
    refused = cli.voicectl("import", "narrator", new, code=1)
    assert f"The voice {new} is the candidate of narrator." in refused.err
    assert "voicectl accept narrator" in refused.err
    cli.voicectl("accept", "narrator", code=0)
    assert cli.voice_id("narrator") == new


def test_a_removed_entry_may_leave_its_candidate_in_the_account(cli: CliHarness, kling: KlingService) -> None:
    old, new = with_candidate(cli)
    cli.write({"hero": voice("hero")}, outputs=OUTPUTS, removed=[{"address": "narrator", "destroy": False}])
    cli.apply()
    assert {old, new} < set(kling.voices)


def test_a_plan_that_was_saved_before_an_accept_is_stale_after_it(cli: CliHarness, kling: KlingService) -> None:
    _, new = with_candidate(cli)
    cli.write({"narrator": declared("c")})
    cli.voicectl("plan", "--replace", "narrator", "--out", "p", code=0)
    cli.write({"narrator": declared("b")})
    cli.voicectl("accept", "narrator", code=0)
    cli.write({"narrator": declared("c")})
    cli.voicectl("apply", "p", code=4)
    assert (kling.bought, cli.voice_id("narrator")) == (2, new)


def test_a_candidate_of_another_entry_is_not_shown_by_an_accept(cli: CliHarness) -> None:
    for sample in ("a", "b"):
        cli.write({name: declared(sample) for name in ("narrator", "hero")})
        cli.apply()
    said = cli.voicectl("accept", "narrator", code=0).out
    assert "voicectl accept hero" not in said
    assert "voicectl reject hero" in cli.voicectl("plan", code=0).out
