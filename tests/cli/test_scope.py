"""--target, --exclude, --destroy, --refresh-only and --refresh=false, as a person or a pipeline types them."""

from __future__ import annotations

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import Deleted, KlingService


def test_only_the_target_is_bought_and_the_rest_by_the_next_apply(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero", "npc-one", "npc-two")
    ran = cli.apply("--target", "npc-*")
    assert "Note: Only npc-* (--target). 1 change of another voice is left out." in ran.out
    assert kling.bought == 2
    cli.apply()
    assert kling.bought == 3


def test_a_blocked_voice_that_is_excluded_does_not_fail_the_apply(made: CliHarness, kling: KlingService) -> None:
    made.voicectl("apply", "--auto-approve", "--exclude", "hero", "--replace", "narrator", code=0)
    assert kling.bought == 1


@pytest.mark.parametrize("flag", ["--target", "--exclude"])
def test_a_pattern_that_matches_nothing_is_an_error(made: CliHarness, flag: str) -> None:
    ran = made.voicectl("plan", flag, "her", code=1)
    assert f"{flag} her: neither the manifest nor the state has such a voice." in ran.err
    assert "Did you mean hero?" in ran.err


def test_a_saved_plan_carries_its_scope(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero", "narrator")
    cli.voicectl("plan", "--target", "hero", "--out", "p", code=0)
    assert "Only hero (--target)" in cli.voicectl("apply", "p", code=0).out
    assert kling.bought == 1
    assert cli.plan()["summary"]["create"] == 1


def test_a_plan_to_destroy_is_reviewed_saved_and_applied(made: CliHarness, kling: KlingService) -> None:
    made.voicectl("plan", "--destroy", "--target", "hero", "--out", "p", code=0)
    made.voicectl("apply", "p", code=0)
    assert [task.name for task in kling.voices.values()] == ["narrator"]
    made.voicectl("destroy", "--auto-approve", "--exclude", "narrator", code=0)
    assert len(kling.voices) == 1
    made.voicectl("apply", "--destroy", "--auto-approve", code=0)
    assert not kling.voices


def test_a_refresh_writes_a_new_name_and_a_loss_and_makes_no_call(made: CliHarness, kling: KlingService) -> None:
    kling.rename_outside(made.voice_id("hero"), "Somebody")
    kling.deleted_voices = Deleted.VANISHES
    kling.delete_outside(made.voice_id("narrator"))
    made.voicectl("plan", "--refresh-only", "--out", "p", code=0)
    assert made.voicectl("drift").code == 2
    made.voicectl("apply", "p", code=0)
    assert made.voicectl("drift", code=0).out == "No drift.\n"
    assert kling.count("create") == kling.count("delete") == 0
    assert made.voicectl("output", "--json").json["hero"]["voice_name"] == "Somebody"
    assert made.plan()["summary"]["create"] == 1
    assert made.voicectl("apply", "--refresh-only", "--auto-approve", code=0).out.startswith("No changes.")


def test_a_refresh_that_changed_since_its_review_is_refused(made: CliHarness, kling: KlingService) -> None:
    kling.rename_outside(made.voice_id("hero"), "Somebody")
    made.voicectl("plan", "--refresh-only", "--out", "p", code=0)
    kling.rename_outside(made.voice_id("hero"), "Nobody")
    assert "does not fit any more" in made.voicectl("apply", "p", code=4).err


def test_a_plan_without_a_look_makes_no_call_says_so_and_can_not_be_saved(
    made: CliHarness, kling: KlingService
) -> None:
    kling.delete_outside(made.voice_id("hero"))
    before = len(kling.calls)
    ran = made.voicectl("plan", "--refresh=false", code=0)
    assert len(kling.calls) == before
    assert "No account was looked at (--refresh=false)" in ran.out
    assert "2 voices are as declared" in ran.out
    assert "can't be saved" in made.voicectl("plan", "--refresh=false", "--out", "p", code=1).err
    assert not (made.folder / "p").exists()


def test_a_refresh_can_not_pay_or_delete(made: CliHarness) -> None:
    ran = made.voicectl("apply", "--refresh-only", "--replace", "hero", "--auto-approve", code=1)
    assert "--refresh-only changes no voice" in ran.err


@pytest.mark.parametrize(
    ("command", "typed"),
    [
        ("plan", "apply"),
        ("apply --auto-approve", "apply"),
        ("plan --out p", "plan --out p"),
        ("plan --destroy", "apply --destroy"),
        ("destroy --auto-approve", "destroy"),
    ],
)
def test_a_hint_repeats_what_the_plan_is_restricted_to(
    cli: CliHarness, kling: KlingService, command: str, typed: str
) -> None:
    names = [f"v{number}" for number in range(12)]
    cli.declare(*names)
    cli.apply()
    kling.deleted_voices = Deleted.VANISHES
    for name in names:
        kling.delete_outside(cli.voice_id(name))
    out = cli.voicectl(*command.split(), "--exclude", "v1*").out
    assert f"voicectl {typed} --exclude 'v1*' --allow-recreates 12" in " ".join(out.split())


def test_a_refresh_that_could_not_check_a_voice_is_not_green(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero")
    cli.apply()
    kling.deleted_voices = Deleted.VANISHES
    kling.delete_outside(cli.voice_id("hero"))
    ran = cli.apply("--refresh-only", code=1)
    assert "the one known voice of kling can't be found: is this the right account?" in ran.out
    assert "voicectl apply --refresh-only --allow-recreates 1" in " ".join(ran.out.split())
    assert cli.apply("--refresh-only", "--allow-recreates", "1").code == 0
    assert cli.state["current"] == {}


def test_a_refresh_without_a_look_at_the_accounts_is_refused(made: CliHarness) -> None:
    ran = made.voicectl("plan", "--refresh-only", "--refresh=false", code=1)
    assert "--refresh-only looks at the accounts" in ran.err
