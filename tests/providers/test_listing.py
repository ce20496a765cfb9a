"""What two looks at a list tell, whatever the cloud."""

from __future__ import annotations

from reconciler.model.observed import Absent, RemoteVoice, TaskStatus
from reconciler.model.state import Status
from reconciler.providers.listing import Listing, look
from tests.providers.support import record

MARKED = RemoteVoice(
    status=TaskStatus.READY, voice_id="85", task_id="93", external_task_id="vc-0123abcd-narrator-deadbeef-1"
)


def test_a_marked_voice_that_only_the_first_look_shows_is_told() -> None:
    looks = iter([Listing({"93": MARKED}), Listing()])
    missing = record(Status.READY, key="vc-0123abcd-hero-deadbeef-1")
    sight = look(
        [missing], strangers=[], read_list=lambda: next(looks), find=lambda r: Absent(), ask=lambda r: Absent()
    )
    assert sight.marked == (MARKED,)
