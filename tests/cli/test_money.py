"""What costs money happens once: refused samples, failed tasks, other accounts, lost replies, runs that were killed."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import Deleted, KlingService, Spoil

WHY = "the audio holds more than one voice"


# -- refused and failed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["refused", "failing"])  # at once, or by a task that fails
def test_a_sample_that_is_refused_is_tried_once(cli: CliHarness, kling: KlingService, when: str) -> None:
    getattr(kling, when)["villain"] = WHY
    cli.declare("narrator", "villain")
    first = cli.apply(code=1)
    assert WHY in first.out
    assert kling.count("create") == 2

    for _ in range(2):
        again = cli.apply(code=1)
        assert WHY in again.out
        assert "--retry villain" in again.out
    assert kling.count("create") == 2
    assert cli.voicectl("plan", "--detailed-exitcode").code == 2


@pytest.mark.parametrize("when", ["refused", "failing"])
def test_it_is_bought_again_on_request(cli: CliHarness, kling: KlingService, when: str) -> None:
    faults: dict[str, str] = getattr(kling, when)
    faults["villain"] = WHY
    cli.declare("villain")
    cli.apply(code=1)
    faults.clear()
    cli.apply("--retry", "villain")
    assert kling.count("create") == 2
    assert len(kling.voices) == 1
    assert cli.actions() == {}


@pytest.mark.parametrize("when", ["refused", "failing"])
def test_it_is_bought_again_when_its_inputs_changed(cli: CliHarness, kling: KlingService, when: str) -> None:
    faults: dict[str, str] = getattr(kling, when)
    faults["villain"] = WHY
    cli.declare("villain")
    cli.apply(code=1)
    faults.clear()
    cli.declare(villain=voice("villain", voice_url="https://cdn.example.com/cleaner.mp3"))
    cli.apply()
    assert kling.count("create") == 2
    assert cli.actions() == {}


def test_a_retry_that_fails_again_stays_blocked(cli: CliHarness, kling: KlingService) -> None:
    kling.failing["villain"] = WHY
    cli.declare("villain")
    cli.apply(code=1)
    cli.apply("--retry", "villain", code=1)
    assert kling.count("create") == 2
    cli.apply(code=1)
    assert kling.count("create") == 2


def test_a_replacement_that_fails_leaves_the_voice_that_was_right(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero")
    cli.apply()
    held = cli.voice_id("hero")
    kling.failing["heroine"] = WHY
    cli.declare(hero=voice("heroine"))
    cli.apply(code=1)
    cli.apply(code=1)
    assert kling.count("create") == 2
    assert cli.voice_id("hero") == held
    assert list(kling.voices) == [held]


# -- another account ---------------------------------------------------------------------------------------------------


def test_credentials_of_another_account_plan_no_create_but_the_question(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero", "villain")
    cli.apply()
    kling.tasks = []  # what the other account holds
    kling.access_key, cli.env["KLING_ACCESS_KEY"] = "OTHER", "OTHER"
    cli.declare("narrator", "hero", "villain", "newcomer")

    assert set(cli.actions().values()) == {"blocked"}
    assert "is this the right account?" in cli.voicectl("plan").out
    assert cli.voicectl("plan", "--detailed-exitcode").code == 2
    cli.apply(code=1)
    cli.voicectl("destroy", "--auto-approve", code=1)
    assert kling.count("create") == 3
    assert kling.count("delete") == 0


def test_voices_of_another_owner_are_another_account(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    cli.apply()
    kling.tasks = []
    kling.add_foreign("Theirs")
    kling.tasks[0].owned_by = "77777777"
    told = cli.voicectl("plan").out
    assert "10020030" in told
    assert "77777777" in told
    assert "is this the right account?" in told
    assert cli.actions() == {"narrator": "blocked"}
    drift = cli.voicectl("drift", code=1)
    assert drift.out == "No drift found. 1 voice could not be checked.\n"
    assert "is this the right account?" in drift.err


def test_another_endpoint_is_another_account(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    cli.apply()
    with KlingService() as elsewhere:
        CliHarness(cli.folder, elsewhere).declare("narrator", "hero")
        assert cli.actions() == {"narrator": "blocked", "hero": "blocked"}
        told = cli.voicectl("plan").out
        assert "is this the right account?" in told
        assert "voicectl state rebind kling" in told
        cli.apply(code=1)
        assert elsewhere.count("create") == 0


def test_voices_that_are_really_gone_are_bought_again_by_their_number(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    cli.declare("narrator", "hero")
    cli.apply()
    for voice_id in list(kling.voices):
        kling.delete_outside(voice_id)
    assert cli.actions() == {"narrator": "blocked", "hero": "blocked"}
    cli.apply("--allow-recreates", "1", code=1)
    assert kling.bought == 2
    cli.apply("--allow-recreates", "2")
    assert kling.bought == 4
    assert cli.actions() == {}


# -- lost replies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", list(Spoil))
def test_a_lost_reply_buys_nothing_twice(cli: CliHarness, kling: KlingService, how: Spoil) -> None:
    kling.spoil("create", how)
    cli.declare("narrator", "hero")
    cli.apply()
    assert kling.bought == 2
    assert len(kling.voices) == 2
    assert cli.actions() == {}


def test_a_list_that_fails_plans_neither_create_nor_delete(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    cli.apply()
    kling.refuse("list", 500, 5000, "internal error", times=1000)
    cli.declare("narrator", "newcomer")
    assert set(cli.actions().values()) == {"blocked"}


def test_arrears_stop_the_run_and_leave_nothing_to_clear_up(cli: CliHarness, kling: KlingService) -> None:
    kling.refuse("create", 429, 1102, "Account balance not enough", times=100)
    names = [f"voice-{number}" for number in range(30)]
    cli.declare(*names)
    stopped = cli.apply(code=1)
    assert "Account balance not enough" in stopped.out
    assert "To continue, run voicectl apply again" in stopped.out
    assert kling.count("create") < 30
    kling._scripted.clear()
    cli.apply()
    assert kling.bought == 30


# -- kill -9 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_a_random_moment_the_next_apply_finishes_and_buys_nothing_twice(
    tmp_path: Path, kling: KlingService, seed: int
) -> None:
    cli = CliHarness(tmp_path, kling)
    kling.task_seconds = 0.3
    names = [f"voice-{number}" for number in range(12)]
    cli.declare(*names)
    running = cli.start("apply", "--auto-approve")
    chance = random.Random(seed)
    calls = chance.randint(1, 15)
    limit = time.monotonic() + 20
    while len(kling.calls) < calls and running.poll() is None and time.monotonic() < limit:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.1)
    running.send_signal(signal.SIGKILL)
    running.communicate()

    cli.apply()
    assert kling.bought == 12
    assert sorted(t.name for t in kling.voices.values()) == sorted(names)
    held = {row["voice_id"] for row in cli.voicectl("output", "--json", code=0).json.values()}
    assert held == set(kling.voices)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_killed_between_the_two_steps_of_a_replace_no_voice_is_left_over(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero")
    cli.apply()
    cli.declare(hero=voice("hero", voice_url="https://cdn.example.com/better.mp3"))
    kling.refuse("delete", 500, 5000, times=100)
    running = cli.start("apply", "--auto-approve")
    limit = time.monotonic() + 20
    while not kling.count("delete") and time.monotonic() < limit:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    kling._scripted.clear()

    assert len(kling.voices) == 2
    cli.apply()
    assert kling.bought == 2
    assert list(kling.voices) == [cli.voice_id("hero")]
