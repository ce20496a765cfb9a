"""Replaced and deleted voices: what goes, when, and that nothing else does."""

from __future__ import annotations

import itertools

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.accounts import KlingAccount
from reconciler.model.manifest import Lifecycle
from reconciler.model.state import State, Status
from reconciler.sandbox.kling.responses import PRESETS
from tests.engine.paper_cloud import PaperCloud
from tests.engine.rehearsal import Died, Rehearsal, voice

FIRST, SECOND = voice("narrator"), voice("narrator", sample="second")


def after(*, latency: float = 0.05) -> Rehearsal:
    rehearsal = Rehearsal(latency=latency, task_seconds=2)
    rehearsal.declare(FIRST)
    rehearsal.apply()
    return rehearsal


def states(rehearsal: Rehearsal) -> list[State]:
    """Every state that was ever durable during the next apply."""
    seen: list[State] = []
    rehearsal.hook = lambda moment, what: seen.append(rehearsal.state)
    rehearsal.apply()
    return seen


def test_a_replace_makes_the_new_voice_and_deletes_the_old() -> None:
    rehearsal = after()
    old = rehearsal.record("narrator").voice_id
    rehearsal.declare(SECOND)
    rehearsal.apply()
    new = rehearsal.record("narrator").voice_id
    assert old != new
    assert list(rehearsal.living.values()) == [new]
    assert (len(rehearsal.made), rehearsal.plan().empty) == (2, True)


def test_the_old_voice_is_deposed_in_the_write_that_binds_the_new_one() -> None:
    rehearsal = after()
    old = rehearsal.record("narrator").external_task_id
    rehearsal.declare(SECOND)
    for before, later in itertools.pairwise(states(rehearsal)):
        bound_anew = before.current["narrator"] == old != later.current["narrator"]
        assert bound_anew == (
            before.records[old].status is Status.READY and later.records[old].status is Status.DEPOSED
        )


def test_the_address_means_a_ready_voice_all_through_a_replace() -> None:
    rehearsal = after()
    rehearsal.declare(SECOND)
    statuses = {record.status for state in states(rehearsal) if (record := state.at("narrator")) is not None}
    assert statuses == {Status.READY}


def test_the_old_voice_lives_until_the_new_one_is_bound() -> None:
    rehearsal = after()
    rehearsal.declare(SECOND)
    rehearsal.apply()
    assert rehearsal.order("create", "delete")[1:] == ["create", "delete"]
    assert rehearsal.times("delete")[0] - rehearsal.times("create")[1] > 2


def test_a_replace_that_fails_keeps_the_old_voice() -> None:
    rehearsal = after()
    old = rehearsal.record("narrator").voice_id
    rehearsal.declare(voice("narrator", sample="bad"))
    rehearsal.apply()
    assert (rehearsal.record("narrator").voice_id, rehearsal.record("narrator").status) == (old, Status.READY)
    assert list(rehearsal.living.values()) == [old]


def test_create_before_destroy_false_deletes_first() -> None:
    rehearsal = after()
    rehearsal.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    rehearsal.apply()
    assert rehearsal.order("create", "delete") == ["create", "delete", "create"]
    assert (len(rehearsal.living), rehearsal.plan().empty) == (1, True)


def test_create_before_destroy_false_creates_nothing_while_the_old_one_can_not_be_deleted() -> None:
    rehearsal = Rehearsal()
    cloud = PaperCloud(rehearsal.clock)
    rehearsal.provide = lambda account: cloud
    rehearsal.declare(FIRST)
    rehearsal.apply()
    rehearsal.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    cloud.say("delete", Rejected("it is in use", code="1300"))
    applied = rehearsal.apply()
    assert (applied.tally.failed, cloud.count("submit")) == (1, 1)


def test_create_before_destroy_false_deletes_first_in_the_run_after_a_death_too() -> None:
    rehearsal = after(latency=1.0)
    rehearsal.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    rehearsal.die("before", "delete")
    with pytest.raises(Died):
        rehearsal.apply()
    gone: list[list[str]] = []
    rehearsal.hook = lambda moment, what: gone.append(rehearsal.at_status(Status.DELETED)) if what == "create" else None
    rehearsal.apply()
    assert gone == [["narrator"], ["narrator"]]
    assert rehearsal.plan().empty


def test_create_before_destroy_false_waits_for_a_running_task_first() -> None:
    rehearsal = Rehearsal(task_seconds=20)
    rehearsal.declare(FIRST)
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.made else None)
    rehearsal.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    rehearsal.apply()
    assert rehearsal.order("create", "delete") == ["create", "delete", "create"]
    assert (len(rehearsal.living), rehearsal.plan().empty) == (1, True)


def test_create_before_destroy_false_goes_on_when_the_old_task_fails() -> None:
    rehearsal = Rehearsal(task_seconds=20)
    rehearsal.declare(voice("narrator", sample="bad"))
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.made else None)
    rehearsal.declare(voice("narrator", sample="second", lifecycle=Lifecycle(create_before_destroy=False)))
    rehearsal.apply()
    assert (rehearsal.record("narrator").status, rehearsal.count("delete")) == (Status.READY, 0)


def test_a_voice_that_is_replaced_while_its_task_runs_is_deleted_in_the_same_run() -> None:
    rehearsal = Rehearsal(task_seconds=20)
    rehearsal.declare(FIRST)
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.made else None)
    rehearsal.declare(SECOND)
    applied = rehearsal.apply()
    assert (applied.tally.failed, len(rehearsal.made), len(rehearsal.living)) == (0, 2, 1)
    assert rehearsal.plan().empty


