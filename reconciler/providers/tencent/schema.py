"""Parses the envelope of Tencent's answers: returns the reply, or raises the error that the answer proves.

Needed keys are checked strictly, all others are ignored. The table of codes is in `errors`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

import pydantic_core
from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic.alias_generators import to_pascal

from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.failures import cause_of
from reconciler.model.request_ids import marked
from reconciler.providers.http import errors as http_errors
from reconciler.providers.http.client import HttpResponse
from reconciler.providers.http.json_text import readable
from reconciler.providers.http.shapes import built
from reconciler.providers.tencent.errors import Proof, rule
from reconciler.values import value

_MAX_CODE_LENGTH = 200  # characters; Tencent's codes are much shorter
_EXPIRED = "AuthFailure.SignatureExpire"


class TencentModel(BaseModel):
    """A JSON object of Tencent's API. `task_id` here is `TaskId` in JSON."""

    model_config = ConfigDict(extra="ignore", alias_generator=to_pascal, defer_build=True)


class Reply(TencentModel):
    """The content of `Response` after a success. Calls that return more have a subclass."""

    request_id: object = None


Shape = TypeVar("Shape", bound=Reply)


@value
class Envelope:
    """The content of `Response`: a success or an error."""

    response: dict[str, Any]

    @property
    def request_id(self) -> str:
        return _text(self.response.get("RequestId"))

    @property
    def failed(self) -> bool:
        return self.response.get("Error") is not None

    @property
    def code(self) -> str:
        """The error code; empty where there is no error, or one without a code."""
        code = _text(self._error.get("Code"))
        return code if len(code) <= _MAX_CODE_LENGTH else ""

    @property
    def message(self) -> str:
        return _text(self._error.get("Message"))

    @property
    def _error(self) -> dict[str, Any]:
        error = self.response.get("Error")
        return error if isinstance(error, dict) else {}


def read_envelope(answer: HttpResponse) -> Envelope | None:
    """The envelope of Tencent's answer; None where the body is not one."""
    try:
        match pydantic_core.from_json(readable(answer.body)):
            case {"Response": dict(response)}:
                return Envelope(response)
            case _:
                return None
    except ValueError:
        return None


def refuses_the_time(answer: HttpResponse, envelope: Envelope | None) -> bool:
    """Whether the time of the signature was refused. Nothing happened then."""
    return answer.status // 100 in (2, 4) and envelope is not None and envelope.code == _EXPIRED


def reads(action: str) -> bool:
    """Whether this action changes nothing, so that it may be repeated."""
    return action.startswith("Describe")


def doubt(action: str) -> str:
    """The end of a message about a call with an unknown outcome. Empty for a read."""
    return "" if reads(action) else http_errors.doubt("POST")


def parse_response(
    answer: HttpResponse,
    envelope: Envelope | None,
    *,
    action: str,
    shape: type[Shape],
    redact: Callable[[object], str],
    note: str = "",
) -> Shape:
    """The reply, if the HTTP status and Tencent's answer are successes and all needed fields are there.

    Otherwise raises Rejected, Throttled or OutcomeUnknown, by what the answer proves. `note` ends the message of a
    refusal.
    """
    if answer.status >= 500:  # maybe a gateway that stopped waiting, so the body proves nothing
        raise _unproven(answer, envelope, action, redact)
    if 300 <= answer.status < 400:
        raise _redirect(answer, action, redact)
    if envelope is None:
        raise _not_tencent(answer, action, redact)
    if envelope.failed:
        raise _refusal(answer, envelope, action, redact, note)
    if answer.status >= 400:
        raise _unproven(answer, envelope, action, redact)
    try:
        return built(shape).model_validate(envelope.response)
    except ValidationError as error:
        first = error.errors(include_input=False, include_url=False, include_context=False)[0]
        where = ".".join(map(str, first["loc"]))
        request_id = redact(envelope.request_id or "")
        line = marked(f"{action}: success without {redact(where)}: {first['msg']}", request_id)
        raise OutcomeUnknown(line + doubt(action), request_id=request_id) from None


