"""What costs money happens once: refused samples, failed tasks, other accounts, lost replies, runs that were killed."""

from __future__ import annotations

import random
import signal
import time
from pathlib import Path

import pytest

from tests.support.desk import Desk, voice
from tests.support.kling_service import Deleted, KlingService, Spoil

WHY = "the audio holds more than one voice"


# -- refused and failed ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("when", ["refused", "failing"])  # at once, or by a task that fails
def test_a_sample_that_is_refused_is_tried_once(desk: Desk, kling: KlingService, when: str) -> None:
    getattr(kling, when)["villain"] = WHY
    desk.declare("narrator", "villain")
    first = desk.apply(code=1)
    assert WHY in first.out
    assert kling.count("create") == 2

    for _ in range(2):
        again = desk.apply(code=1)
        assert WHY in again.out
        assert "--retry villain" in again.out
    assert kling.count("create") == 2
    assert desk.voicectl("plan", "--detailed-exitcode").code == 2


@pytest.mark.parametrize("when", ["refused", "failing"])
def test_it_is_bought_again_when_somebody_asks(desk: Desk, kling: KlingService, when: str) -> None:
    faults: dict[str, str] = getattr(kling, when)
    faults["villain"] = WHY
    desk.declare("villain")
    desk.apply(code=1)
    faults.clear()
    desk.apply("--retry", "villain")
    assert kling.count("create") == 2
    assert len(kling.voices) == 1
    assert desk.actions() == {}


@pytest.mark.parametrize("when", ["refused", "failing"])
def test_it_is_bought_again_when_its_inputs_changed(desk: Desk, kling: KlingService, when: str) -> None:
    faults: dict[str, str] = getattr(kling, when)
    faults["villain"] = WHY
    desk.declare("villain")
    desk.apply(code=1)
    faults.clear()
    desk.declare(villain=voice("villain", voice_url="https://cdn.example.com/cleaner.mp3"))
    desk.apply()
    assert kling.count("create") == 2
    assert desk.actions() == {}


def test_a_retry_that_fails_again_stays_blocked(desk: Desk, kling: KlingService) -> None:
    kling.failing["villain"] = WHY
    desk.declare("villain")
    desk.apply(code=1)
    desk.apply("--retry", "villain", code=1)
    assert kling.count("create") == 2
    desk.apply(code=1)
    assert kling.count("create") == 2


def test_a_replacement_that_fails_leaves_the_voice_that_was_right(desk: Desk, kling: KlingService) -> None:
    desk.declare("hero")
    desk.apply()
    held = desk.voice_id("hero")
    kling.failing["heroine"] = WHY
    desk.declare(hero=voice("heroine"))
    desk.apply(code=1)
    desk.apply(code=1)
    assert kling.count("create") == 2
    assert desk.voice_id("hero") == held
    assert list(kling.voices) == [held]


# -- another account ---------------------------------------------------------------------------------------------------


