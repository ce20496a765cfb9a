"""Replaced and deleted voices: what goes, when, and that nothing else does."""

from __future__ import annotations

import itertools
from dataclasses import replace

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.manifest import Lifecycle
from reconciler.model.state import State, Status
from reconciler.providers.kling.account import KlingAccount
from reconciler.sandbox.kling.responses import PRESETS
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import Died, SimulatedRun, voice

FIRST, SECOND = voice("narrator"), voice("narrator", sample="second")


def after(*, latency: float = 0.05) -> SimulatedRun:
    simulated = SimulatedRun(latency=latency, task_seconds=2)
    simulated.declare(FIRST)
    simulated.apply()
    return simulated


def states(simulated: SimulatedRun) -> list[State]:
    """Every state that was ever durable during the next apply."""
    seen: list[State] = []
    simulated.hook = lambda moment, what: seen.append(simulated.state)
    simulated.apply()
    return seen


def test_a_replace_makes_the_new_voice_and_deletes_the_old() -> None:
    simulated = after()
    old = simulated.record("narrator").voice_id
    simulated.declare(SECOND)
    simulated.apply()
    new = simulated.record("narrator").voice_id
    assert old != new
    assert list(simulated.living.values()) == [new]
    assert (len(simulated.made), simulated.plan().empty) == (2, True)


def test_the_old_voice_is_deposed_in_the_write_that_binds_the_new_one() -> None:
    simulated = after()
    old = simulated.record("narrator").external_task_id
    simulated.declare(SECOND)
    for before, later in itertools.pairwise(states(simulated)):
        bound_anew = before.current["narrator"] == old != later.current["narrator"]
        assert bound_anew == (
            before.records[old].status is Status.READY and later.records[old].status is Status.DEPOSED
        )


def test_the_address_means_a_ready_voice_all_through_a_replace() -> None:
    simulated = after()
    simulated.declare(SECOND)
    statuses = {record.status for state in states(simulated) if (record := state.at("narrator")) is not None}
    assert statuses == {Status.READY}


def test_the_old_voice_lives_until_the_new_one_is_bound() -> None:
    simulated = after()
    simulated.declare(SECOND)
    simulated.apply()
    assert simulated.order("create", "delete")[1:] == ["create", "delete"]
    assert simulated.times("delete")[0] - simulated.times("create")[1] > 2


def test_a_replace_that_fails_keeps_the_old_voice() -> None:
    simulated = after()
    old = simulated.record("narrator").voice_id
    simulated.declare(voice("narrator", sample="bad"))
    simulated.apply()
    assert (simulated.record("narrator").voice_id, simulated.record("narrator").status) == (old, Status.READY)
    assert list(simulated.living.values()) == [old]


def test_create_before_destroy_false_deletes_first() -> None:
    simulated = after()
    simulated.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    simulated.apply()
    assert simulated.order("create", "delete") == ["create", "delete", "create"]
    assert (len(simulated.living), simulated.plan().empty) == (1, True)


def test_create_before_destroy_false_creates_nothing_while_the_old_one_can_not_be_deleted() -> None:
    simulated = SimulatedRun()
    cloud = ScriptedProvider(simulated.clock)
    simulated.provide = lambda account: cloud
    simulated.declare(FIRST)
    simulated.apply()
    simulated.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    cloud.say("delete", Rejected("it is in use", code="1300"))
    applied = simulated.apply()
    assert (applied.tally.failed, cloud.count("submit")) == (1, 1)


def test_create_before_destroy_false_deletes_first_in_the_run_after_a_death_too() -> None:
    simulated = after(latency=1.0)
    simulated.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    simulated.die("before", "delete")
    with pytest.raises(Died):
        simulated.apply()
    gone: list[list[str]] = []
    simulated.hook = lambda moment, what: gone.append(simulated.at_status(Status.DELETED)) if what == "create" else None
    simulated.apply()
    assert gone == [["narrator"], ["narrator"]]
    assert simulated.plan().empty


def test_create_before_destroy_false_waits_for_a_running_task_first() -> None:
    simulated = SimulatedRun(task_seconds=20)
    simulated.declare(FIRST)
    simulated.apply(stop=lambda: "interrupted" if simulated.made else None)
    simulated.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    simulated.apply()
    assert simulated.order("create", "delete") == ["create", "delete", "create"]
    assert (len(simulated.living), simulated.plan().empty) == (1, True)


def test_create_before_destroy_false_continues_when_the_old_task_fails() -> None:
    simulated = SimulatedRun(task_seconds=20)
    simulated.declare(voice("narrator", sample="bad"))
    simulated.apply(stop=lambda: "interrupted" if simulated.made else None)
    simulated.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    simulated.apply()
    assert (simulated.record("narrator").status, simulated.count("delete")) == (Status.READY, 0)


def test_a_voice_that_is_replaced_while_its_task_runs_is_deleted_in_the_same_run() -> None:
    simulated = SimulatedRun(task_seconds=20)
    simulated.declare(FIRST)
    simulated.apply(stop=lambda: "interrupted" if simulated.made else None)
    simulated.declare(SECOND)
    applied = simulated.apply()
    assert (applied.tally.failed, len(simulated.made), len(simulated.living)) == (0, 2, 1)
    assert simulated.plan().empty


