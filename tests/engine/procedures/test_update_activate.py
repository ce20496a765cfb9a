"""A voice's first use is paid for once, an update may be repeated, and both survive whatever happens to a reply."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import OutcomeUnknown, Rejected, Throttled
from reconciler.model.events import Kind
from reconciler.model.manifest import Voice
from reconciler.model.observed import Observation, Unknown
from reconciler.model.plan import Action
from reconciler.model.state import Activation, Record, Status
from tests.engine.simulated_run import Died, SimulatedRun
from tests.engine.used_cloud import LostBefore, UsedCloud

UNREAD = Unknown(why="DescribeVoices: HTTP 502")
LOST = OutcomeUnknown("TextToSpeechSync: the connection broke")


def mini(*, used: bool = True, **inputs: Any) -> Voice:
    told: dict[str, Any] = {"model": "minimax", "audio": {"url": "https://cdn.example.com/m.mp3"}, "name": "Mini"}
    if used:
        told["activate"] = {"text": "Hello."}
    return Voice(address="mini", provider="kling", type="tencent-vod", method="clone-minimax", inputs=told | inputs)


@pytest.fixture
def cloud() -> UsedCloud:
    return UsedCloud()


@pytest.fixture
def simulated(cloud: UsedCloud) -> SimulatedRun:
    simulated = SimulatedRun()
    simulated.provide = lambda account: cloud
    simulated.declare(mini())
    return simulated


def test_a_new_voice_is_used_once_and_then_nothing_is_left_to_do(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1
    assert simulated.record("mini").activation is Activation.DONE
    assert simulated.plan().empty


def test_a_voice_without_activate_is_not_used(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.declare(mini(used=False))
    simulated.apply()
    assert not cloud.used
    assert simulated.plan().empty


def test_a_first_use_is_durable_before_its_call(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    known: list[Activation | None] = []
    activate = cloud.activate

    def look(record: Record, text: str) -> None:
        known.append(simulated.record("mini").activation)
        activate(record, text)

    cloud.activate = look  # type: ignore[method-assign]  # looked at as it is called
    simulated.apply()
    assert known == [Activation.BEGUN]


def test_a_first_use_whose_reply_was_lost_is_settled_by_the_list(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.say("activate", LOST)
    applied = simulated.apply()
    assert (applied.tally.done, cloud.count("activate: Hello.")) == (1, 1)
    assert simulated.plan().empty


def test_a_first_use_that_never_arrived_is_not_called_again_automatically(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    cloud.say("activate", LostBefore(LOST))
    applied = simulated.apply()
    assert (applied.tally.uncertain, simulated.record("mini").status) == (1, Status.READY)
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1
    assert [c.action for c in simulated.plan().changes] == [Action.BLOCKED]


def test_the_user_pays_for_another_call(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.say("activate", LostBefore(LOST))
    simulated.apply()
    simulated.apply(retry=frozenset({"mini"}))
    assert cloud.count("activate: Hello.") == 2
    assert simulated.plan().empty


def test_a_call_in_doubt_that_is_listed_later_costs_nothing(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.say("activate", LostBefore(LOST))
    simulated.apply()
    cloud.used.add(simulated.record("mini").external_task_id)
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1
    assert simulated.plan().empty


def test_a_refused_first_use_leaves_the_voice_and_is_tried_by_the_next_run(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    cloud.say("activate", LostBefore(Rejected("TextToSpeechSync: InvalidParameter")))
    assert simulated.apply().tally.failed == 1
    assert (simulated.record("mini").status, simulated.record("mini").activation) == (Status.READY, None)
    simulated.apply()
    assert cloud.count("submit") == 1
    assert simulated.plan().empty


def test_a_throttled_first_use_is_sent_later(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.say("activate", LostBefore(Throttled("RequestLimitExceeded")))
    assert simulated.apply().tally.done == 1
    assert cloud.used


def test_killed_before_a_first_use_is_known_nothing_is_called_twice(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    activate = cloud.activate

    def dying(record: Record, text: str) -> None:
        activate(record, text)
        cloud.activate = activate  # type: ignore[method-assign]  # the next run lives
        raise Died

    cloud.activate = dying  # type: ignore[method-assign]  # as above
    with pytest.raises(Died):
        simulated.apply()
    simulated.apply()
    assert (cloud.count("submit"), cloud.count("activate: Hello.")) == (1, 1)
    assert simulated.plan().empty


def die_before_the_first_use(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    activate = cloud.activate

    def dying(record: Record, text: str) -> None:
        cloud.activate = activate  # type: ignore[method-assign]  # the next run lives
        raise Died

    cloud.activate = dying  # type: ignore[method-assign]  # as above
    with pytest.raises(Died):
        simulated.apply()
    assert simulated.record("mini").activation is Activation.BEGUN


def test_killed_before_a_first_use_goes_out_the_next_run_looks_and_makes_it(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    die_before_the_first_use(simulated, cloud)
    before = cloud.count("find")
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1
    assert cloud.count("find") > before + 4
    assert simulated.plan().empty


def test_killed_before_a_first_use_goes_out_a_list_that_can_not_be_read_is_not_proof(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    die_before_the_first_use(simulated, cloud)
    find, planning = cloud.find, iter([True])
    cloud.find = lambda record: find(record) if next(planning, False) else UNREAD  # type: ignore[method-assign]  # after the plan
    assert simulated.apply().tally.uncertain == 1
    assert cloud.count("activate: Hello.") == 0
    cloud.find = find  # type: ignore[method-assign]  # as before
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1


def test_a_stop_before_its_call_withdraws_a_first_use(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.declare(mini(used=False))
    simulated.apply()
    simulated.declare(mini())
    simulated.apply(stop=lambda: "interrupted")
    assert simulated.record("mini").activation is None
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1


def test_a_changed_name_is_sent_to_the_cloud_and_kept(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.apply()
    simulated.declare(mini(name="Maxi"))
    simulated.apply()
    assert cloud.heard.count("update: name") == 1
    assert (simulated.record("mini").voice_name, simulated.record("mini").sent["name"]) == ("Maxi", "Maxi")
    assert simulated.plan().empty


def test_an_update_whose_reply_was_lost_is_sent_again(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.apply()
    simulated.declare(mini(name="Maxi"))
    cloud.say("update", OutcomeUnknown("UpdateVoice: the connection broke"))
    assert simulated.apply().tally.done == 1
    assert cloud.count("update: name") == 2
    assert simulated.plan().empty


def test_an_update_that_was_refused_is_still_to_be_done(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.apply()
    simulated.declare(mini(name="Maxi"))
    cloud.say("update", Rejected("UpdateVoice: InvalidParameter"))
    assert simulated.apply().tally.failed == 1
    assert [c.action for c in simulated.plan().changes] == [Action.UPDATE]


def test_a_first_use_goes_before_the_changes_that_need_it(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.declare(mini(used=False))
    simulated.apply()
    simulated.declare(mini(name="Maxi"))
    simulated.apply()
    assert [call for call in cloud.heard if call != "find"][1:] == ["activate: Hello.", "update: name"]
    assert simulated.plan().empty


def test_a_replaced_voice_is_deleted_after_the_new_one_was_used(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    simulated.apply()
    simulated.declare(mini(audio={"url": "https://cdn.example.com/n.mp3"}))
    simulated.apply()
    assert [call for call in cloud.heard if call != "find"][-3:] == ["submit", "activate: Hello.", "delete"]
    assert len(cloud.names) == 1


def test_a_replaced_voice_that_was_never_used_stays_listed_as_abandoned(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    simulated.declare(mini(used=False))
    simulated.apply()
    simulated.declare(mini(used=False, audio={"url": "https://cdn.example.com/n.mp3"}))
    simulated.apply()
    assert simulated.at_status(Status.ABANDONED) == ["mini"]
    assert cloud.count("delete") == 0


def test_a_first_use_is_reported_as_it_goes(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.say("activate", LOST)
    simulated.apply()
    assert [event.detail for event in simulated.told(Kind.RETRYING)] == [f"looking whether it was used: {LOST.detail}"]


def test_a_voice_whose_first_use_the_list_shows_late_is_neither_gone_nor_used_again(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    cloud.late = True
    assert simulated.apply().tally.done == 1
    assert simulated.record("mini").activation is Activation.USED
    assert simulated.plan().empty
    cloud.used.add(simulated.record("mini").external_task_id)
    simulated.apply()
    assert simulated.record("mini").activation is Activation.DONE
    assert (cloud.count("submit"), cloud.count("activate: Hello.")) == (1, 1)
    assert simulated.plan().empty


def test_a_voice_whose_first_use_is_not_shown_yet_can_be_changed_and_deleted(
    simulated: SimulatedRun, cloud: UsedCloud
) -> None:
    cloud.late = True
    simulated.apply()
    simulated.declare(mini(name="Maxi"))
    simulated.apply()
    assert cloud.count("update: name") == 1
    simulated.declare()
    simulated.apply(allow_deletes=1)
    assert cloud.count("delete") == 1


def test_killed_while_a_first_use_is_looked_for_it_is_not_made_again(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.late = True
    find = cloud.find

    def dying(record: Record) -> Observation:
        if record.activation is Activation.USED:
            raise Died
        return find(record)

    cloud.find = dying  # type: ignore[method-assign]  # the next run lives
    with pytest.raises(Died):
        simulated.apply()
    cloud.find = find  # type: ignore[method-assign]  # as before
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1


def test_a_stop_while_a_first_use_is_looked_for_leaves_it_made(simulated: SimulatedRun, cloud: UsedCloud) -> None:
    cloud.late = True
    simulated.apply(stop=lambda: "interrupted" if cloud.count("activate: Hello.") else None)
    assert simulated.record("mini").activation is Activation.USED
    simulated.apply()
    assert cloud.count("activate: Hello.") == 1
