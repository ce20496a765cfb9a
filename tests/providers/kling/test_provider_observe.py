"""Observations of records by a list: the whole decision table, on a socket."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reconciler.model.observed import Absent, Found, TaskStatus, Unknown
from reconciler.model.state import Record, Status
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey
from reconciler.providers.kling.provider import KlingProvider
from tests.providers.kling.account import House, key, kinds
from tests.providers.support import record
from tests.support.clock import FakeClock
from tests.support.kling_rules import Listing, hiding, newest_first, shuffled
from tests.support.kling_service import ANNA, OWEN, Deleted, KlingService

# -- nothing is missing ------------------------------------------------------------------------------------------------


def test_voices_that_are_listed_are_found_by_one_page_and_one_more_to_be_sure(house: House) -> None:
    seen = house.look()
    assert kinds(seen) == ["Found"] * 5
    assert isinstance(seen[0], Found)
    assert (seen[0].remote.voice_id, seen[0].remote.voice_name) == (house.tasks[0].voice_id, "v0")
    assert house.spent == (2, 0)


def test_ten_thousand_voices_take_eleven_calls(kling: KlingService, provider: KlingProvider) -> None:
    house = House(kling, provider, 10_000)
    observed = provider.observe(house.records)
    assert all(isinstance(o, Found) for o in observed.of.values())
    assert (observed.calls, house.spent) == (11, (11, 0))


@pytest.mark.parametrize("listing", [newest_first, shuffled(1)])
def test_the_order_of_one_page_does_not_matter(house: House, listing: Listing) -> None:
    house.kling.listing = listing
    assert kinds(house.look()) == ["Found"] * 5
    assert house.spent == (2, 0)


def test_an_imported_voice_is_found_by_its_voice_id(house: House) -> None:
    (voice_id,) = house.kling.add_foreign("theirs", external_task_id="their-own-key")
    imported = house.record(99, method="existing", voice_id=voice_id, attempts=0)
    assert kinds(house.look([imported])) == ["Found"]


def test_an_imported_voice_is_found_by_its_task(house: House) -> None:
    imported = house.record(99, method="existing", task_id=house.tasks[2].task_id)
    (seen,) = house.look([imported])
    assert isinstance(seen, Found)
    assert seen.remote.voice_name == "v2"


def test_a_voice_imported_again_is_found_beside_its_tombstone(house: House) -> None:
    imported = house.record(99, method="existing", voice_id=house.tasks[0].voice_id)
    assert kinds(house.look([house.record(0, Status.DELETED), imported])) == ["Found", "Found"]


def test_a_running_and_a_failed_task_are_found(house: House) -> None:
    house.kling.failing["v5"] = "too noisy"
    house.kling.add_foreign("v5", external_task_id=key(5))
    house.kling.add_foreign("v6", external_task_id=key(6), seconds=60)
    seen = house.look([house.record(5, Status.RUNNING), house.record(6, Status.RUNNING)])
    assert [(o.remote.status, o.remote.message) for o in seen if isinstance(o, Found)] == [
        (TaskStatus.FAILED, "too noisy"),
        (TaskStatus.RUNNING, None),
    ]


def test_no_records_still_take_a_look_for_marked_voices(house: House) -> None:
    observed = house.provider.observe([])
    assert len(observed.marked) == 5
    assert house.spent == (2, 0)


# -- one is missing ----------------------------------------------------------------------------------------------------


def test_a_voice_deleted_outside_that_vanishes_is_absent_after_two_looks_at_the_list_and_a_get(house: House) -> None:
    house.kling.deleted_voices = Deleted.VANISHES
    house.delete_outside(3)
    assert kinds(house.look()) == ["Found", "Found", "Found", "Absent", "Found"]
    assert house.spent == (4, 1)


@pytest.mark.parametrize("shown", [Deleted.EMPTIED, Deleted.FLAGGED])
@pytest.mark.parametrize("status", [Status.READY, Status.DEPOSED])
def test_a_voice_deleted_outside_whose_task_shows_none_is_absent(house: House, shown: Deleted, status: Status) -> None:
    house.kling.deleted_voices = shown
    house.delete_outside(3)
    assert kinds(house.look([house.record(3, status)])) == ["Absent"]
    assert house.spent == (4, 1)


def test_a_voice_deleted_outside_whose_task_stays_looks_like_one_that_exists(house: House) -> None:
    house.kling.deleted_voices = Deleted.STAYS
    house.delete_outside(3)
    assert kinds(house.look()) == ["Found"] * 5
    assert house.spent == (2, 0)


@pytest.mark.parametrize("status", [Status.RUNNING, Status.DEPOSED])
def test_a_record_whose_task_shows_no_voice_yet_is_still_running(house: House, status: Status) -> None:
    house.kling.deleted_voices = Deleted.EMPTIED
    house.delete_outside(3)
    (seen,) = house.look([house.record(3, status, voice_id=None)])
    assert isinstance(seen, Found)
    assert seen.remote.status is TaskStatus.RUNNING
    assert house.spent == (2, 0)


def test_a_running_record_whose_voice_is_reported_to_be_deleted_is_absent(house: House) -> None:
    house.kling.deleted_voices = Deleted.FLAGGED
    house.delete_outside(3)
    assert kinds(house.look([house.record(3, Status.RUNNING, voice_id=None)])) == ["Absent"]


@pytest.mark.parametrize("status", [Status.DELETED, Status.FAILED, Status.LAPSED, Status.ABANDONED])
def test_a_dead_record_that_is_missing_costs_no_call(house: House, status: Status) -> None:
    assert kinds(house.look([*house.records, house.record(99, status)]))[-1] == "Absent"
    assert house.spent == (2, 0)


@pytest.mark.parametrize("status", [Status.DELETED, Status.FAILED, Status.LAPSED, Status.ABANDONED])
def test_a_dead_record_that_is_listed_is_found(house: House, status: Status) -> None:
    assert kinds(house.look([house.record(0, status)])) == ["Found"]


@pytest.mark.parametrize("status", [Status.INTENDED, Status.UNCERTAIN])
def test_an_interrupted_call_that_left_nothing_is_absent_without_another_list(house: House, status: Status) -> None:
    assert kinds(house.look([house.record(99, status)])) == ["Absent"]
    assert house.spent == (2, 1)


def test_every_interrupted_call_is_looked_up(house: House) -> None:
    interrupted = [house.record(n, Status.INTENDED) for n in range(100, 160)]
    assert kinds(house.look(interrupted)) == ["Absent"] * 60
    assert house.spent == (2, 60)


def test_an_interrupted_call_that_the_list_hides_is_found_by_its_key(house: House) -> None:
    house.kling.listing = hiding("v3")
    assert kinds(house.look([house.record(3, Status.INTENDED)])) == ["Found"]
    assert house.spent == (2, 1)


def test_an_interrupted_call_that_can_not_be_looked_up_is_unknown(house: House) -> None:
    house.kling.refuse("get", 500, 5000, times=4)
    (seen,) = house.look([house.record(99, Status.INTENDED)])
    assert isinstance(seen, Unknown)
    assert "code 5000" in seen.why


# -- whose voices ------------------------------------------------------------------------------------------------------


def test_a_record_of_another_account_is_unknown_and_not_looked_for(house: House) -> None:
    elsewhere = record(key=key(99), account="kling https://api-beijing.klingai.com")
    assert house.look([elsewhere]) == [Unknown(why="recorded on kling https://api-beijing.klingai.com")]
    assert house.spent == (2, 0)


def test_marked_voices_that_no_record_has_are_reported(house: House) -> None:
    house.kling.add_foreign("plain")
    house.kling.add_foreign("theirs", external_task_id="vc-of-their-own")
    house.kling.add_foreign("lost", external_task_id="vc-fedcba98-lost-deadbeef-2")
    observed = house.provider.observe(house.records)
    assert [v.external_task_id for v in observed.marked] == ["vc-fedcba98-lost-deadbeef-2"]


def test_a_tombstone_s_voice_and_an_imported_one_are_not_marked(house: House) -> None:
    tombstone = house.record(0, Status.DELETED)
    imported = house.record(99, method="existing", voice_id=house.tasks[1].voice_id)
    elsewhere = replace(house.record(2), account="kling https://api-beijing.klingai.com")
    observed = house.provider.observe([tombstone, imported, elsewhere])
    assert [v.voice_name for v in observed.marked] == ["v3", "v4"]


def test_the_owners_in_the_list_are_reported_except_kling(house: House) -> None:
    house.kling.tasks[0].owned_by = "kling"
    house.kling.tasks[1].owned_by = "77"
    assert house.provider.observe([]).owners == {"77", "10020030"}


# -- official voices ---------------------------------------------------------------------------------------------------


def preset(provider: KlingProvider, voice_id: str) -> Record:
    key = f"vc-0123abcd-p{voice_id[-1]}-deadbeef-1"
    return record(key=key, account=provider.account, method="preset", voice_id=voice_id)


def test_presets_are_listed_only_when_declared(house: House) -> None:
    assert house.provider.observe([]).presets is None
    assert house.provider.observe([], presets=True).presets == {OWEN: "Owen", ANNA: "Anna"}
    assert house.kling.count("presets") == 1


def test_a_recorded_preset_is_found_among_the_presets_alone(house: House) -> None:
    gone = preset(house.provider, "829826751244587000")
    seen = house.look([preset(house.provider, OWEN), gone])
    assert [seen[0].remote.voice_name if isinstance(seen[0], Found) else None, seen[1]] == ["Owen", Absent()]
    assert (house.spent, house.kling.count("presets")) == ((2, 0), 1)


def test_unavailable_presets_make_their_records_unknown(house: House) -> None:
    house.kling.refuse("presets", 500, 5000, times=4)
    assert kinds(house.look([preset(house.provider, OWEN), house.records[0]])) == ["Unknown", "Found"]


def test_a_pace_is_kept_before_every_read(kling: KlingService, clock: FakeClock) -> None:
    paced: list[str] = []
    account = KlingAccount(type="kling", endpoint=kling.url)
    provider = KlingProvider(account, ApiKey(kling.api_key), clock=clock, before_read=paced.append)
    kling.refuse("list", 500, 5000)
    provider.observe([record(Status.INTENDED, account=provider.account)])
    provider.close()
    assert paced == ["list", "list", "get"]


def test_presets_that_cannot_be_listed_are_not_reported_as_none(house: House) -> None:
    house.kling.refuse("presets", 500, 5000, times=8)
    assert house.provider.observe([], presets=True).presets is None
