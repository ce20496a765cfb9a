"""A saved plan: what was reviewed is what runs, once."""

from __future__ import annotations

import time
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import Deleted, KlingService

SECRET = "X-Amz-Signature=f00dfeedf00dfeed"


@pytest.fixture
def planned(cli: CliHarness) -> CliHarness:
    """Three voices to be made, in the plan file `p`."""
    cli.declare("narrator", "hero", "villain")
    cli.voicectl("plan", "--out", "p", code=0)
    return cli


def test_it_is_applied_without_a_question_and_can_be_applied_only_once(
    planned: CliHarness, kling: KlingService
) -> None:
    planned.voicectl("apply", "p", code=0)
    assert kling.bought == 3
    assert planned.voicectl("plan", "--detailed-exitcode").code == 0

    refused = planned.voicectl("apply", "p", code=4)
    assert "The plan was applied already" in refused.err
    assert kling.count("create") == 3


def test_it_is_refused_after_another_apply(planned: CliHarness, kling: KlingService) -> None:
    planned.apply()
    assert "The plan is out of date" in planned.voicectl("apply", "p", code=4).err
    assert kling.count("create") == 3


def test_of_two_plans_of_one_state_only_the_first_is_applied(planned: CliHarness, kling: KlingService) -> None:
    planned.declare("narrator", "hero", "villain", "fourth")
    planned.voicectl("plan", "--out", "q", code=0)
    planned.voicectl("apply", "q", code=0)
    planned.voicectl("apply", "p", code=4)
    assert kling.count("create") == 4


def test_it_is_refused_when_inputs_changed_since(planned: CliHarness, kling: KlingService) -> None:
    planned.declare("narrator", "hero", villain=voice("villain", voice_url="https://cdn.example.com/other.mp3"))
    refused = planned.voicectl("apply", "p", code=4)
    assert "The plan is out of date" in refused.err
    assert "villain" in refused.err
    assert kling.count("create") == 0


