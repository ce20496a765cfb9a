"""What an account's list says about records, and what it can't be trusted with.

Pure but for the questions it is handed. Works for every cloud that lists; the design's rules about what is missing,
and about where a list ends, stand here once.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from reconciler.errors import CloudError, OutcomeUnknown, Rejected
from reconciler.model.base import lean
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, Unknown
from reconciler.model.state import Record, Status

ASKED_AT_MOST = 50  # records that both lists miss and that are then asked for by id
MARKER = re.compile(r"vc-[0-9a-f]{8}-")

# Missing, they change nothing: no call is spent on them.
_NOT_MISSED = frozenset({Status.DELETED, Status.FAILED, Status.LAPSED, Status.ABANDONED})
_SETTLED_BY_KEY = frozenset({Status.INTENDED, Status.UNCERTAIN})
_NEVER_READY = frozenset({Status.INTENDED, Status.RUNNING, Status.UNCERTAIN, Status.LAPSED})

_LYING = "the cloud's list is incomplete: voices that it does not show exist when asked for by id"
_NOT_ASKED = "missing from the list, and others that are missing too could not be asked for by id"
_UNASKABLE = "it is missing from the list, and a voice made elsewhere can be looked up nowhere else"


Entry = TypeVar("Entry")


def pages(
    read: Callable[[int], list[Entry]], *, name: Callable[[Entry], str], size: int, last: int, sure: bool = True
) -> Iterator[list[Entry]]:
    """Page after page of a list that tells no total, until one is empty or brings nothing new.

    A page shorter than `size`, which was asked for, proves no end: a server may cap its pages and not say so. Where
    that is only awkward, `sure=False` saves the call unless the page looks capped. Raises OutcomeUnknown beyond `last`.
    """
    known: set[str] = set()
    short = False
    for number in range(1, last + 1):
        try:
            page = read(number)
        except Rejected as refused:
            if short and not refused.systemic:
                return  # it was asked for to be sure: there is no such page
            raise
        before = len(known)
        known.update(map(name, page))
        if len(known) == before:  # the end, or a server that ignores the page's number
            return
        yield page
        short = len(page) < size
        if short and not sure and not _looks_capped(len(page)):
            return
    raise OutcomeUnknown(f"the list has more than {last} pages, so it can't be read whole")


def _looks_capped(length: int) -> bool:
    return length % 10 == 0 or length % 25 == 0 or (length >= 16 and length & (length - 1) == 0)


@dataclass(frozen=True)
class Listing:
    """One look through all pages. `hollow` are tasks that succeeded and show no voice, `emptied` those that say so."""

    voices: Mapping[str, RemoteVoice] = field(default_factory=dict)  # by task_id
    hollow: Mapping[str, RemoteVoice] = field(default_factory=dict)  # by task_id
    emptied: Mapping[str, RemoteVoice] = field(default_factory=dict)  # by task_id

    @property
    def there(self) -> list[RemoteVoice]:
        """All that may be a voice: one whose voice_id is not told now is none to be bought again."""
        return [*self.voices.values(), *self.hollow.values()]

    def with_(self, later: Listing) -> Listing:
        """The union counts: what either look has seen is there."""
        voices = {**self.voices, **later.voices}
        hollow = {k: v for k, v in {**self.hollow, **later.hollow}.items() if k not in voices}
        emptied = {k: v for k, v in {**self.emptied, **later.emptied}.items() if k not in voices and k not in hollow}
        return Listing(voices, hollow, emptied)

    def sightings(self, records: Iterable[Record]) -> dict[str, RemoteVoice]:
        """external_task_id -> the listed voice: by that key (no imported one), else by task, else by voice."""
        seen, unseen = _by_key_or_task(self.voices, records)
        if any(r.voice_id for r in unseen):
            by_voice = {v.voice_id: v for v in self.voices.values() if v.voice_id}
            seen |= {r.external_task_id: by_voice[r.voice_id] for r in unseen if r.voice_id in by_voice}
        without = {**self.hollow, **self.emptied}
        if without:
            # Once a voice was there, a task without one is no sign of it; before, it may just not be there yet.
            waiting = [r for r in unseen if _waits_for_its_voice(r) and r.external_task_id not in seen]
            seen |= _by_key_or_task(without, waiting)[0]
        return seen


def _waits_for_its_voice(record: Record) -> bool:
    """Also one that is to be deleted as soon as its voice is there."""
    return record.status in _NEVER_READY or (record.status is Status.DEPOSED and record.voice_id is None)


def _made_under_its_key(record: Record) -> bool:
    """False for an imported voice: a run that the state has forgotten may have used the same key for another one."""
    return record.attempts > 0 or record.voice_id is None


def _by_key_or_task(
    listed: Mapping[str, RemoteVoice], records: Iterable[Record]
) -> tuple[dict[str, RemoteVoice], list[Record]]:
    by_key = {v.external_task_id: v for v in listed.values() if v.external_task_id}
    seen: dict[str, RemoteVoice] = {}
    unseen: list[Record] = []
    for record in records:
        voice, of_task = None, listed.get(record.task_id or "")
        if _made_under_its_key(record):
            voice = by_key.get(record.external_task_id)
        if voice is None or (of_task is not None and of_task.external_task_id == voice.external_task_id):
            voice = of_task  # where a marker is no key, a second voice may have it too
        if voice is not None:
            seen[record.external_task_id] = voice
        else:
            unseen.append(record)
    return seen, unseen


@dataclass(frozen=True)
class ListResult:
    """What came of it: an observation for each record, and the marked voices that belong to none."""

    of: dict[str, Observation]
    marked: tuple[RemoteVoice, ...] = ()
    owners: frozenset[str] = frozenset()
    unlisted: str | None = None  # why the list could not be had


def look(
    records: Sequence[Record],
    *,
    strangers: Sequence[Record],
    read_list: Callable[[], Listing],
    find: Callable[[Record], Observation],
    ask: Callable[[Record], Observation | None],
) -> ListResult:
    """Reads the list, once or twice, and asks for what is missing.

    `strangers` are records of other accounts: not looked for, but their voices are no surplus. `find` and `ask` raise
    systemic failures only; `ask` gives None for a record without a usable id. Where no record can carry the reason of
    a list that failed, it is raised: silence would read as an empty account.
    """
    try:
        listing = read_list()
    except CloudError as error:
        if error.systemic or not records:
            raise
        return ListResult({r.external_task_id: Unknown(why=error.detail) for r in records}, unlisted=error.detail)

    of, missing = _matched(listing, records)
    doubted = [r for r in missing if r.status not in _SETTLED_BY_KEY]
    if doubted:
        try:
            listing = listing.with_(read_list())
        except CloudError as error:
            if error.systemic:
                raise
            of |= {r.external_task_id: Unknown(why=error.detail) for r in doubted}
        else:
            found, missing = _matched(listing, missing)
            of |= found
            of |= _confirmed([r for r in missing if r.status not in _SETTLED_BY_KEY], ask)
    of |= {r.external_task_id: find(r) for r in missing if r.status in _SETTLED_BY_KEY}
    return ListResult(of, _marked(listing, [*records, *strangers]), _owners(listing))


def _matched(listing: Listing, records: Sequence[Record]) -> tuple[dict[str, Observation], list[Record]]:
    """What the list settles, and the records that it misses."""
    of: dict[str, Observation] = {}
    missing: list[Record] = []
    sightings = listing.sightings(records)
    for record in records:
        remote = sightings.get(record.external_task_id)
        if remote is not None:
            of[record.external_task_id] = lean(Found(remote=remote))
        elif record.status in _NOT_MISSED:
            of[record.external_task_id] = Absent()
        else:
            missing.append(record)
    return of, missing


def _confirmed(missing: Sequence[Record], ask: Callable[[Record], Observation | None]) -> dict[str, Observation]:
    """Twice missing. One that exists all the same proves the list wrong about all the others."""
    of: dict[str, Observation] = {}
    asked = 0
    for record in missing:
        answer = ask(record) if asked < ASKED_AT_MOST else None
        if answer is not None:
            of[record.external_task_id] = answer
            asked += 1
    rest = [r.external_task_id for r in missing if r.external_task_id not in of]

    if any(isinstance(o, Found) for o in of.values()):
        unfound = [*rest, *(key for key, o in of.items() if not isinstance(o, Found))]
        return of | dict.fromkeys(unfound, Unknown(why=_LYING))
    if not of:
        return dict.fromkeys(rest, Unknown(why=_UNASKABLE))
    if all(isinstance(o, Absent) for o in of.values()):
        return of | dict.fromkeys(rest, Absent())
    return of | dict.fromkeys(rest, Unknown(why=_NOT_ASKED))


def _marked(listing: Listing, records: Sequence[Record]) -> tuple[RemoteVoice, ...]:
    """Voices with a voicectl marker that no record holds, by key, task or voice."""
    marked = [v for v in listing.there if v.external_task_id and MARKER.match(v.external_task_id)]
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
    return frozenset(v.owned_by for v in listing.voices.values() if v.owned_by and v.owned_by != "kling")