def test_credentials_of_another_account_plan_no_create_but_the_question(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator", "hero", "villain")
    desk.apply()
    kling.tasks = []  # what the other account holds
    kling.access_key, desk.env["KLING_ACCESS_KEY"] = "OTHER", "OTHER"
    desk.declare("narrator", "hero", "villain", "newcomer")

    assert set(desk.actions().values()) == {"blocked"}
    assert "is this the right account?" in desk.voicectl("plan").out
    assert desk.voicectl("plan", "--detailed-exitcode").code == 2
    desk.apply(code=1)
    desk.voicectl("destroy", "--auto-approve", code=1)
    assert kling.count("create") == 3
    assert kling.count("delete") == 0


def test_voices_of_another_owner_are_another_account(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    desk.apply()
    kling.tasks = []
    kling.add_foreign("Theirs")
    kling.tasks[0].owned_by = "77777777"
    told = desk.voicectl("plan").out
    assert "10020030" in told
    assert "77777777" in told
    assert "is this the right account?" in told
    assert desk.actions() == {"narrator": "blocked"}
    drift = desk.voicectl("drift", code=1)
    assert drift.out == "No drift seen. 1 voice could not be looked at.\n"
    assert "is this the right account?" in drift.err


def test_another_endpoint_is_another_account(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator", "hero")
    desk.apply()
    with KlingService() as elsewhere:
        Desk(desk.folder, elsewhere).declare("narrator", "hero")
        assert desk.actions() == {"narrator": "blocked", "hero": "blocked"}
        told = desk.voicectl("plan").out
        assert "is this the right account?" in told
        assert "voicectl state rebind kling" in told
        desk.apply(code=1)
        assert elsewhere.count("create") == 0


def test_voices_that_are_truly_gone_are_bought_again_by_their_number(desk: Desk, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    desk.declare("narrator", "hero")
    desk.apply()
    for voice_id in list(kling.voices):
        kling.delete_outside(voice_id)
    assert desk.actions() == {"narrator": "blocked", "hero": "blocked"}
    desk.apply("--allow-recreates", "1", code=1)
    assert kling.bought == 2
    desk.apply("--allow-recreates", "2")
    assert kling.bought == 4
    assert desk.actions() == {}


# -- lost replies ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("how", list(Spoil))
def test_a_lost_reply_buys_nothing_twice(desk: Desk, kling: KlingService, how: Spoil) -> None:
    kling.spoil("create", how)
    desk.declare("narrator", "hero")
    desk.apply()
    assert kling.bought == 2
    assert len(kling.voices) == 2
    assert desk.actions() == {}


def test_a_list_that_fails_plans_neither_create_nor_delete(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator", "hero")
    desk.apply()
    kling.refuse("list", 500, 5000, "internal error", times=1000)
    desk.declare("narrator", "newcomer")
    assert set(desk.actions().values()) == {"blocked"}


def test_arrears_stop_the_run_and_leave_nothing_to_clear_up(desk: Desk, kling: KlingService) -> None:
    kling.refuse("create", 429, 1102, "Account balance not enough", times=100)
    names = [f"voice-{number}" for number in range(30)]
    desk.declare(*names)
    stopped = desk.apply(code=1)
    assert "Account balance not enough" in stopped.out
    assert "Run voicectl apply again" in stopped.out
    assert kling.count("create") < 30
    kling._scripted.clear()
    desk.apply()
    assert kling.bought == 30


# -- kill -9 -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", range(3))
def test_killed_at_a_random_moment_the_next_apply_finishes_and_buys_nothing_twice(
    tmp_path: Path, kling: KlingService, seed: int
) -> None:
    desk = Desk(tmp_path, kling)
    kling.task_seconds = 0.3
    names = [f"voice-{number}" for number in range(12)]
    desk.declare(*names)
    running = desk.start("apply", "--auto-approve")
    chance = random.Random(seed)
    calls = chance.randint(1, 15)
    limit = time.monotonic() + 20
    while len(kling.calls) < calls and running.poll() is None and time.monotonic() < limit:
        time.sleep(0.002)
    time.sleep(chance.random() * 0.1)
    running.send_signal(signal.SIGKILL)
    running.communicate()

    desk.apply()
    assert kling.bought == 12
    assert sorted(t.name for t in kling.voices.values()) == sorted(names)
    held = {row["voice_id"] for row in desk.voicectl("output", "--json", code=0).json.values()}
    assert held == set(kling.voices)
    assert desk.voicectl("plan", "--detailed-exitcode").code == 0


def test_killed_between_the_two_steps_of_a_replace_no_voice_is_left_over(desk: Desk, kling: KlingService) -> None:
    desk.declare("hero")
    desk.apply()
    desk.declare(hero=voice("hero", voice_url="https://cdn.example.com/better.mp3"))
    kling.refuse("delete", 500, 5000, times=100)
    running = desk.start("apply", "--auto-approve")
    limit = time.monotonic() + 20
    while not kling.count("delete") and time.monotonic() < limit:
        time.sleep(0.01)
    running.kill()
    running.communicate()
    kling._scripted.clear()

    assert len(kling.voices) == 2
    desk.apply()
    assert kling.bought == 2
    assert list(kling.voices) == [desk.voice_id("hero")]
