"""A machine whose clock is wrong buys nothing twice, and deletes nothing early."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import replace

import pytest

from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.plan import Action
from reconciler.model.state import Status
from tests.engine.simulated_run import Died, SimulatedRun, voice
from tests.engine.test_found_at_tencent import ACTIONS, INPUTS, SOUND, of_vod
from tests.engine.test_found_at_tencent import simulated as simulated

DAY = 86_400.0


@pytest.mark.parametrize("method", INPUTS)
@pytest.mark.parametrize(("then", "now"), [(30, 0), (0, -300)])
def test_an_interrupted_call_of_a_wrong_date_is_left_to_the_user(
    simulated: SimulatedRun, method: str, then: float, now: float
) -> None:
    simulated.clock.ahead = then * DAY
    simulated.declare(of_vod(method))
    simulated.die("after", ACTIONS[method])
    with pytest.raises(Died):
        simulated.apply()
    simulated.clock.ahead = now * DAY
    simulated.clock.sleep(80 * 3600)
    simulated.apply()
    assert [change.action for change in simulated.plan().changes] == [Action.BLOCKED]
    assert len(simulated.made) == 1


def test_a_voice_that_is_kept_for_a_week_is_kept_by_the_cloud_s_clock(simulated: SimulatedRun) -> None:
    kept = Lifecycle(keep_old=7 * DAY)
    simulated.declare(mini("one", kept))
    simulated.apply()
    simulated.declare(mini("two", kept))
    simulated.apply()
    simulated.clock.ahead = 8 * DAY
    plan = simulated.plan()
    assert plan.changes == ()
    assert "this machine's clock is 8 days ahead of the clouds': theirs is taken, set yours right" in plan.notes


def test_a_sound_expires_by_the_cloud_s_clock(simulated: SimulatedRun) -> None:
    sound = replace(of_vod("task"), inputs=SOUND | {"on_expiry": "recreate"})
    simulated.declare(sound)
    simulated.apply()
    simulated.clock.ahead = 8 * DAY
    assert simulated.plan().changes == ()


def test_a_clock_that_jumps_while_the_clouds_are_checked_makes_no_running_task_gone() -> None:
    simulated = SimulatedRun()
    simulated.declare(voice("a"))
    simulated.apply()
    simulated.clock.sleep(9)
    simulated.turn(late_by_id=3.0)
    simulated.declare(voice("a"), voice("b"))
    simulated.hook = dying_once_accepted(simulated)
    with pytest.raises(Died):
        simulated.apply()
    simulated.declare(voice("a"))
    simulated.hook = jumping(simulated)
    simulated.apply(allow_deletes=1)
    assert simulated.count("delete") == 1


def dying_once_accepted(simulated: SimulatedRun) -> Callable[[str, str], None]:
    def hook(moment: str, what: str) -> None:
        if (moment, what) == ("after", "append") and simulated.at_status(Status.RUNNING):
            simulated.hook = lambda moment, what: None
            simulated.workers.die(random.Random(0))
            raise Died

    return hook


def jumping(simulated: SimulatedRun) -> Callable[[str, str], None]:
    def hook(moment: str, what: str) -> None:
        if (moment, what) == ("after", "get"):
            simulated.turn(late_by_id=0.0)
            simulated.clock.ahead = -30 * 3600.0

    return hook


def mini(sample: str, lifecycle: Lifecycle) -> Voice:
    inputs = {
        "model": "minimax",
        "audio": {"url": f"https://cdn.example.com/{sample}.mp3"},
        "activate": {"text": "Hi."},
    }
    return replace(of_vod("clone-minimax"), inputs=inputs, lifecycle=lifecycle)