@pytest.mark.parametrize("create_before_destroy", [True, False])
def test_an_official_voice_that_makes_way_for_one_of_ours_is_not_deleted(create_before_destroy: bool) -> None:
    rehearsal = Rehearsal(task_seconds=2)
    official = next(iter(PRESETS))
    rehearsal.declare(FIRST.model_copy(update={"method": "preset", "inputs": {"voice_id": official}}))
    rehearsal.apply()
    assert rehearsal.record("narrator").voice_id == official
    lifecycle = Lifecycle(create_before_destroy=create_before_destroy)
    rehearsal.declare(voice("narrator", lifecycle=lifecycle))
    applied = rehearsal.apply()
    assert (applied.tally.failed, rehearsal.count("create"), rehearsal.count("delete")) == (0, 1, 0)
    assert rehearsal.plan().empty


def test_keep_old_keeps_it_that_long() -> None:
    rehearsal = after()
    rehearsal.declare(voice("narrator", sample="second", lifecycle=Lifecycle(keep_old=3600)))
    rehearsal.apply()
    assert (len(rehearsal.living_ids), rehearsal.plan().empty) == (2, True)
    rehearsal.clock.sleep(3601)
    rehearsal.apply()
    assert rehearsal.living_ids == [rehearsal.record("narrator").voice_id]


def test_a_removed_entry_is_deleted() -> None:
    rehearsal = after()
    rehearsal.declare()
    rehearsal.apply(allow_deletes=1)
    assert (rehearsal.living, rehearsal.state.current) == ({}, {})
    assert rehearsal.at_status(Status.DELETED) == ["narrator"]


def test_a_deletion_is_durable_as_deposed_before_its_call() -> None:
    rehearsal = after()
    rehearsal.declare()
    seen: list[list[str]] = []
    rehearsal.hook = lambda moment, what: seen.append(rehearsal.at_status(Status.DEPOSED)) if what == "delete" else None
    rehearsal.apply(allow_deletes=1)
    assert seen == [["narrator"], ["narrator"]]


def test_a_removed_voice_whose_task_still_runs_is_waited_for_and_deleted() -> None:
    rehearsal = Rehearsal(task_seconds=20)
    rehearsal.declare(FIRST)
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.made else None)
    rehearsal.declare()
    applied = rehearsal.apply(allow_deletes=1)
    assert (applied.tally.done, rehearsal.living) == (1, {})
    assert rehearsal.clock.monotonic() > 20


def test_a_removed_voice_whose_task_fails_needs_no_deletion() -> None:
    rehearsal = Rehearsal(task_seconds=20)
    rehearsal.declare(voice("narrator", sample="bad"))
    rehearsal.apply(stop=lambda: "interrupted" if rehearsal.made else None)
    rehearsal.declare()
    applied = rehearsal.apply(allow_deletes=1)
    assert (applied.tally.done, rehearsal.count("delete")) == (1, 0)
    assert rehearsal.plan().empty


@pytest.mark.parametrize("fault", ["reply_lost", "error_after_work", "garbage"])
def test_a_deletion_whose_reply_is_lost_is_done(fault: str) -> None:
    rehearsal = after()
    rehearsal.turn(**{fault: 1.0})
    rehearsal.declare()
    applied = rehearsal.apply(allow_deletes=1)
    assert (applied.tally.done, rehearsal.living) == (1, {})


def test_a_deletion_that_finds_nothing_is_done() -> None:
    rehearsal = Rehearsal()
    cloud = PaperCloud(rehearsal.clock)
    rehearsal.provide = lambda account: cloud
    rehearsal.declare(FIRST)
    rehearsal.apply()
    rehearsal.declare()
    cloud.say("delete", Rejected("Voice already be deleted", code="1201", absent=True))
    applied = rehearsal.apply(allow_deletes=1)
    assert (applied.tally.done, rehearsal.at_status(Status.DELETED)) == (1, ["narrator"])


def test_a_deletion_that_never_gets_an_answer_is_left_to_the_next_run() -> None:
    rehearsal = Rehearsal()
    cloud = PaperCloud(rehearsal.clock)
    rehearsal.provide = lambda account: cloud
    rehearsal.declare(FIRST)
    rehearsal.apply()
    rehearsal.declare()
    cloud.say("delete", *[OutcomeUnknown("no answer")] * 4)
    applied = rehearsal.apply(allow_deletes=1)
    assert (applied.tally.failed, rehearsal.at_status(Status.DEPOSED)) == (1, ["narrator"])
    rehearsal.apply()
    assert rehearsal.at_status(Status.DELETED) == ["narrator"]


def test_labels_and_lifecycle_change_the_state_alone() -> None:
    rehearsal = after()
    calls = rehearsal.count("create") + rehearsal.count("delete")
    labelled = FIRST.model_copy(update={"labels": {"tier": "gold"}, "lifecycle": Lifecycle(keep_old=60)})
    rehearsal.declare(labelled)
    applied = rehearsal.apply()
    assert (applied.tally.done, rehearsal.record("narrator").labels) == (1, {"tier": "gold"})
    assert rehearsal.record("narrator").lifecycle.keep_old == 60
    assert rehearsal.count("create") + rehearsal.count("delete") == calls


def test_a_voice_that_moves_to_another_account_is_made_there_and_deleted_here() -> None:
    rehearsal = Rehearsal(task_seconds=2)
    rehearsal.accounts = {"here": KlingAccount(type="kling"), "there": KlingAccount(type="kling")}
    rehearsal.declare(voice("narrator", provider="here"))
    rehearsal.apply()
    rehearsal.declare(voice("narrator", provider="there"))
    rehearsal.apply()
    assert (rehearsal.record("narrator").provider, len(rehearsal.living_ids)) == ("there", 1)
    assert rehearsal.plan().empty
