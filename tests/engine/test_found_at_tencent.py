"""What the simulation's stories found at Tencent's clouds once, each told on its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.engine import state_edits, state_rebuild
from reconciler.engine.session import Request
from reconciler.model.account import Timeouts
from reconciler.model.base import Inputs
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action
from reconciler.model.state import Status
from reconciler.providers.tencent.vod.account import TencentVodAccount
from tests.engine.simulated_run import Died, SimulatedRun
from tests.support.hints import in_words

LINK = "https://cdn.example.com/a.mp3"
INPUTS: dict[str, Inputs] = {
    "create": {"voice_name": "a", "voice_url": LINK},
    "clone": {"model": "vidu", "voice_id": "voice_of_a", "audio": {"url": LINK}, "text": "Hi."},
    "clone-minimax": {"model": "minimax", "audio": {"url": LINK}, "name": "a"},
}
SOUND: Inputs = {"prompt": "A bell", "on_expiry": "ignore"}
ACTIONS = {"create": "CreateAigcCustomVoice", "clone": "CreateAigcAudioClone", "clone-minimax": "CloneVoiceAsync"}


def of_vod(method: str) -> Voice:
    inputs = SOUND if method == "task" else INPUTS[method]
    return Voice(
        address="audio.a" if method == "task" else "a",
        provider="vod",
        type="tencent-vod",
        method=method,
        inputs=inputs,
    )


@pytest.fixture
def simulated() -> SimulatedRun:
    simulated = SimulatedRun()
    task_timeout = Timeouts(operation=5)
    simulated.accounts = {"vod": TencentVodAccount(type="tencent-vod", sub_app_id=1, timeouts=task_timeout)}
    return simulated


@pytest.mark.parametrize("method", [*INPUTS, "task"])
def test_a_voice_removed_while_it_was_made_is_reused_and_not_bought_again(simulated: SimulatedRun, method: str) -> None:
    simulated.turn(task_seconds=10)
    simulated.declare(of_vod(method))
    simulated.apply()
    simulated.declare()
    simulated.apply(allow_deletes=1)
    assert len(simulated.at_status(Status.ABANDONED)) == 1
    simulated.declare(of_vod(method))
    simulated.apply()
    assert len(simulated.made) == 1
    assert len(simulated.at_status(Status.READY)) == 1


@pytest.mark.parametrize("method", [*INPUTS, "task"])
def test_a_voice_taken_out_of_the_state_while_it_was_made_is_reused(simulated: SimulatedRun, method: str) -> None:
    simulated.turn(task_seconds=10)
    simulated.declare(of_vod(method))
    simulated.apply()
    state_edits.remove(simulated.session(), of_vod(method).address, Request())
    simulated.clock.sleep(10)
    simulated.apply()
    assert len(simulated.made) == 1
    assert len(simulated.at_status(Status.READY)) == 1


@pytest.mark.parametrize("method", [*INPUTS, "task"])
def test_its_id_is_waited_for_so_that_it_can_be_reused_when_its_task_is_shown_no_more(
    simulated: SimulatedRun, method: str
) -> None:
    simulated.turn(task_seconds=8)
    simulated.declare(of_vod(method))
    simulated.apply()
    simulated.declare()
    simulated.apply(allow_deletes=1)
    simulated.clock.sleep(80 * 3600)
    simulated.declare(of_vod(method))
    simulated.apply()
    assert len(simulated.made) == 1
    assert len(simulated.at_status(Status.READY)) == 1


@pytest.mark.parametrize("method", INPUTS)
def test_an_unwanted_voice_of_an_interrupted_call_is_kept_as_abandoned(simulated: SimulatedRun, method: str) -> None:
    simulated.declare(of_vod(method))
    simulated.die("after", ACTIONS[method])
    with pytest.raises(Died):
        simulated.apply()
    simulated.clock.sleep(60)
    simulated.declare()
    simulated.apply(allow_deletes=1)
    (record,) = simulated.state.records.values()
    (made,) = simulated.made
    assert (record.status, record.voice_id) == (Status.ABANDONED, made.voice_id)


@pytest.mark.parametrize("method", INPUTS)
def test_a_voice_made_under_a_state_that_was_lost_is_not_bought_again_while_its_task_is_shown(
    simulated: SimulatedRun, method: str
) -> None:
    simulated.declare(of_vod(method))
    simulated.apply()
    lose_the_state(simulated)
    (change,) = simulated.plan().changes
    assert change.action is Action.BLOCKED
    assert "voicectl state rebuild --lineage 01234567" in in_words(change.hint)
    state_rebuild.rebuild(simulated.session(), Request(), lineage="01234567", new_lineage=False, approve=lambda _: True)
    simulated.apply()
    (made,) = simulated.made
    assert (simulated.record("a").status, simulated.record("a").voice_id) == (Status.READY, made.voice_id)
    assert simulated.plan().empty


def test_beside_an_entry_that_was_made_again_those_of_a_lost_state_are_still_seen(simulated: SimulatedRun) -> None:
    simulated.declare(of_vod("create"))
    simulated.apply()
    lose_the_state(simulated)
    new = replace(of_vod("clone"), address="new")
    simulated.declare(of_vod("create"), new)
    for _ in range(2):
        simulated.apply()
    assert {change.address: change.action for change in simulated.plan().changes} == {"a": Action.BLOCKED}
    assert len(simulated.made) == 2


def test_nothing_is_bought_while_the_tasks_that_a_lost_state_left_can_not_be_read(simulated: SimulatedRun) -> None:
    simulated.declare(of_vod("create"))
    simulated.turn(reply_lost=1.0, faulty_reads=True)
    (change,) = simulated.plan().changes
    assert change.action is Action.BLOCKED


def test_what_a_lost_state_made_more_than_72_hours_ago_can_not_be_known(simulated: SimulatedRun) -> None:
    simulated.declare(of_vod("create"))
    simulated.apply()
    lose_the_state(simulated)
    simulated.clock.sleep(73 * 3600)
    (change,) = simulated.plan().changes
    assert change.action is Action.CREATE


def lose_the_state(simulated: SimulatedRun) -> None:
    simulated.backend.put_back(None)
    simulated.lineage = "fedcba98-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize("method", INPUTS)
def test_a_used_up_quota_is_not_a_fault_of_the_sample(simulated: SimulatedRun, method: str) -> None:
    simulated.turn(pack_exhausted=True)
    simulated.declare(of_vod(method))
    assert simulated.apply().tally.failed == 1
    simulated.turn(pack_exhausted=False)
    simulated.apply()
    assert (len(simulated.made), simulated.record("a").status) == (1, Status.READY)


@pytest.mark.parametrize("method", ACTIONS)
@pytest.mark.parametrize("leaves", [True, False])
def test_a_voice_whose_key_another_run_used_is_not_bought_again_when_nothing_is_listed(
    simulated: SimulatedRun, method: str, leaves: bool
) -> None:
    """After 72 hours VOD shows nothing of it, so only the state knows that it may be there, and asks before it pays."""
    sound, entry = of_vod("task"), of_vod(method)
    simulated.declare(sound)
    simulated.apply()
    old = simulated.backend.read()
    simulated.declare(sound, entry)
    simulated.apply()
    simulated.backend.put_back(old)
    simulated.turn(late_visibility=3e7)
    simulated.apply()  # its call is refused, because the key was used
    bought = len(simulated.made)
    simulated.clock.sleep(80 * 3600)
    if leaves:
        simulated.declare(sound)
        simulated.apply()
        simulated.declare(sound, entry)
    simulated.apply()
    [change] = simulated.plan().changes
    assert (len(simulated.made), change.action) == (bought, Action.BLOCKED)
    assert (
        in_words(change.hint)
        == "If it exists: voicectl import a VOICE_ID; to pay for another: voicectl apply --retry a"
    )
