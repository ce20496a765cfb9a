"""What a provider's call returns to the run, whatever the adapter answers."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from reconciler.engine.jobs import CallJob, PollJob
from reconciler.engine.steps import Find, Submit
from reconciler.errors import OutcomeUnknown
from reconciler.model.observed import Found, RemoteVoice, TaskStatus
from reconciler.protocols.provider import Accepted, Done

READY = RemoteVoice(status=TaskStatus.READY, voice_id="85")
WRONG: Any = 85
NO_TEXT = RemoteVoice(status=TaskStatus.READY, voice_id=WRONG)


def answered(kind: type[Submit | Find], answer: object) -> object:
    record: Any = SimpleNamespace(external_task_id="vc-1")
    provider = SimpleNamespace(submit=lambda *_: answer, find=lambda *_: answer)
    queue: Any = SimpleNamespace(cloud=SimpleNamespace(provider=provider))
    call: Any = kind(voice=record, record=record) if kind is Submit else Find(record=record)
    nothing: Any = None
    return CallJob(queue, nothing, nothing, call)().value


@pytest.mark.parametrize("answer", [Accepted(task_id="93"), Done(remote=READY)], ids=repr)
def test_a_valid_answer_is_the_result(answer: object) -> None:
    assert answered(Submit, answer) == answer


@pytest.mark.parametrize("answer", [Accepted(task_id=WRONG), Done(remote=NO_TEXT)], ids=repr)
def test_a_create_whose_answer_cannot_be_recorded_has_an_unknown_outcome(answer: object) -> None:
    assert isinstance(answered(Submit, answer), OutcomeUnknown)


def test_a_look_up_whose_answer_cannot_be_recorded_proves_nothing() -> None:
    assert isinstance(answered(Find, Found(remote=NO_TEXT)), OutcomeUnknown)


def test_a_poll_whose_answer_cannot_be_recorded_failed() -> None:
    provider = SimpleNamespace(poll=lambda _: {"vc-1": NO_TEXT})
    queue: Any = SimpleNamespace(cloud=SimpleNamespace(provider=provider))
    assert isinstance(PollJob(queue, [])().value, OutcomeUnknown)
