"""Settings that make the sandbox fail in certain ways. All are off by default.

The code that reads a setting implements it. If a vendor's behaviour is not known, there is a setting for it.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from reconciler.model.base import Frozen


class DeletedVoice(StrEnum):
    """How the task of a deleted voice looks afterwards. Kling does not document it, so voicectl must handle all."""

    VANISHES = "vanishes"  # neither listed nor found by id
    STAYS = "stays"  # listed unchanged
    STAYS_EMPTY = "stays-empty"  # listed, without voices
    STAYS_MARKED = "stays-marked"  # listed, and its voice says `status: deleted`


class SessionRefusal(StrEnum):
    """The code for a used SessionId at VOD. Documented for CreateAigcCustomVoice only, which always uses the first."""

    SESSION_ID = "InvalidParameterValue.SessionId"
    TASK_DUPLICATE = "FailedOperation.TaskDuplicate"


class VoiceRefusal(StrEnum):
    """The code for an unknown voice at VOD. Not documented."""

    NOT_FOUND = "ResourceNotFound"
    VALUE = "InvalidParameterValue"
    FAILED = "FailedOperation"


def _none(word: object) -> object:
    return None if word in ("", "none", "off") else word  # what users type at a prompt


Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400 * 365, allow_inf_nan=False)]


class Faults(Frozen):
    """The settings. A probability is drawn for each call, from the world's seed and the number of such calls before."""

    reply_lost: Probability = Field(
        default=0.0, description="Probability that a create or delete is done and the connection breaks unanswered."
    )
    error_after_work: Probability = Field(
        default=0.0,
        description="Probability that a create or delete is done and answers 500 with 5000; Tencent: InternalError.",
    )
    garbage: Probability = Field(
        default=0.0, description="Probability that a create or delete is done and answers 200 with an HTML page."
    )
    faulty_reads: bool = Field(
        default=False, description="reply_lost, error_after_work and garbage strike lists and look-ups too."
    )
    throttle: Probability = Field(
        default=0.0,
        description="Probability that a call is refused: 429 with 1302; Tencent: RequestLimitExceeded. Reads too.",
    )
    storm_seconds: Seconds = Field(
        default=0.0,
        description="How long a storm lasts, in which every call is refused as by throttle; Kling's creates also 1303.",
    )
    storm_every: Annotated[float, Field(gt=0, le=86_400 * 365)] = Field(
        default=60.0, description="Seconds from the beginning of one storm to that of the next."
    )
    calls_per_second: float = Field(
        default=20.0,
        gt=0,
        le=1_000_000,
        description="Creates, and deletes, that an account may send in a second; more are refused as by throttle. "
        "Tencent counts each action by itself, and reads too.",
    )
    in_flight_cap: Annotated[int | None, BeforeValidator(_none)] = Field(
        default=None,
        ge=1,
        description="Tasks that may run at once in Kling's account; more: 429, code 1303. none: no cap.",
    )
    pack_exhausted: bool = Field(
        default=False,
        description="Every create is refused for good: 429 with 1102; VOD: LimitExceeded.Quota; TRTC: NotAllowed.",
    )
    task_seconds: Seconds = Field(default=1.0, description="How long a new task takes.")
    stuck_tasks: Probability = Field(default=0.0, description="Probability that a new task never ends.")
    fail: Probability = Field(default=0.0, description="Probability that a new task ends without a voice.")
    unknown_status: Probability = Field(
        default=0.0, description="Probability that a look tells a task with a status that no document knows."
    )
    voiceless: Probability = Field(
        default=0.0, description="Probability that a look tells a task that succeeded without its voice_id."
    )
    late_visibility: Seconds = Field(
        default=0.0, description="Seconds before a new task is listed; it is found by id at once, unless late_by_id."
    )
    late_by_id: Seconds = Field(
        default=0.0, description="Seconds before a new task is found by its ids, or listed; its key is in use at once."
    )
    page_cap: Annotated[int | None, BeforeValidator(_none)] = Field(
        default=None, ge=1, description="Entries that a page holds at most, whatever was asked for. none: no cap."
    )
    shift_list: Probability = Field(
        default=0.0,
        description="Probability that an entry comes or goes between two pages, so that one is listed twice or missed.",
    )
    hide: Probability = Field(
        default=0.0, description="Probability that an entry is left out of a page, which may then look like the last."
    )
    empty_list: bool = Field(default=False, description="Lists of voices and tasks are empty; by id they are found.")
    shuffle_list: bool = Field(
        default=False, description="Every list call has another order, so that pages overlap and entries are missed."
    )
    deleted_voice: DeletedVoice = Field(
        default=DeletedVoice.VANISHES, description="How the task of a deleted voice looks afterwards."
    )
    unique_names: bool = Field(
        default=False, description="A voice_name in use on Kling's account is refused with 400 and code 1201."
    )
    clock_ahead: Annotated[float, Field(ge=-86_400 * 365, le=86_400 * 365, allow_inf_nan=False)] = Field(
        default=0.0, description="Seconds that the clouds' clock is ahead of this machine's: things expire sooner."
    )
    tencent_refuses: Annotated[str | None, BeforeValidator(_none)] = Field(
        default=None,
        pattern=r"^[A-Z][A-Za-z]{0,80}(\.[A-Z][A-Za-z]{0,80})?$",
        description="An error code of Tencent's that each of its calls is refused with, nothing being done. none: off.",
    )
    clone_seconds: Seconds = Field(default=0.0, description="How long TRTC's VoiceClone takes to answer, once done.")
    session_seconds: Seconds = Field(
        default=3 * 86_400, description="How long VOD refuses a SessionId again; it documents 3 days, and also 7."
    )
    duplicate_session: SessionRefusal = Field(
        default=SessionRefusal.SESSION_ID,
        description="How VOD's clones refuse a SessionId that was used; its page documents only CreateAigcCustomVoice.",
    )
    unknown_voice: VoiceRefusal = Field(
        default=VoiceRefusal.NOT_FOUND, description="How VOD reports an unknown voice; not documented."
    )
    update_clears: bool = Field(
        default=False, description="UpdateVoice empties the fields that it is not sent; not documented."
    )
    unused_seconds: Seconds = Field(
        default=7 * 86_400, description="How long VOD keeps a MiniMax voice that was never used to speak."
    )
    temporary_seconds: Seconds = Field(
        default=7 * 86_400, description="How long VOD keeps the Temporary file of a sound that is made from now on."
    )
