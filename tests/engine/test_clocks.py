"""A machine whose clock is wrong buys nothing twice, and deletes nothing early."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.plan import Action
from reconciler.model.state import Status
from tests.engine.rehearsal import Died, Rehearsal, voice
from tests.engine.test_found_at_tencent import ACTIONS, INPUTS, SOUND, of_vod
from tests.engine.test_found_at_tencent import rehearsal as rehearsal

DAY = 86_400.0


@pytest.mark.parametrize("method", INPUTS)
@pytest.mark.parametrize(("then", "now"), [(30, 0), (0, -300)])
def test_an_interrupted_call_of_a_wrong_date_is_left_to_a_person(
    rehearsal: Rehearsal, method: str, then: float, now: float
) -> None:
    rehearsal.clock.ahead = then * DAY
    rehearsal.declare(of_vod(method))
    rehearsal.die("after", ACTIONS[method])
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.clock.ahead = now * DAY
    rehearsal.clock.sleep(80 * 3600)
    rehearsal.apply()
    assert [change.action for change in rehearsal.plan().changes] == [Action.BLOCKED]
    assert len(rehearsal.made) == 1


def test_a_voice_that_is_kept_for_a_week_is_kept_by_the_cloud_s_clock(rehearsal: Rehearsal) -> None:
    kept = Lifecycle(keep_old=7 * DAY)
    rehearsal.declare(mini("one", kept))
    rehearsal.apply()
    rehearsal.declare(mini("two", kept))
    rehearsal.apply()
    rehearsal.clock.ahead = 8 * DAY
    plan = rehearsal.plan()
    assert plan.changes == ()
    assert "this machine's clock is 8 days ahead of the clouds': theirs is taken, set yours right" in plan.notes


def test_a_sound_expires_by_the_cloud_s_clock(rehearsal: Rehearsal) -> None:
    sound = of_vod("task").model_copy(update={"inputs": SOUND | {"on_expiry": "recreate"}})
    rehearsal.declare(sound)
    rehearsal.apply()
    rehearsal.clock.ahead = 8 * DAY
    assert rehearsal.plan().changes == ()


def test_a_clock_that_jumps_while_the_clouds_are_looked_at_makes_no_running_task_gone() -> None:
    rehearsal = Rehearsal()
    rehearsal.declare(voice("a"))
    rehearsal.apply()
    rehearsal.clock.sleep(9)
    rehearsal.turn(late_by_id=3.0)
    rehearsal.declare(voice("a"), voice("b"))
    rehearsal.hook = dying_once_accepted(rehearsal)
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.declare(voice("a"))
    rehearsal.hook = jumping(rehearsal)
    rehearsal.apply(allow_deletes=1)
    assert rehearsal.count("delete") == 1


def dying_once_accepted(rehearsal: Rehearsal) -> Callable[[str, str], None]:
    def hook(moment: str, what: str) -> None:
        if (moment, what) == ("after", "append") and rehearsal.at_status(Status.RUNNING):
            rehearsal.hook = lambda moment, what: None
            rehearsal.workers.die(random.Random(0))
            raise Died

    return hook


def jumping(rehearsal: Rehearsal) -> Callable[[str, str], None]:
    def hook(moment: str, what: str) -> None:
        if (moment, what) == ("after", "get"):
            rehearsal.turn(late_by_id=0.0)
            rehearsal.clock.ahead = -30 * 3600.0

    return hook


def mini(sample: str, lifecycle: Lifecycle) -> Voice:
    inputs = {
        "model": "minimax",
        "audio": {"url": f"https://cdn.example.com/{sample}.mp3"},
        "activate": {"text": "Hi."},
    }
    return of_vod("clone-minimax").model_copy(update={"inputs": inputs, "lifecycle": lifecycle})
