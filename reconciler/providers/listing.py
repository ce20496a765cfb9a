"""Finds records in the list of an account, and checks voices that the list does not show.

Works for every cloud that has a list. It makes no calls itself: the adapter passes in functions that read. The rules
for missing voices and for the end of a list are written here only.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.errors import CloudError
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, Unknown
from reconciler.model.state import Record, Status

MAX_LOOKUPS = 50  # records that are missing from both lists and are looked up by id
MARKER = re.compile(r"vc-[0-9a-f]{8}-")

# If these are missing from the list, nothing changes, so no look-up is needed.
_IGNORED_IF_MISSING = frozenset({Status.DELETED, Status.FAILED, Status.LAPSED, Status.ABANDONED})
_RESOLVED_BY_KEY = frozenset({Status.INTENDED, Status.UNCERTAIN})
_NEVER_READY = frozenset({Status.INTENDED, Status.RUNNING, Status.UNCERTAIN, Status.LAPSED})

_INCOMPLETE_LIST = "the cloud's list is incomplete: voices that it does not show exist when asked for by id"
_NOT_LOOKED_UP = "missing from the list, and others that are missing too could not be asked for by id"
_CANNOT_LOOK_UP = "it is missing from the list, and the cloud has no other look-up for a voice made elsewhere"


Entry = TypeVar("Entry")


@dataclass(frozen=True)
class Listing:
    """All pages of a list, read once.

    `voiceless` are succeeded tasks whose entry has no voice, `emptied` those whose list of voices is there and empty.
    """

    voices: Mapping[str, RemoteVoice] = field(default_factory=dict)  # by task_id
    voiceless: Mapping[str, RemoteVoice] = field(default_factory=dict)  # by task_id
    emptied: Mapping[str, RemoteVoice] = field(default_factory=dict)  # by task_id

    @property
    def possible_voices(self) -> list[RemoteVoice]:
        """Every entry that may be a voice. One without a voice_id counts too, so that it is not created again."""
        return [*self.voices.values(), *self.voiceless.values()]

    def merged_with(self, later: Listing) -> Listing:
        """The union of two lists. A voice in either of them exists."""
        voices = {**self.voices, **later.voices}
        voiceless = {k: v for k, v in {**self.voiceless, **later.voiceless}.items() if k not in voices}
        emptied = {k: v for k, v in {**self.emptied, **later.emptied}.items() if k not in voices and k not in voiceless}
        return Listing(voices, voiceless, emptied)

    def matches(self, records: Iterable[Record]) -> dict[str, RemoteVoice]:
        """external_task_id -> the listed voice. Matches by key (unless imported), then by task, then by voice_id."""
        seen, unseen = _match_by_key_or_task(self.voices, records)
        if any(r.voice_id for r in unseen):
            by_voice = {v.voice_id: v for v in self.voices.values() if v.voice_id}
            seen |= {r.external_task_id: by_voice[r.voice_id] for r in unseen if r.voice_id in by_voice}
        without = {**self.voiceless, **self.emptied}
        if without:
            # If the voice existed before, a task without one does not show it. If not, the voice may still be coming.
            waiting = [r for r in unseen if _awaits_voice(r) and r.external_task_id not in seen]
            seen |= _match_by_key_or_task(without, waiting)[0]
        return seen


def _awaits_voice(record: Record) -> bool:
    """Whether its voice may not exist yet. True also for a record that will be deleted once its voice exists."""
    return record.status in _NEVER_READY or (record.status is Status.DEPOSED and record.voice_id is None)


def _was_created_with_key(record: Record) -> bool:
    """False for an imported voice. A run that is not in this state may have used the same key for another voice."""
    return record.attempts > 0 or record.voice_id is None


def _match_by_key_or_task(
    listed: Mapping[str, RemoteVoice], records: Iterable[Record]
) -> tuple[dict[str, RemoteVoice], list[Record]]:
    by_key = {v.external_task_id: v for v in listed.values() if v.external_task_id}
    seen: dict[str, RemoteVoice] = {}
    unseen: list[Record] = []
    for record in records:
        voice, of_task = None, listed.get(record.task_id or "")
        if _was_created_with_key(record):
            voice = by_key.get(record.external_task_id)
        if voice is None or (of_task is not None and of_task.external_task_id == voice.external_task_id):
            voice = of_task  # where the cloud takes no key, two voices may have one marker
        if voice is not None:
            seen[record.external_task_id] = voice
        else:
            unseen.append(record)
    return seen, unseen


@dataclass(frozen=True)
class ListResult:
    """An observation for each record, and the voices with a voicectl marker that belong to no record."""

    of: dict[str, Observation]
    marked: tuple[RemoteVoice, ...] = ()
    owners: frozenset[str] = frozenset()
    unlisted: str | None = None  # why the list could not be read


def observe_records(
    records: Sequence[Record],
    *,
    foreign_records: Sequence[Record],
    read_list: Callable[[], Listing],
    find: Callable[[Record], Observation],
    look_up: Callable[[Record], Observation | None],
) -> ListResult:
    """Reads the list once or twice, and looks up the records that are missing from it.

    `foreign_records` are records that are not looked for, but whose voices belong to a record. `find` and `look_up`
    raise systemic failures only. `look_up` returns None for a record without a usable id. If the list fails and there
    is no record to report it on, the error is raised: an empty result would look like an empty account.
    """
    try:
        listing = read_list()
    except CloudError as error:
        if error.systemic or not records:
            raise
        return ListResult({r.external_task_id: Unknown(why=error.detail) for r in records}, unlisted=error.detail)

    of, missing = _match_records(listing, records)
    doubted = [r for r in missing if r.status not in _RESOLVED_BY_KEY]
    if doubted:
        try:
            listing = listing.merged_with(read_list())
        except CloudError as error:
            if error.systemic:
                raise
            of |= {r.external_task_id: Unknown(why=error.detail) for r in doubted}
        else:
            found, missing = _match_records(listing, missing)
            of |= found
            of |= _look_up_missing([r for r in missing if r.status not in _RESOLVED_BY_KEY], look_up)
    of |= {r.external_task_id: find(r) for r in missing if r.status in _RESOLVED_BY_KEY}
    return ListResult(of, _unrecorded_markers(listing, [*records, *foreign_records]), _owners(listing))


def _match_records(listing: Listing, records: Sequence[Record]) -> tuple[dict[str, Observation], list[Record]]:
    """The observations that follow from the list, and the records that are missing from it."""
    of: dict[str, Observation] = {}
    missing: list[Record] = []
    matches = listing.matches(records)
    for record in records:
        remote = matches.get(record.external_task_id)
        if remote is not None:
            of[record.external_task_id] = Found(remote=remote)
        elif record.status in _IGNORED_IF_MISSING:
            of[record.external_task_id] = Absent()
        else:
            missing.append(record)
    return of, missing


def _look_up_missing(
    missing: Sequence[Record], look_up: Callable[[Record], Observation | None]
) -> dict[str, Observation]:
    """Looks up records that are missing from both lists. If one exists, the list is wrong about the others too."""
    of: dict[str, Observation] = {}
    asked = 0
    for record in missing:
        answer = look_up(record) if asked < MAX_LOOKUPS else None
        if answer is not None:
            of[record.external_task_id] = answer
            asked += 1
    rest = [r.external_task_id for r in missing if r.external_task_id not in of]

    if any(isinstance(o, Found) for o in of.values()):
        unfound = [*rest, *(key for key, o in of.items() if not isinstance(o, Found))]
        return of | dict.fromkeys(unfound, Unknown(why=_INCOMPLETE_LIST))
    if not of:
        return dict.fromkeys(rest, Unknown(why=_CANNOT_LOOK_UP))
    if all(isinstance(o, Absent) for o in of.values()):
        return of | dict.fromkeys(rest, Absent())
    return of | dict.fromkeys(rest, Unknown(why=_NOT_LOOKED_UP))


def _unrecorded_markers(listing: Listing, records: Sequence[Record]) -> tuple[RemoteVoice, ...]:
    """Voices with a voicectl marker that no record has as its key, task or voice."""
    marked = [v for v in listing.possible_voices if v.external_task_id and MARKER.match(v.external_task_id)]
    keys = {r.external_task_id for r in records}
    tasks = {r.task_id for r in records if r.task_id}
    voices = {r.voice_id for r in records if r.voice_id}
    return tuple(
        v
        for v in marked
        if v.external_task_id not in keys
        and v.task_id not in tasks
        and (v.voice_id is None or v.voice_id not in voices)
    )


def _owners(listing: Listing) -> frozenset[str]:
    return frozenset(v.owned_by for v in listing.voices.values() if v.owned_by)
