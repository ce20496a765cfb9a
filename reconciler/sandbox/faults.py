"""What can go wrong in the sandbox, as switches. All are off by default; what they do is done where they are read.

Where a vendor's behaviour is not known, there is a switch instead of a guess.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated

from pydantic import BeforeValidator, Field

from reconciler.model.base import Frozen


class DeletedVoice(StrEnum):
    """How the task of a deleted voice looks afterwards. Kling doesn't say, so the tool must be right with each."""

    VANISHES = "vanishes"  # neither listed nor found by id
    STAYS = "stays"  # listed as if nothing had happened
    STAYS_EMPTY = "stays-empty"  # listed, without voices
    STAYS_MARKED = "stays-marked"  # listed, and its voice says `status: deleted`


def _none(word: object) -> object:
    return None if word in ("", "none", "off") else word  # as typed at a prompt


Probability = Annotated[float, Field(ge=0, le=1)]
Seconds = Annotated[float, Field(ge=0, le=86_400 * 365, allow_inf_nan=False)]


class Faults(Frozen):
    """A probability is drawn for each call, from the world's seed and how many such calls came before it."""

    reply_lost: Probability = Field(
        default=0.0, description="Probability that a create or delete is done and the connection breaks unanswered."
    )
    error_after_work: Probability = Field(
        default=0.0, description="Probability that a create or delete is done and answers 500 with code 5000."
    )
    garbage: Probability = Field(
        default=0.0, description="Probability that a create or delete is done and answers 200 with an HTML page."
    )
    faulty_reads: bool = Field(
        default=False, description="reply_lost, error_after_work and garbage strike lists and look-ups too."
    )
    throttle: Probability = Field(
        default=0.0, description="Probability that a call, reads too, is refused with 429 and code 1302."
    )
    storm_seconds: Seconds = Field(
        default=0.0,
        description="How long a storm lasts, in which every call is refused: 1302, creates also 1303. 0: none.",
    )
    storm_every: Annotated[float, Field(gt=0, le=86_400 * 365)] = Field(
        default=60.0, description="Seconds from the beginning of one storm to that of the next."
    )
    calls_per_second: float = Field(
        default=20.0,
        gt=0,
        le=1_000_000,
        description="Creates, and deletes, that an account may send in a second; more are refused with 429, code 1302.",
    )
    in_flight_cap: Annotated[int | None, BeforeValidator(_none)] = Field(
        default=None, ge=1, description="Tasks that may run at once in an account; more: 429, code 1303. none: no cap."
    )
    pack_exhausted: bool = Field(default=False, description="Every create is refused with 429 and code 1102, for good.")
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
        description="Probability that an entry comes or goes between two pages, so that one is told twice or missed.",
    )
    hide: Probability = Field(
        default=0.0, description="Probability that an entry is left out of a page, which may then look like the last."
    )
    empty_list: bool = Field(default=False, description="The list of custom voices is empty; by id they are found.")
    shuffle_list: bool = Field(
        default=False, description="Every list call has another order, so that pages overlap and entries are missed."
    )
    deleted_voice: DeletedVoice = Field(
        default=DeletedVoice.VANISHES, description="How the task of a deleted voice looks afterwards."
    )
    unique_names: bool = Field(
        default=False, description="A voice_name in use on the account is refused with 400 and code 1201."
    )
