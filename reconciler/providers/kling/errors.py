"""Parses Kling's answers and maps its error codes to errors. This is the only place that knows the codes.

HTTP 200 alone does not mean success, a 429 may be permanent, and code 1201 has many meanings.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import TypeVar

from pydantic import ValidationError

from reconciler.errors import Cause, CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.failures import cause_of
from reconciler.model.request_ids import marked
from reconciler.providers.http.client import HttpResponse
from reconciler.providers.http.errors import doubt
from reconciler.providers.http.json_text import readable
from reconciler.providers.http.shapes import built
from reconciler.providers.kling.schema import Envelope
from reconciler.values import value


@value
class MessagePatterns:
    """How a call interprets code 1201, whose meaning depends on the text of the message."""

    absent: re.Pattern[str] | None = None
    key: str | None = None  # the external_task_id of a create call

    def says_duplicate(self, message: str) -> bool:
        """Whether the message says that the key was used before. Seen: `External_task_id <id> already exists`."""
        if self.key is None:
            return False
        # Compiled only for a refusal: most calls succeed, and each has its own key.
        ours = rf"(?:{re.escape(self.key)}|external.?task.?id)"
        return re.search(rf"(?is){ours}.*already exist", message) is not None


NO_PATTERNS = MessagePatterns()
GETTING = MessagePatterns(absent=re.compile(r"(?i)not found"))
# Seen for elements: "Element already be deleted for id: …"; the text for voices is not known. A refusal ("cannot be
# deleted", "the voice to be deleted is in use") must not count as absent.
DELETING = MessagePatterns(
    absent=re.compile(
        r"(?is)not found|not exist|^(?!.*\b(?:not|can|cannot|can't|could|must|may|only|to be|in use)\b).*\bdeleted\b"
    )
)


def creation_patterns(external_task_id: str) -> MessagePatterns:
    """The patterns of a create call. A voice_name that already exists is not a duplicate key."""
    return MessagePatterns(key=external_task_id)


Shape = TypeVar("Shape", bound=Envelope)


def parse_response(
    answer: HttpResponse,
    shape: type[Shape],
    *,
    redact: Callable[[object], str],
    patterns: MessagePatterns = NO_PATTERNS,
) -> Shape:
    """The envelope, if the HTTP status and Kling's code are successes and all needed fields are there.

    Otherwise raises Rejected, Throttled or OutcomeUnknown, by what the answer proves.
    """
    if not 200 <= answer.status < 300:
        raise _refusal(answer, redact, patterns)
    try:
        envelope = built(shape).model_validate_json(readable(answer.body))
    except ValidationError as error:
        refused = read_envelope(answer)
        if refused is not None and refused.code == 0:
            first = error.errors(include_input=False, include_url=False, include_context=False)[0]
            where = ".".join(map(str, first["loc"]))
            line = f"{answer.call}: success without {redact(where)}: {first['msg']}{doubt(answer.call)}"
            raise OutcomeUnknown(line) from None
        raise _refusal(answer, redact, patterns) from None
    if envelope.code != 0:
        raise _refusal(answer, redact, patterns)
    return envelope


def read_envelope(answer: HttpResponse) -> Envelope | None:
    """The envelope of Kling's answer; None where the body is not one."""
    try:
        return built(Envelope).model_validate_json(readable(answer.body))
    except ValidationError:
        return None


def refuses_the_time(answer: HttpResponse) -> bool:
    """Whether the token was refused as too early or expired. Nothing happened then; the local clock is wrong."""
    envelope = read_envelope(answer)
    return envelope is not None and envelope.code in (1003, 1004)


# Code -> hint. Every other call would fail in the same way. Four of the codes come with 429, but are permanent.
_SYSTEMIC: Mapping[int, str] = {
    1000: "Check the API key or the key pair.",
    1001: "Check the API key or the key pair.",
    1002: "Check the API key or the key pair, and that it belongs to this region.",
    1003: "Check this machine's clock.",
    1004: "Check this machine's clock.",
    1100: "Kling reports the account as abnormal: see its console.",
    1101: "The account is in arrears: top it up.",
    1102: "The resource pack is used up or has expired: buy another.",
    1103: "The account has no permission for custom voices.",
    1304: "This machine's address is not on the account's IP whitelist.",
}
_TOO_FAST, _TOO_MANY = 1302, 1303
_NO_SUCH_THING, _SEE_MESSAGE = 1203, 1201
_SERVER_ERROR = 5000  # and above
_CAUSES: Mapping[int, Cause] = {1202: Cause.DEFECT, 1300: Cause.SAMPLE, 1301: Cause.SAMPLE}
_REFUSED = frozenset({1200, _SEE_MESSAGE, 1202, _NO_SUCH_THING, 1300, 1301})


