"""What a failed call means, by what it proves and by the call."""

from __future__ import annotations

import pytest

from reconciler.engine.failures import TRIES, Reaction, reaction
from reconciler.engine.steps import Activate, Call, Delete, Find, Prove, Submit, Update
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled, Unreached
from reconciler.model.observed import RemoteVoice, TaskStatus
from tests.engine.simulated_run import voice
from tests.engine.test_run_state import record

VOICE, RECORD = voice("a"), record("k1")
SUBMIT, ACTIVATE = Submit(VOICE, RECORD), Activate(VOICE, RECORD)
DELETE, UPDATE = Delete(RECORD), Update(VOICE, RECORD, ("name",))
FIND, PROVE = Find(RECORD), Prove(RECORD, RemoteVoice(status=TaskStatus.READY))
CALLS = [SUBMIT, ACTIVATE, DELETE, UPDATE]
LOST, SYSTEMIC = OutcomeUnknown("lost"), Rejected("no credentials", systemic=True)


@pytest.mark.parametrize("call", CALLS)
def test_a_call_that_did_nothing_goes_out_again_or_ends_the_run(call: Call) -> None:
    assert reaction(Throttled("slower"), call, tries=9) is Reaction.SLOW_DOWN
    assert reaction(Unreached("no connection"), call, tries=9) is Reaction.NOT_CONNECTED
    assert reaction(SYSTEMIC, call, tries=1) is Reaction.STOP_RUN
    assert reaction(Rejected("no"), call, tries=1) is Reaction.ANSWER


@pytest.mark.parametrize("call", [SUBMIT, ACTIVATE])
@pytest.mark.parametrize(
    "error", [LOST, OutcomeUnknown("lost", systemic=True), CloudError("what is this?", systemic=True)]
)
def test_a_paid_call_that_may_have_happened_is_never_made_again_automatically(call: Call, error: CloudError) -> None:
    assert reaction(error, call, tries=1) is Reaction.ANSWER


@pytest.mark.parametrize("call", [DELETE, UPDATE])
def test_a_call_that_may_be_repeated_is_repeated_a_few_times(call: Call) -> None:
    assert reaction(LOST, call, tries=TRIES - 1) is Reaction.RETRY
    assert reaction(LOST, call, tries=TRIES) is Reaction.ANSWER


def test_a_known_key_is_an_answer_whatever_else_it_says() -> None:
    assert reaction(Rejected("known", duplicate=True, systemic=True), SUBMIT, tries=1) is Reaction.ANSWER


def test_what_is_gone_already_is_an_answer_to_a_deletion() -> None:
    assert reaction(Rejected("no such voice", absent=True, systemic=True), DELETE, tries=1) is Reaction.ANSWER


@pytest.mark.parametrize("look", [FIND, PROVE])
@pytest.mark.parametrize("error", [LOST, Throttled("slower"), Unreached("no connection"), Rejected("no")])
def test_a_look_that_failed_shows_nothing(look: Call, error: CloudError) -> None:
    assert reaction(error, look, tries=0) is Reaction.ANSWER
    assert reaction(SYSTEMIC, look, tries=0) is Reaction.STOP_RUN