@pytest.mark.parametrize("create_before_destroy", [True, False])
def test_an_official_voice_that_makes_way_for_one_of_ours_is_not_deleted(create_before_destroy: bool) -> None:
    simulated = SimulatedRun(task_seconds=2)
    official = next(iter(PRESETS))
    simulated.declare(replace(FIRST, method="preset", inputs={"voice_id": official}))
    simulated.apply()
    assert simulated.record("narrator").voice_id == official
    lifecycle = Lifecycle(create_before_destroy=create_before_destroy)
    simulated.declare(voice("narrator", lifecycle=lifecycle))
    applied = simulated.apply()
    assert (applied.tally.failed, simulated.count("create"), simulated.count("delete")) == (0, 1, 0)
    assert simulated.plan().empty


def test_keep_old_keeps_it_that_long() -> None:
    simulated = after()
    simulated.declare(voice("narrator", sample="second", lifecycle=Lifecycle(keep_old=3600)))
    simulated.apply()
    assert (len(simulated.living_ids), simulated.plan().empty) == (2, True)
    simulated.clock.sleep(3601)
    simulated.apply()
    assert simulated.living_ids == [simulated.record("narrator").voice_id]


def test_a_removed_entry_is_deleted() -> None:
    simulated = after()
    simulated.declare()
    simulated.apply(allow_deletes=1)
    assert (simulated.living, simulated.state.current) == ({}, {})
    assert simulated.at_status(Status.DELETED) == ["narrator"]


def test_a_deletion_is_durable_as_deposed_before_its_call() -> None:
    simulated = after()
    simulated.declare()
    seen: list[list[str]] = []
    simulated.hook = lambda moment, what: seen.append(simulated.at_status(Status.DEPOSED)) if what == "delete" else None
    simulated.apply(allow_deletes=1)
    assert seen == [["narrator"], ["narrator"]]


def test_a_removed_voice_whose_task_still_runs_is_waited_for_and_deleted() -> None:
    simulated = SimulatedRun(task_seconds=20)
    simulated.declare(FIRST)
    simulated.apply(stop=lambda: "interrupted" if simulated.made else None)
    simulated.declare()
    applied = simulated.apply(allow_deletes=1)
    assert (applied.tally.done, simulated.living) == (1, {})
    assert simulated.clock.monotonic() > 20


def test_a_removed_voice_whose_task_fails_needs_no_deletion() -> None:
    simulated = SimulatedRun(task_seconds=20)
    simulated.declare(voice("narrator", sample="bad"))
    simulated.apply(stop=lambda: "interrupted" if simulated.made else None)
    simulated.declare()
    applied = simulated.apply(allow_deletes=1)
    assert (applied.tally.done, simulated.count("delete")) == (1, 0)
    assert simulated.plan().empty


@pytest.mark.parametrize("fault", ["reply_lost", "error_after_work", "garbage"])
def test_a_deletion_whose_reply_is_lost_is_done(fault: str) -> None:
    simulated = after()
    simulated.turn(**{fault: 1.0})
    simulated.declare()
    applied = simulated.apply(allow_deletes=1)
    assert (applied.tally.done, simulated.living) == (1, {})


def test_a_deletion_that_finds_nothing_is_done() -> None:
    simulated = SimulatedRun()
    cloud = ScriptedProvider(simulated.clock)
    simulated.provide = lambda account: cloud
    simulated.declare(FIRST)
    simulated.apply()
    simulated.declare()
    cloud.say("delete", Rejected("Voice already be deleted", code="1201", absent=True))
    applied = simulated.apply(allow_deletes=1)
    assert (applied.tally.done, simulated.at_status(Status.DELETED)) == (1, ["narrator"])


def test_a_deletion_that_never_gets_an_answer_is_left_to_the_next_run() -> None:
    simulated = SimulatedRun()
    cloud = ScriptedProvider(simulated.clock)
    simulated.provide = lambda account: cloud
    simulated.declare(FIRST)
    simulated.apply()
    simulated.declare()
    cloud.say("delete", *[OutcomeUnknown("no answer")] * 4)
    applied = simulated.apply(allow_deletes=1)
    assert (applied.tally.failed, simulated.at_status(Status.DEPOSED)) == (1, ["narrator"])
    simulated.apply()
    assert simulated.at_status(Status.DELETED) == ["narrator"]


def test_labels_and_lifecycle_change_the_state_alone() -> None:
    simulated = after()
    calls = simulated.count("create") + simulated.count("delete")
    labelled = replace(FIRST, labels={"tier": "gold"}, lifecycle=Lifecycle(keep_old=60))
    simulated.declare(labelled)
    applied = simulated.apply()
    assert (applied.tally.done, simulated.record("narrator").labels) == (1, {"tier": "gold"})
    assert simulated.record("narrator").lifecycle.keep_old == 60
    assert simulated.count("create") + simulated.count("delete") == calls


def test_a_voice_that_moves_to_another_account_is_made_there_and_deleted_here() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.accounts = {"here": KlingAccount(type="kling"), "there": KlingAccount(type="kling")}
    simulated.declare(voice("narrator", provider="here"))
    simulated.apply()
    simulated.declare(voice("narrator", provider="there"))
    simulated.apply()
    assert (simulated.record("narrator").provider, len(simulated.living_ids)) == ("there", 1)
    assert simulated.plan().empty
