"""Provider calls as jobs of the worker pool. Each job returns a value, whatever happens."""

from __future__ import annotations

import traceback
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TypeVar

from reconciler.engine.call_queue import CallQueue
from reconciler.engine.cloud import Cloud
from reconciler.engine.procedure_run import ProcedureRun
from reconciler.engine.provider_queue import ProviderQueue
from reconciler.engine.state_writer import AppendResult
from reconciler.engine.steps import Activate, Call, Delete, Find, Prove, Submit, Update
from reconciler.errors import CloudError, OutcomeUnknown
from reconciler.model.manifest import Voice
from reconciler.model.observed import Found, Observation, RemoteVoice, Unknown, check
from reconciler.model.redaction import redacted, with_current_notes
from reconciler.model.state import Record
from reconciler.protocols.provider import Accepted, Activating, Done, Probing, Updating, check_accepted
from reconciler.values import value

T = TypeVar("T")
Value = Accepted | Done | Observation | CloudError | None


@value
class CallResult:
    """A call and what it returned."""

    queue: ProviderQueue
    calls: CallQueue
    run: ProcedureRun
    call: Call
    value: Value


@value
class PollResult:
    """The statuses of a provider's running tasks, or the error of the poll."""

    queue: ProviderQueue
    value: Mapping[str, RemoteVoice] | CloudError


JobResult = CallResult | PollResult | AppendResult
Job = Callable[[], JobResult]


@value
class CallJob:
    """Makes one provider call."""

    queue: ProviderQueue
    calls: CallQueue
    run: ProcedureRun
    call: Call

    def __call__(self) -> CallResult:
        return CallResult(
            self.queue,
            self.calls,
            self.run,
            self.call,
            _as_value(lambda: _checked(_provider_call(self.queue.cloud, self.call)())),
        )


@value
class PollJob:
    """Polls the running tasks of one provider."""

    queue: ProviderQueue
    records: list[Record]

    def __call__(self) -> PollResult:
        return PollResult(self.queue, _as_value(lambda: _checked_all(self.queue.cloud.provider.poll(self.records))))


def _provider_call(cloud: Cloud, call: Call) -> Callable[[], Value]:
    provider = cloud.provider
    match call:
        case Submit(voice=voice, record=record):
            return lambda: provider.submit(voice, record.external_task_id)
        case Find(record=record):
            return lambda: provider.find(record)
        case Prove(record=record, remote=remote):
            asked = replace(record, task_id=remote.task_id, voice_id=remote.voice_id)
            return lambda: _probe_one(cloud, asked)
        case Delete(record=record):
            return lambda: provider.delete(record)
        case Activate(voice=voice, record=record):
            if not isinstance(provider, Activating):
                raise TypeError(f"{cloud.name} activates no voices")
            return lambda: provider.activate(record, str(voice.inputs["activate"]["text"]))
        case Update(voice=voice, record=record, keys=keys):
            if not isinstance(provider, Updating):
                raise TypeError(f"{cloud.name} updates no voices")
            return lambda: provider.update(record, _fields(voice, record, keys))


def _probe_one(cloud: Cloud, asked: Record) -> Observation:
    observations = cloud.provider.probe([asked]) if isinstance(cloud.provider, Probing) else {}
    return observations.get(asked.external_task_id, Unknown(why="voicectl did not check it"))


def _fields(voice: Voice, record: Record, keys: tuple[str, ...]) -> dict[str, object]:
    """The fields to send in an update. Records do not hold the secret parts of URLs, so URLs are sent with them."""
    fields = {key: voice.inputs.get(key) for key in keys}
    sent = with_current_notes(voice, record)[0]
    cut = {k for k, v in redacted(voice).items() if v == sent.get(k) and v != voice.inputs[k]}
    return fields | {key: voice.inputs[key] for key in cut & voice.body.updatable}


def _checked(answer: Value) -> Value:
    """The answer. Raises OutcomeUnknown if it can't become a part of a record: its call may have been paid for."""
    try:
        match answer:
            case Accepted():
                check_accepted(answer)
            case Done(remote=remote) | Found(remote=remote):
                check(remote)
            case _:
                pass
    except TypeError as error:
        raise OutcomeUnknown(str(error)) from None
    return answer


def _checked_all(answers: Mapping[str, RemoteVoice]) -> Mapping[str, RemoteVoice]:
    """The same for the answers of a poll."""
    for remote in answers.values():
        _checked(Found(remote=remote))
    return answers


def _as_value(call: Callable[[], T]) -> T | CloudError:
    """The result of the call, or its error as a value. An unexpected exception counts as OutcomeUnknown, bugs too."""
    try:
        return call()
    except CloudError as error:
        return error
    except Exception as error:  # noqa: BLE001 - a bug after the call went out must not read as "nothing happened"
        return OutcomeUnknown(f"a bug of voicectl: {type(error).__name__} in {_place(error)}")


def _place(error: Exception) -> str:
    """The place of an error, as `kling.py:123`. Its message is left out: it may hold secrets, such as a signed URL."""
    *_, (frame, line) = traceback.walk_tb(error.__traceback__)
    return f"{frame.f_code.co_filename.rpartition('/')[2]}:{line}"
