"""What the simulation's stories found at Tencent's clouds once, each told on its own."""

from __future__ import annotations

import pytest

from reconciler.engine import state_edits, state_rebuild
from reconciler.engine.session import Request
from reconciler.model.accounts import TencentVodAccount, Timeouts
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action
from reconciler.model.state import Status
from tests.engine.rehearsal import Died, Rehearsal
from tests.support.hints import in_words

LINK = "https://cdn.example.com/a.mp3"
INPUTS = {
    "create": {"voice_name": "a", "voice_url": LINK},
    "clone": {"model": "vidu", "voice_id": "voice_of_a", "audio": {"url": LINK}, "text": "Hi."},
    "clone-minimax": {"model": "minimax", "audio": {"url": LINK}, "name": "a"},
}
SOUND = {"prompt": "A bell", "on_expiry": "ignore"}
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
def rehearsal() -> Rehearsal:
    rehearsal = Rehearsal()
    task_timeout = Timeouts(operation=5)
    rehearsal.accounts = {"vod": TencentVodAccount(type="tencent-vod", sub_app_id=1, timeouts=task_timeout)}
    return rehearsal


@pytest.mark.parametrize("method", [*INPUTS, "task"])
def test_a_voice_let_go_while_it_was_made_is_taken_back_and_not_bought_again(rehearsal: Rehearsal, method: str) -> None:
    rehearsal.turn(task_seconds=10)
    rehearsal.declare(of_vod(method))
    rehearsal.apply()
    rehearsal.declare()
    rehearsal.apply(allow_deletes=1)
    assert len(rehearsal.at_status(Status.ABANDONED)) == 1
    rehearsal.declare(of_vod(method))
    rehearsal.apply()
    assert len(rehearsal.made) == 1
    assert len(rehearsal.at_status(Status.READY)) == 1


@pytest.mark.parametrize("method", [*INPUTS, "task"])
def test_a_voice_taken_out_of_the_state_while_it_was_made_is_taken_back(rehearsal: Rehearsal, method: str) -> None:
    rehearsal.turn(task_seconds=10)
    rehearsal.declare(of_vod(method))
    rehearsal.apply()
    state_edits.remove(rehearsal.session(), of_vod(method).address, Request())
    rehearsal.clock.sleep(10)
    rehearsal.apply()
    assert len(rehearsal.made) == 1
    assert len(rehearsal.at_status(Status.READY)) == 1


@pytest.mark.parametrize("method", [*INPUTS, "task"])
def test_its_id_is_waited_for_so_that_it_can_be_taken_back_when_its_task_is_shown_no_more(
    rehearsal: Rehearsal, method: str
) -> None:
    rehearsal.turn(task_seconds=8)
    rehearsal.declare(of_vod(method))
    rehearsal.apply()
    rehearsal.declare()
    rehearsal.apply(allow_deletes=1)
    rehearsal.clock.sleep(80 * 3600)
    rehearsal.declare(of_vod(method))
    rehearsal.apply()
    assert len(rehearsal.made) == 1
    assert len(rehearsal.at_status(Status.READY)) == 1


@pytest.mark.parametrize("method", INPUTS)
def test_a_voice_that_an_interrupted_call_made_and_nobody_wants_is_kept_in_sight(
    rehearsal: Rehearsal, method: str
) -> None:
    rehearsal.declare(of_vod(method))
    rehearsal.die("after", ACTIONS[method])
    with pytest.raises(Died):
        rehearsal.apply()
    rehearsal.clock.sleep(60)
    rehearsal.declare()
    rehearsal.apply(allow_deletes=1)
    (record,) = rehearsal.state.records.values()
    (made,) = rehearsal.made
    assert (record.status, record.voice_id) == (Status.ABANDONED, made.voice_id)


@pytest.mark.parametrize("method", INPUTS)
def test_a_voice_made_under_a_state_that_was_lost_is_not_bought_again_while_its_task_is_shown(
    rehearsal: Rehearsal, method: str
) -> None:
    rehearsal.declare(of_vod(method))
    rehearsal.apply()
    lose_the_state(rehearsal)
    (change,) = rehearsal.plan().changes
    assert change.action is Action.BLOCKED
    assert "voicectl state rebuild --lineage 01234567" in in_words(change.hint)
    state_rebuild.rebuild(rehearsal.session(), Request(), lineage="01234567", strangers=False, approve=lambda _: True)
    rehearsal.apply()
    (made,) = rehearsal.made
    assert (rehearsal.record("a").status, rehearsal.record("a").voice_id) == (Status.READY, made.voice_id)
    assert rehearsal.plan().empty


def test_beside_an_entry_that_was_made_anew_those_of_a_lost_state_are_still_seen(rehearsal: Rehearsal) -> None:
    rehearsal.declare(of_vod("create"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    new = of_vod("clone").model_copy(update={"address": "new"})
    rehearsal.declare(of_vod("create"), new)
    for _ in range(2):
        rehearsal.apply()
    assert {change.address: change.action for change in rehearsal.plan().changes} == {"a": Action.BLOCKED}
    assert len(rehearsal.made) == 2


def test_nothing_is_bought_while_the_tasks_that_a_lost_state_left_can_not_be_read(rehearsal: Rehearsal) -> None:
    rehearsal.declare(of_vod("create"))
    rehearsal.turn(reply_lost=1.0, faulty_reads=True)
    (change,) = rehearsal.plan().changes
    assert change.action is Action.BLOCKED


def test_what_a_lost_state_made_more_than_72_hours_ago_can_not_be_known(rehearsal: Rehearsal) -> None:
    rehearsal.declare(of_vod("create"))
    rehearsal.apply()
    lose_the_state(rehearsal)
    rehearsal.clock.sleep(73 * 3600)
    (change,) = rehearsal.plan().changes
    assert change.action is Action.CREATE


def lose_the_state(rehearsal: Rehearsal) -> None:
    rehearsal.backend.put_back(None)
    rehearsal.lineage = "fedcba98-89ab-cdef-0123-456789abcdef"


@pytest.mark.parametrize("method", INPUTS)
def test_a_used_up_quota_is_no_fault_of_the_sample(rehearsal: Rehearsal, method: str) -> None:
    rehearsal.turn(pack_exhausted=True)
    rehearsal.declare(of_vod(method))
    assert rehearsal.apply().tally.failed == 1
    rehearsal.turn(pack_exhausted=False)
    rehearsal.apply()
    assert (len(rehearsal.made), rehearsal.record("a").status) == (1, Status.READY)
