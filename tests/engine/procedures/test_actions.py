"""The life of each change, step by step: no threads, no clock that moves, no cloud. What is sent is what happened."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.engine.cloud import Cloud
from reconciler.engine.context import Context
from reconciler.engine.procedures.actions import procedure
from reconciler.engine.procedures.waiting import RETRIES_LATER
from reconciler.engine.run_state import RunState
from reconciler.engine.steps import (
    AnyStep,
    AwaitDeletes,
    AwaitOutputs,
    AwaitTask,
    AwaitTurn,
    Commit,
    Delete,
    Doubtful,
    End,
    Failed,
    Find,
    Finished,
    Held,
    Left,
    Note,
    Overdue,
    Stopped,
    Submit,
)
from reconciler.errors import Cause, OutcomeUnknown, Rejected, Throttled
from reconciler.hints import hint
from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action, Change
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers
from reconciler.protocols.provider import Accepted, ByList, Done, MethodCapabilities, Unknowable
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import voice
from tests.support.clock import FakeClock
from tests.support.hints import in_words

LOST = OutcomeUnknown("the connection broke")
DUPLICATE = Rejected("the key exists", duplicate=True)
REFUSED = Rejected("the sample is too short", cause=Cause.SAMPLE)
LISTED = MethodCapabilities(found=ByList(lag=30.0))
TRTC = MethodCapabilities(found=Unknowable(), deletes=False, batch=1)
READY = RemoteVoice(status=TaskStatus.READY, voice_id="850", voice_name="a", task_id="task")
RUNNING = RemoteVoice(status=TaskStatus.RUNNING, task_id="task")
BROKEN = RemoteVoice(status=TaskStatus.FAILED, task_id="task", message="noise")


class Story:
    """One procedure. `commits` are carried out, `notes` kept; `at` is the step that it waits for, or how it ended.

    `outputs` is what a deletion learns about the files for applications: None, unless told, that no file is in its way.
    """

    def __init__(
        self,
        action: Action,
        declared: Voice | None,
        *records: Record,
        can: MethodCapabilities | None = None,
        outputs: Held | Stopped | None = None,
        **told: Any,
    ) -> None:
        clock = FakeClock()
        self._outputs = outputs
        self.awaited: list[AwaitOutputs] = []
        self.run_state = RunState(State(lineage="0123"), lambda event: None)
        for record in records:
            bound = {record.address: record.external_task_id} if record.status is not Status.DEPOSED else {}
            self.run_state.write(record, current=bound)
        cloud = Cloud(name="kling", provider=ScriptedProvider(clock, can), quota="paper")
        made = Change(address="a", provider="kling", action=action, method="create", **told)
        self.notes: list[Note] = []
        self.commits: list[Commit] = []
        self._told = procedure(Context(self.run_state, {"kling": cloud}, clock), made, declared)
        self.at: AnyStep | End = self.send(None)

    def send(self, outcome: object) -> AnyStep | End:
        try:
            step = self._told.send(outcome)
            while isinstance(step, Commit | Note | AwaitOutputs):
                if isinstance(step, AwaitOutputs):
                    self.awaited.append(step)
                    step = self._told.send(self._outputs)
                    continue
                if isinstance(step, Commit):
                    self.commits.append(step)
                    self.run_state.write(*step.records, current=step.current, without=step.without)
                else:
                    self.notes.append(step)
                step = self._told.send(None)
            self.at = step
        except StopIteration as ended:
            self.at = ended.value
        return self.at

    def sends(self, *outcomes: object) -> AnyStep | End:
        for outcome in outcomes:
            self.send(outcome)
        return self.at

    @property
    def record(self) -> Record | None:
        """What the address means."""
        return self.run_state.at("a")

    @property
    def voice_id(self) -> str | None:
        return self.record.voice_id if self.record is not None else None

    def status(self, key: str = "k1") -> Status | None:
        found = self.run_state.record(key)
        return found.status if found is not None else None


def creation(declared: Voice | None = None, *records: Record, **told: Any) -> Story:
    """It has its turn."""
    declared = declared or voice("a")
    told = {"key": "k1", "generation": 1, "identity": markers.digest_of(declared), **told}
    story = Story(told.pop("action", Action.CREATE), declared, *records, **told)
    assert isinstance(story.at, AwaitTurn)
    story.send(None)
    return story


def held(status: Status = Status.READY, *, key: str = "k0", **fields: Any) -> Record:
    """The voice that the address has."""
    now = FakeClock().now()
    told = {"voice_id": "849", "attempts": 1, "created_at": now, "changed_at": now, **fields}
    return Record(
        external_task_id=key, address="a", provider="kling", account="kling on paper", method="create",
        generation=1, status=status, digest="d", **told,
    )  # fmt: skip


# -- what a creation becomes -------------------------------------------------------------------------------------------


def test_the_intent_is_written_before_the_call() -> None:
    story = creation()
    assert isinstance(story.at, Submit)
    assert (story.status(), story.commits[0].urgent) == (Status.INTENDED, True)


def test_a_creation_that_goes_well() -> None:
    story = creation()
    assert isinstance(story.send(Accepted(task_id="task")), AwaitTask)
    assert story.status() is Status.RUNNING
    assert story.send(READY) == Finished("850")
    assert (story.status(), story.record) == (Status.READY, story.run_state.record("k1"))


def test_a_lost_reply_whose_voice_is_found() -> None:
    story = creation()
    assert isinstance(story.send(LOST), Find)
    assert story.send(Found(remote=READY)) == Finished("850")


def test_a_lost_reply_whose_task_is_found_running() -> None:
    story = creation()
    story.sends(LOST, Found(remote=RUNNING))
    assert isinstance(story.at, AwaitTask)
    assert story.send(READY) == Finished("850")


def test_a_lost_reply_of_which_two_looks_show_nothing_is_sent_again_under_its_key() -> None:
    story = creation()
    again = story.sends(LOST, Absent(), Absent())
    assert isinstance(again, Submit)
    assert (again.record.external_task_id, again.record.attempts) == ("k1", 2)


def test_one_look_that_shows_nothing_proves_nothing() -> None:
    story = creation()
    looked_for = story.run_state.record("k1")
    assert looked_for is not None
    assert story.sends(LOST, Absent()) == Find(looked_for, after=1.0)


def test_a_lost_reply_that_could_not_be_looked_up_is_left_as_an_intent() -> None:
    story = creation()
    ended = story.sends(LOST, *[Unknown(why="no list")] * 5)
    assert ended == Failed(
        "the call's outcome is not known yet: no list", hint("The next apply looks it up and goes on.")
    )
    assert story.status() is Status.INTENDED


def test_a_second_sending_that_is_a_duplicate_proves_that_the_first_arrived() -> None:
    story = creation()
    story.sends(LOST, Absent(), Absent(), DUPLICATE)
    assert isinstance(story.at, Find)
    assert story.send(Found(remote=READY)) == Finished("850")


def test_a_refusal_of_a_second_sending_proves_nothing_about_the_first() -> None:
    story = creation()
    story.sends(LOST, Absent(), Absent(), REFUSED, *[Absent()] * 5)
    assert isinstance(story.at, Doubtful)
    assert story.status() is Status.UNCERTAIN


def test_a_refusal_of_the_first_sending_is_written_down() -> None:
    story = creation()
    assert isinstance(story.send(REFUSED), Failed)
    assert story.record is not None
    assert (story.record.status, story.record.cause) == (Status.FAILED, Cause.SAMPLE)


def test_a_quota_that_is_spent_takes_the_intent_back() -> None:
    story = creation()
    assert isinstance(story.send(Rejected("no balance", spent=True)), Failed)
    assert (story.status(), story.record) == (None, None)


def test_an_intent_is_withdrawn_if_the_cloud_asks_to_wait_for_too_long() -> None:
    story = creation()
    assert story.send(Throttled("slower")) == Failed("slower", hint("The next apply tries again."))
    assert story.status() is None


def test_a_run_that_ends_withdraws_unsent_intents() -> None:
    story = creation()
    assert story.send(Stopped()) == Left()
    assert (story.status(), story.record) == (None, None)


def test_a_cloud_that_can_not_be_queried_leaves_it_to_the_user() -> None:
    story = creation(can=TRTC)
    assert isinstance(story.send(LOST), Doubtful)
    assert (story.status(), story.commits[-1].urgent) == (Status.UNCERTAIN, True)


def test_a_synchronous_cloud_needs_no_task() -> None:
    assert creation(can=TRTC).send(Done(remote=READY)) == Finished("850")


def test_a_task_that_fails_is_not_bought_again_automatically() -> None:
    story = creation()
    ended = story.sends(Accepted(task_id="task"), BROKEN)
    assert isinstance(ended, Failed)
    assert ended.detail == "noise"
    assert story.status() is Status.FAILED


def test_a_task_that_does_not_end_is_left_running() -> None:
    story = creation()
    ended = story.sends(Accepted(task_id="task"), Overdue(600.0))
    assert isinstance(ended, Failed)
    assert in_words(ended.hint) == "The next apply goes on with it, and pays nothing."
    assert story.status() is Status.RUNNING


def test_a_task_that_was_seen_and_that_two_looks_do_not_find_any_more_was_deleted() -> None:
    story = creation()
    ended = story.sends(Accepted(task_id="task"), Overdue(4.0, missing=True), Absent(), Absent())
    assert isinstance(ended, Failed)
    assert ended.detail == "its voice was deleted while it was made"
    assert story.status() is Status.DELETED
    assert story.run_state.at("a") is None


def test_a_task_that_polls_miss_and_a_look_finds_is_waited_for_again() -> None:
    story = creation()
    assert isinstance(story.sends(Accepted(task_id="task"), Overdue(4.0, missing=True)), Find)
    assert isinstance(story.sends(Absent(), Found(RUNNING)), AwaitTask)
    assert isinstance(story.send(READY), Finished)


def test_a_first_sending_that_is_a_duplicate_takes_nothing_that_is_not_proven_to_be_there() -> None:
    story = creation()
    story.send(DUPLICATE)
    assert story.status() is Status.FAILED  # before anything is looked at
    assert isinstance(story.send(Found(remote=READY)), Failed)
    assert story.record is not None
    assert (story.record.cause, story.record.voice_id) == (Cause.KEY_IN_USE, None)


def test_a_key_that_was_used_for_a_voice_deleted_since_is_followed_by_the_next() -> None:
    story = creation()
    gone = replace(READY, deleted=True)
    story.sends(DUPLICATE, Found(remote=gone))
    assert isinstance(story.at, AwaitTurn)
    again = story.send(None)
    assert isinstance(again, Submit)
    assert (again.record.generation, story.status()) == (2, Status.DELETED)


def test_where_only_a_list_shows_it_two_looks_a_lag_apart_are_proof_and_a_failed_one_is_none() -> None:
    story = creation(can=LISTED)
    first = story.send(LOST)
    assert isinstance(first, Find)
    assert first.after == 600.0  # the call's own time-out
    story.send(Unknown(why="500"))
    second = story.send(Absent())
    assert isinstance(second, Find)
    assert second.after == 30.0
    third = story.send(Unknown(why="500"))
    assert isinstance(third, Find)
    assert third.after >= 30.0
    assert isinstance(story.send(Absent()), Submit)


def test_where_only_a_list_shows_it_what_a_dead_run_sent_is_looked_for_before_anything_is_sent() -> None:
    before = held(Status.INTENDED, key="k1", voice_id=None)
    story = creation(None, before, can=LISTED, record="k1")
    first = story.at
    assert isinstance(first, Find)
    assert first.after == 1200.0  # so long the call may have waited to go out, and been under way
    assert isinstance(story.send(Absent()), Find)
    assert isinstance(story.send(Absent()), Submit)


def test_a_second_sending_where_only_a_list_shows_the_first_is_waited_for_again() -> None:
    story = creation(can=LISTED)
    assert isinstance(story.sends(LOST, Absent(), Absent()), Submit)
    look = story.send(LOST)
    assert isinstance(look, Find)
    assert look.after == 600.0


def test_a_key_that_was_used_up_too_often_is_left_to_the_user() -> None:
    story = creation()
    gone = replace(READY, deleted=True)
    for _ in range(20):
        story.sends(DUPLICATE, Found(remote=gone), None)
    assert isinstance(story.sends(DUPLICATE, Found(remote=gone)), Failed)
    assert story.record is not None
    assert (story.record.status, story.record.cause) == (Status.FAILED, Cause.KEY_IN_USE)


def test_a_creation_whose_old_voice_goes_first_is_not_made_while_that_is_there() -> None:
    declared = voice("a", lifecycle=Lifecycle(create_before_destroy=False))
    story = Story(Action.CREATE, declared, key="k1", generation=2, identity=markers.digest_of(declared))
    assert story.at == AwaitDeletes("a")
    assert isinstance(story.send(Failed("could not delete 849")), Failed)
    assert story.status() is None


# -- replace, delete, forget -------------------------------------------------------------------------------------------


def test_a_replace_deletes_the_old_voice_only_when_the_new_one_has_its_address() -> None:
    story = creation(None, held(), action=Action.REPLACE, record="k0")
    assert story.record == held()  # until the new one is there
    deletion = story.sends(Accepted(task_id="task"), READY)
    assert isinstance(deletion, Delete)
    assert (story.status("k0"), story.voice_id) == (Status.DEPOSED, "850")
    assert {r.external_task_id for r in story.commits[-1].records} == {"k0", "k1"}  # in one write
    assert story.send(None) == Finished("850")
    assert story.status("k0") is Status.DELETED


def test_a_replace_whose_new_voice_fails_keeps_the_old_one() -> None:
    story = creation(None, held(), action=Action.REPLACE, record="k0")
    assert isinstance(story.sends(Accepted(task_id="task"), BROKEN), Failed)
    assert (story.status("k0"), story.voice_id) == (Status.READY, "849")


def test_a_replace_of_which_the_old_voice_goes_first() -> None:
    declared = voice("a", lifecycle=Lifecycle(create_before_destroy=False))
    told: dict[str, Any] = {"key": "k1", "generation": 2, "identity": markers.digest_of(declared), "record": "k0"}
    story = Story(Action.REPLACE, declared, held(), **told)
    assert isinstance(story.at, Delete)
    assert (story.status("k0"), story.record) == (Status.DEPOSED, None)
    assert isinstance(story.send(None), AwaitTurn)
    assert isinstance(story.send(None), Submit)
    assert story.sends(Accepted(task_id="task"), READY) == Finished("850")


def test_where_the_old_voice_can_not_be_deleted_no_new_one_is_bought() -> None:
    declared = voice("a", lifecycle=Lifecycle(create_before_destroy=False))
    told: dict[str, Any] = {"key": "k1", "generation": 2, "identity": markers.digest_of(declared), "record": "k0"}
    story = Story(Action.REPLACE, declared, held(), **told)
    assert story.send(LOST) == Failed("could not delete 849: the connection broke", hint("The next apply tries again."))


def test_an_old_voice_that_is_kept_a_while_is_not_deleted_now() -> None:
    declared = voice("a", lifecycle=Lifecycle(keep_old=3600.0))
    story = creation(declared, held(), action=Action.REPLACE, record="k0")
    assert story.sends(Accepted(task_id="task"), READY) == Finished("850")
    assert story.status("k0") is Status.DEPOSED


def test_a_deletion_is_announced_before_its_call() -> None:
    story = Story(Action.DELETE, None, held(), record="k0")
    assert isinstance(story.at, Delete)
    assert (story.status("k0"), story.record) == (Status.DEPOSED, None)
    assert story.send(None) == Finished()
    assert story.status("k0") is Status.DELETED


def test_a_voice_that_is_gone_already_counts_as_deleted() -> None:
    story = Story(Action.DELETE, None, held(), record="k0")
    assert story.send(Rejected("no such voice", absent=True)) == Finished()
    assert story.status("k0") is Status.DELETED


def test_a_voice_whose_task_still_runs_is_deleted_once_it_exists() -> None:
    story = Story(Action.DELETE, None, held(Status.RUNNING, voice_id=None, task_id="task"), record="k0")
    assert isinstance(story.at, AwaitTask)
    assert isinstance(story.send(READY), Delete)
    assert story.send(None) == Finished()


@pytest.mark.parametrize(("abandons", "status"), [(False, Status.DELETED), (True, Status.ABANDONED)])
def test_a_released_voice_that_stays_in_its_cloud_stays_listed_as_abandoned(abandons: bool, status: Status) -> None:
    story = Story(Action.FORGET, None, held(), record="k0", abandons=abandons)
    assert story.at == Finished()
    assert (story.status("k0"), story.record) == (status, None)


def test_an_old_voice_that_is_blocked_is_still_to_be_deleted() -> None:
    Story(Action.BLOCKED, None, held(Status.DEPOSED), record="k0", found=READY)
    story = Story(Action.BLOCKED, None, held(Status.DEPOSED), record="k0", found=READY)
    assert story.status("k0") is Status.DEPOSED


def test_an_intent_of_a_dead_run_that_no_cloud_can_settle_is_left_to_the_user() -> None:
    story = Story(Action.BLOCKED, None, held(Status.INTENDED, voice_id=None), record="k0", can=TRTC)
    assert story.status("k0") is Status.UNCERTAIN


# -- files for applications --------------------------------------------------------------------------------------------


def test_a_replaced_voice_is_deleted_after_the_files_were_awaited() -> None:
    story = Story(Action.DELETE, None, held(), record="k0")
    assert isinstance(story.at, Delete)
    assert [(step.record.voice_id, step.before_new) for step in story.awaited] == [("849", False)]


def test_a_voice_that_a_file_still_names_is_not_deleted() -> None:
    story = Story(Action.DELETE, None, held(), record="k0", outputs=Held("voices.env still names it"))
    assert story.at == Failed("849 is not deleted: voices.env still names it", RETRIES_LATER)
    assert story.status("k0") is Status.DEPOSED  # the next run deletes it


def test_an_interrupted_deletion_that_waited_for_a_file_is_left() -> None:
    assert Story(Action.DELETE, None, held(), record="k0", outputs=Stopped()).at == Left()


def test_before_a_new_voice_the_files_are_asked_before_the_old_one_loses_its_address() -> None:
    first = voice("a", sample="second", lifecycle=Lifecycle(create_before_destroy=False))
    told: dict[str, Any] = {"record": "k0", "key": "k1", "generation": 2, "identity": "i"}
    refused = Story(Action.REPLACE, first, held(), outputs=Held("the disk is full"), **told)
    assert isinstance(refused.at, Failed)
    assert refused.status("k0") is Status.READY
    assert [step.before_new for step in refused.awaited] == [True]
    free = Story(Action.REPLACE, first, held(), **told)
    assert isinstance(free.at, Delete)
    assert [step.before_new for step in free.awaited] == [True, True]