def _refusal(answer: HttpResponse, redact: Callable[[object], str], patterns: MessagePatterns) -> CloudError:
    envelope = read_envelope(answer)
    if answer.status >= 500:  # 5002 says that the work may be done; the others don't say that it is not
        return OutcomeUnknown(
            _line(answer, envelope, redact) + doubt(answer.call), code=str(envelope.code) if envelope else ""
        )
    if 300 <= answer.status < 400:
        return _redirect(answer, redact)
    if envelope is None:
        return _not_kling(answer, redact)

    line, code = _line(answer, envelope, redact), str(envelope.code)
    request_id = redact(envelope.request_id or "")
    message = str(envelope.message or "")
    if envelope.code in _SYSTEMIC:
        return Rejected(line, _SYSTEMIC[envelope.code], code=code, request_id=request_id, systemic=True)
    if envelope.code in (_TOO_FAST, _TOO_MANY):
        in_flight = envelope.code == _TOO_MANY
        return Throttled(line, code=code, request_id=request_id, in_flight=in_flight, retry_after=answer.retry_after)
    if envelope.code in _REFUSED:
        ambiguous = envelope.code == _SEE_MESSAGE
        absent = patterns.absent is not None and (
            envelope.code == _NO_SUCH_THING or (ambiguous and patterns.absent.search(message) is not None)
        )
        duplicate = ambiguous and patterns.says_duplicate(message)
        cause = _CAUSES.get(envelope.code) or cause_of(message)
        return Rejected(line, code=code, request_id=request_id, absent=absent, duplicate=duplicate, cause=cause)
    # A code that is not documented, or 5000 to 5002 with another HTTP status. The HTTP status has to decide.
    if answer.status == 429:
        return Throttled(line, code=code, request_id=request_id, retry_after=answer.retry_after)
    if answer.status >= 400 and 0 < envelope.code < _SERVER_ERROR:
        return Rejected(line, code=code, request_id=request_id, systemic=answer.status == 401)
    return OutcomeUnknown(line + doubt(answer.call), code=code, request_id=request_id)


def _line(answer: HttpResponse, envelope: Envelope | None, redact: Callable[[object], str]) -> str:
    if envelope is None:
        return f"{answer.call}: HTTP {answer.status}, and not a reply of Kling's: {_snippet(answer, redact)}"
    message = redact(envelope.message or "no message")
    line = f"{answer.call}: HTTP {answer.status}, code {envelope.code}: {message}"
    return marked(line, redact(envelope.request_id or ""))


def _snippet(answer: HttpResponse, redact: Callable[[object], str]) -> str:
    return redact(answer.body[:2000].decode("utf-8", "replace"))[:120] or "nothing"


def _redirect(answer: HttpResponse, redact: Callable[[object], str]) -> CloudError:
    where = redact(answer.headers.get("Location", "nowhere"))[:120]
    line = f"{answer.call}: HTTP {answer.status}, a redirect to {where}, not followed: it would take the key along"
    if answer.status in (301, 302, 303) and answer.call.startswith("POST "):
        # 303 comes after the work, and some servers use 301 and 302 like it. 307 and 308 ask for the same call again.
        return OutcomeUnknown(line + doubt(answer.call))
    hint = "If that is the cloud, name it as the provider's endpoint; if not, something in between answers for it."
    return Rejected(f"{line}; the call was not executed", hint, systemic=True)


# A 4xx from a gateway or a company's proxy proves that nothing happened only if that server can't have passed the
# request on: it refused the credentials, address, method or size. Any other 4xx, such as 400, 403 and 408, may be its
# reaction to Kling's answer. OutcomeUnknown costs little here: `find` resolves it.
_STOPPED_BEFORE = frozenset({401, 404, 405, 407, 411, 413, 414, 415, 431})
_STOPPED_ALWAYS = frozenset({401, 407})


def _not_kling(answer: HttpResponse, redact: Callable[[object], str]) -> CloudError:
    line = _line(answer, None, redact)
    if answer.status == 429:
        return Throttled(line, retry_after=answer.retry_after)
    reads = answer.call.startswith("GET ")
    if answer.status in _STOPPED_BEFORE or (reads and answer.status >= 400 and answer.status != 408):
        hint = "Check the endpoint. A proxy in between may have answered."
        return Rejected(f"{line}; the call was not executed", hint, systemic=answer.status in _STOPPED_ALWAYS)
    return OutcomeUnknown(line + doubt(answer.call))
