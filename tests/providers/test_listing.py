"""The results of reading a list twice, for any cloud."""

from __future__ import annotations

from typing import Any

from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus
from reconciler.model.state import Record, Status
from reconciler.providers.listing import Listing, ListResult, observe_records
from tests.providers.support import record

NARRATOR = "vc-0123abcd-narrator-deadbeef-1"
HERO = "vc-0123abcd-hero-deadbeef-1"


def listed(**fields: Any) -> Listing:
    remote = RemoteVoice(status=TaskStatus.READY, voice_id="86", task_id="94", **fields)
    return Listing({"94": remote})


def seen(*records: Record, lists: list[Listing]) -> ListResult:
    """The result for these lists. Single look-ups find nothing."""
    looks = iter(lists)
    return observe_records(
        records, foreign_records=[], read_list=lambda: next(looks), find=lambda r: Absent(), look_up=lambda r: Absent()
    )


def test_a_marked_voice_that_only_the_first_list_shows_is_reported() -> None:
    first = listed(external_task_id=NARRATOR)
    sight = seen(record(Status.READY, key=HERO), lists=[first, Listing()])
    assert [v.external_task_id for v in sight.marked] == [NARRATOR]


def test_a_voice_of_the_same_name_is_another_voice() -> None:
    theirs = listed(voice_name="Narrator")
    ours = record(Status.READY, key=NARRATOR, task_id="93", voice_id="85", voice_name="Narrator")
    assert seen(ours, lists=[theirs, theirs]).of == {NARRATOR: Absent()}


def test_of_two_voices_with_one_marker_a_record_means_the_one_of_its_own_task() -> None:
    """A cloud without keys may create two voices with one marker. Each may be in another state."""
    twins = [
        RemoteVoice(status=TaskStatus.READY, voice_id=f"8{n}", task_id=f"9{n}", external_task_id=NARRATOR)
        for n in range(2)
    ]
    listing = Listing({str(v.task_id): v for v in twins})
    for twin in twins:
        ours = record(Status.READY, key=NARRATOR, task_id=str(twin.task_id), voice_id=str(twin.voice_id))
        assert seen(ours, lists=[listing]).of == {NARRATOR: Found(remote=twin)}