def test_a_sandbox_plan_is_not_applied_to_real_accounts_or_the_reverse(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    cli.voicectl("--sandbox", "plan", "--out", "rehearsed", code=0)
    refused = cli.voicectl("apply", "rehearsed", code=4)
    assert "The plan was made in the sandbox, but this run uses real accounts." in refused.err
    assert kling.calls == []
    cli.voicectl("plan", "--out", "real", code=0)
    assert "The plan was made for real accounts" in cli.voicectl("--sandbox", "apply", "real", code=4).err


def test_what_was_declared_since_waits_for_the_next_plan(planned: CliHarness, kling: KlingService) -> None:
    planned.declare("narrator", "hero", "villain", "unreviewed")
    assert planned.voicectl("apply", "p", "--json", code=0).events[-1]["done"] == 3
    assert sorted(t.name for t in kling.voices.values()) == ["hero", "narrator", "villain"]
    assert planned.actions() == {"unreviewed": "create"}


def test_a_link_signed_again_is_the_same_sample(cli: CliHarness, kling: KlingService) -> None:
    link = "https://cdn.example.com/hero.mp3?X-Amz-Signature="
    cli.declare(hero=voice("hero", voice_url=link + "first"))
    cli.voicectl("plan", "--out", "p", code=0)
    cli.declare(hero=voice("hero", voice_url=link + "second"))
    cli.voicectl("apply", "p", code=0)
    assert [c.body["voice_url"] for c in kling.calls if c.operation == "create"] == [link + "second"]


def test_it_holds_no_secret_of_a_link(cli: CliHarness, kling: KlingService) -> None:
    cli.declare(hero=voice("hero", voice_url=f"https://cdn.example.com/hero.mp3?{SECRET}&part=private-word"))
    cli.voicectl("plan", "--out", "p", code=0)
    saved = (cli.folder / "p").read_text()
    assert "f00dfeed" not in saved
    assert "private-word" not in saved
    cli.voicectl("apply", "p", code=0)
    assert SECRET in kling.calls[-1].body.get("voice_url", "") or any(
        SECRET in str(call.body.get("voice_url")) for call in kling.calls
    )


def test_a_plan_of_nothing_can_be_applied_only_once_too(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    cli.voicectl("plan", "--out", "p", code=0)
    cli.voicectl("apply", "p", code=0)
    cli.voicectl("apply", "p", code=4)


def test_a_plan_to_delete_deletes_what_was_reviewed_only(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero", "villain")
    cli.apply()
    cli.declare("narrator", "hero")
    cli.voicectl("plan", "--out", "p", code=0)
    cli.declare("narrator")
    cli.voicectl("apply", "p", code=0)
    assert sorted(t.name for t in kling.voices.values()) == ["hero", "narrator"]


def test_a_replace_whose_old_voice_is_gone_by_now_only_makes_the_new_one(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    cli.declare("narrator", "hero")
    cli.apply()
    cli.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/better.mp3"))
    cli.voicectl("plan", "--out", "p", code=0)
    kling.delete_outside(cli.voice_id("hero"))
    cli.voicectl("apply", "p", code=0)
    assert kling.count("create") == 3
    assert kling.count("delete") == 0


def test_it_is_refused_when_a_voice_to_be_deleted_was_declared_again(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    cli.apply()
    cli.declare("narrator")
    cli.voicectl("plan", "--out", "p", code=0)
    cli.declare("narrator", "hero")
    assert "The plan is out of date" in cli.voicectl("apply", "p", code=4).err
    assert kling.count("delete") == 0


def test_killed_half_way_it_continues_and_is_refused_after_it_was_done(tmp_path: Path, kling: KlingService) -> None:
    cli = CliHarness(tmp_path, kling)
    kling.task_seconds = 0.5
    names = [f"voice-{number}" for number in range(30)]
    cli.declare(*names)
    cli.voicectl("plan", "--out", "p", code=0)
    running = cli.start("apply", "p")
    limit = time.monotonic() + 20
    while kling.count("create") < 8 and time.monotonic() < limit:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    assert 0 < kling.bought < 30

    cli.voicectl("apply", "p", code=0)
    assert kling.bought == 30
    assert "applied already" in cli.voicectl("apply", "p", code=4).err
    assert kling.count("create") == 30
    assert cli.actions() == {}


@pytest.mark.parametrize("begun", [True, False])
def test_killed_half_way_it_continues_with_nothing_that_was_not_reviewed(
    tmp_path: Path, kling: KlingService, begun: bool
) -> None:
    cli = CliHarness(tmp_path, kling)
    names = [f"voice-{number:02}" for number in range(40)]
    cli.declare(*names)
    cli.voicectl("plan", "--out", "p", code=0)
    kling.refuse("create", 429, 1302, "too many requests", times=1000)  # begun, and not one of them bought
    running = cli.start("apply", "p")
    limit = time.monotonic() + 20
    while kling.count("create") < 3 and time.monotonic() < limit:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    kling.calls.clear()
    kling._scripted.clear()

    changed = names[0] if begun else names[-1]
    unreviewed = voice(changed, voice_url="https://cdn.example.com/unreviewed.mp3")
    cli.write({name: voice(name) for name in names} | {changed: unreviewed})
    refused = cli.voicectl("apply", "p", code=4)
    assert "The plan is out of date" in refused.err
    assert changed in refused.err
    assert kling.count("create") == 0


def test_the_options_are_part_of_the_plan(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero")
    cli.apply()
    cli.voicectl("plan", "--replace", "hero", "--out", "p", code=0)
    cli.voicectl("apply", "p", code=0)
    assert kling.bought == 2
    refused = cli.voicectl("apply", "p", "--replace", "hero", code=1)
    assert "as it was reviewed" in refused.err


def test_a_plan_over_a_threshold_is_applied_with_its_number_only(cli: CliHarness, kling: KlingService) -> None:
    cli.declare(*(f"voice-{number}" for number in range(10)))
    cli.apply()
    cli.declare("voice-0")
    cli.voicectl("plan", "--out", "unasked", code=0)
    cli.voicectl("apply", "unasked", code=1)
    assert kling.count("delete") == 0
    cli.voicectl("plan", "--allow-deletes", "9", "--out", "asked", code=0)
    cli.voicectl("apply", "asked", code=0)
    assert kling.count("delete") == 9


def test_the_json_of_a_plan_is_not_a_plan_file(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    (cli.folder / "p").write_text(cli.voicectl("plan", "--json", code=0).out)
    assert "The plan file can't be read" in cli.voicectl("apply", "p", code=1).err
    assert kling.count("create") == 0


@pytest.mark.parametrize("content", [b"\xff\xfe", b"[" * 100_000, b'{"kind": "voicectl plan"}'])
def test_a_file_that_is_not_a_plan_is_refused_in_words(cli: CliHarness, content: bytes) -> None:
    cli.declare("narrator")
    (cli.folder / "p").write_bytes(content)
    refused = cli.voicectl("apply", "p", code=1)
    assert "The plan file can't be read" in refused.err
    assert "voicectl plan --out" in refused.err


def test_it_says_what_apply_will_do_and_shows_it_again(planned: CliHarness) -> None:
    shown = planned.voicectl("show", "p", code=0)
    assert shown.out == planned.voicectl("plan", code=0).out
    assert "create villain (kling)" in shown.out


def test_a_plan_of_another_manifest_is_refused(planned: CliHarness, kling: KlingService) -> None:
    planned.declare("narrator", "hero", "villain", file="other.yaml")
    assert "out of date" in planned.voicectl("-f", "other.yaml", "apply", "p", code=4).err
    assert kling.count("create") == 0


def test_a_plan_that_cannot_be_saved_is_an_error(cli: CliHarness) -> None:
    cli.declare("narrator")
    refused = cli.voicectl("plan", "--out", "missing/p", code=1)
    assert "missing/p" in refused.err


# -- what is blocked ---------------------------------------------------------------------------------------------------

UNLISTED = {"provider": "kling", "existing": {"voice_id": "850"}}
NO_PRESET = {"provider": "kling", "preset": {"voice_id": "829"}}


@pytest.mark.parametrize("stuck", [UNLISTED, NO_PRESET], ids=["existing", "preset"])
def test_what_is_blocked_in_it_stays_blocked_while_the_rest_is_done(
    cli: CliHarness, kling: KlingService, stuck: dict[str, object]
) -> None:
    cli.declare("narrator", stuck=stuck)
    assert cli.voicectl("plan", "--out", "p", "--detailed-exitcode").code == 2
    applied = cli.voicectl("apply", "p", code=1)
    assert "! blocked stuck (kling)" in applied.out
    assert "1 to create, 1 blocked" in applied.out
    assert "Applied: 1 done, 1 blocked" in applied.out
    assert [t.name for t in kling.voices.values()] == ["narrator"]
    assert "applied already" in cli.voicectl("apply", "p", code=4).err  # good once, as always


def test_a_plan_of_nothing_but_blocked_entries_is_not_used_up(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    cli.apply()
    cli.declare("narrator", stuck=UNLISTED)
    cli.voicectl("plan", "--out", "p", code=0)
    before = cli.state
    for _ in range(2):
        applied = cli.voicectl("apply", "p", code=1)
        assert "Plan: 1 blocked. 1 unchanged." in applied.out
        assert "No changes" not in applied.out
    assert cli.state == before


def test_a_plan_of_nothing_but_blocked_entries_makes_no_state(cli: CliHarness) -> None:
    cli.declare(stuck=UNLISTED)
    cli.voicectl("plan", "--out", "p", code=0)
    for _ in range(2):
        assert "Applied: 1 blocked" in cli.voicectl("apply", "p", code=1).out
    assert not (cli.folder / "voices.state.json").exists()


def test_its_json_counts_what_is_blocked(cli: CliHarness) -> None:
    cli.declare("narrator", stuck=UNLISTED)
    cli.voicectl("plan", "--out", "p", code=0)
    *events, summary = cli.voicectl("apply", "p", "--json", code=1).events
    assert [e["address"] for e in events if e["type"] == "blocked"] == ["stuck"]
    assert (summary["done"], summary["blocked"]) == (1, 1)


def test_what_was_blocked_and_is_free_by_now_waits_for_a_review(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    (foreign,) = kling.add_foreign("elsewhere")
    cli.declare(stuck={"provider": "kling", "existing": {"voice_id": foreign}})
    voice_there = kling.voices[foreign]
    voice_there.deleted = True
    cli.voicectl("plan", "--out", "p", code=0)
    voice_there.deleted = False
    applied = cli.voicectl("apply", "p", code=1)
    assert "it was blocked in the saved plan; the change that is possible now (recover) was not reviewed" in applied.out
    assert cli.actions() == {"stuck": "recover"}