def _refusal(
    answer: HttpResponse, envelope: Envelope, action: str, redact: Callable[[object], str], note: str
) -> CloudError:
    found = rule(envelope.code, action=action)
    line = _line(answer, envelope, action, redact) + note
    # The state keeps only the message of a refused voice, so the advice has to be part of it.
    advised = f"{line}. {found.advice}" if found.advice else line
    code, request_id = redact(envelope.code), redact(envelope.request_id)
    match found.proof:
        case Proof.REFUSED:
            cause = found.cause or cause_of(envelope.message)
            return Rejected(advised, code=code, request_id=request_id, cause=cause)
        case Proof.SPENT:
            return Rejected(advised, code=code, request_id=request_id, spent=True, cause=found.cause)
        case Proof.SYSTEMIC:
            return Rejected(line, found.advice, code=code, request_id=request_id, systemic=True)
        case Proof.TOO_FAST:
            return Throttled(line, code=code, request_id=request_id, retry_after=answer.retry_after)
        case Proof.TOO_MANY:
            return Throttled(line, code=code, request_id=request_id, in_flight=True, retry_after=answer.retry_after)
        case Proof.DUPLICATE:
            return Rejected(line, code=code, request_id=request_id, duplicate=True)
        case Proof.ABSENT:
            return Rejected(advised, code=code, request_id=request_id, absent=True)
        case Proof.NOTHING:
            advice = f". {found.advice}" if found.advice else ""
            return OutcomeUnknown(line + doubt(action) + advice, code=code, request_id=request_id)


def _unproven(
    answer: HttpResponse, envelope: Envelope | None, action: str, redact: Callable[[object], str]
) -> OutcomeUnknown:
    line = _line(answer, envelope, action, redact) + doubt(action)
    code, request_id = (redact(envelope.code), redact(envelope.request_id)) if envelope else ("", "")
    return OutcomeUnknown(line, code=code, request_id=request_id)


def _line(answer: HttpResponse, envelope: Envelope | None, action: str, redact: Callable[[object], str]) -> str:
    status = "" if answer.status == 200 else f"HTTP {answer.status}, "
    if envelope is None:
        words = redact(answer.body[:2000].decode("utf-8", "replace"))[:120] or "nothing"
        return f"{action}: HTTP {answer.status}, and not a reply of Tencent's: {words}"
    request_id = redact(envelope.request_id or "")
    if not envelope.failed:
        return marked(f"{action}: {status}and yet no error", request_id)
    code = redact(envelope.code) or "an error without a code"
    message = (redact(envelope.message) or "no message").rstrip(".")
    return marked(f"{action}: {status}{code}: {message}", request_id)


def _redirect(answer: HttpResponse, action: str, redact: Callable[[object], str]) -> CloudError:
    where = redact(answer.headers.get("Location", "nowhere"))[:120]
    line = f"{action}: HTTP {answer.status}, a redirect to {where}, not followed: it would take the signature along"
    hint = "If that is the cloud, name it as the provider's endpoint; if not, something in between answers for it."
    if reads(action):
        return Rejected(line, hint, systemic=True)
    return OutcomeUnknown(line + doubt(action), hint)


def _not_tencent(answer: HttpResponse, action: str, redact: Callable[[object], str]) -> CloudError:
    """Tencent answers with 200 always, so a 4xx comes from a server in between, which may have passed the call on."""
    line = _line(answer, None, action, redact)
    hint = "Check the endpoint. A proxy in between may have answered."
    if not reads(action) or answer.status < 400 or answer.status == 408:
        return OutcomeUnknown(line + doubt(action), hint)
    if answer.status == 429:
        return Throttled(line, retry_after=answer.retry_after)
    return Rejected(line, hint, systemic=answer.status in (401, 407))


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""
