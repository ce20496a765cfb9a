"""A list that is wrong or unreadable makes no voice absent."""

from __future__ import annotations

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.model.observed import Unknown
from reconciler.model.state import Status
from reconciler.providers.kling.provider import KlingProvider
from tests.providers.kling.account import House, kinds
from tests.support.kling_rules import Listing, Task, empty, hiding, shifted, short, shuffled
from tests.support.kling_service import Deleted, KlingService, Spoil

# -- the list is wrong -------------------------------------------------------------------------------------------------


def test_a_list_that_was_short_once_is_made_whole_by_the_second(house: House) -> None:
    calls = iter((short(2), short(2), short(0), short(0)))  # each list takes a page, and one more to confirm its end
    house.kling.listing = lambda tasks, page: next(calls)(tasks, page)
    assert kinds(house.look()) == ["Found"] * 5
    assert house.spent == (4, 0)


def test_two_lists_that_miss_different_voices_make_a_whole(house: House) -> None:
    calls = iter((*2 * [hiding("v0", "v1")], *2 * [hiding("v3", "v4")]))
    house.kling.listing = lambda tasks, page: next(calls)(tasks, page)
    assert kinds(house.look()) == ["Found"] * 5
    assert house.spent == (4, 0)


def test_an_empty_list_hides_no_voice_that_exists(house: House) -> None:
    house.kling.listing = empty
    assert kinds(house.look()) == ["Found"] * 5
    assert house.spent == (2, 5)


def test_one_hidden_voice_that_exists_makes_the_other_missing_ones_unknown(house: House) -> None:
    house.kling.deleted_voices = Deleted.VANISHES
    house.delete_outside(4)
    house.kling.listing = hiding("v3")
    assert kinds(house.look()) == ["Found", "Found", "Found", "Found", "Unknown"]


def test_more_than_fifty_missing_voices_are_absent_after_fifty_look_ups(
    kling: KlingService, provider: KlingProvider
) -> None:
    house = House(kling, provider, 60)
    kling.deleted_voices = Deleted.VANISHES
    house.delete_outside(*range(60))
    assert kinds(house.look()) == ["Absent"] * 60
    assert house.spent == (2, 50)


def test_more_than_fifty_hidden_are_found_up_to_fifty_and_then_unknown(
    kling: KlingService, provider: KlingProvider
) -> None:
    house = House(kling, provider, 60)
    kling.listing = empty
    assert kinds(house.look()) == ["Found"] * 50 + ["Unknown"] * 10


def test_a_failed_look_up_leaves_it_and_the_remaining_ones_unknown(
    kling: KlingService, provider: KlingProvider
) -> None:
    house = House(kling, provider, 60)
    kling.deleted_voices = Deleted.VANISHES
    house.delete_outside(*range(60))
    kling.refuse("get", 500, 5000, times=4)
    assert kinds(house.look()) == ["Unknown"] + ["Absent"] * 49 + ["Unknown"] * 10


def test_a_missing_imported_voice_is_looked_up_by_its_task(house: House) -> None:
    house.kling.listing = empty
    imported = house.record(99, method="existing", task_id=house.tasks[0].task_id, voice_id=house.tasks[0].voice_id)
    assert kinds(house.look([imported])) == ["Found"]
    assert house.kling.calls[-1].path.endswith(house.tasks[0].task_id)


def test_a_missing_imported_voice_without_a_task_is_unknown(house: House) -> None:
    imported = house.record(99, method="existing", voice_id="85")
    (seen,) = house.look([imported])
    assert isinstance(seen, Unknown)
    assert house.spent == (4, 0)


def test_a_missing_imported_voice_without_a_task_is_absent_where_others_prove_the_list_right(house: House) -> None:
    house.kling.deleted_voices = Deleted.VANISHES
    house.delete_outside(0)
    imported = house.record(99, method="existing", voice_id="85")
    assert kinds(house.look([house.records[0], imported])) == ["Absent", "Absent"]


@pytest.mark.parametrize("listing", [shuffled(7), shifted(1), shifted(40)])
def test_no_voice_of_many_pages_is_lost_by_a_list_that_moves(
    kling: KlingService, provider: KlingProvider, listing: Listing
) -> None:
    house = House(kling, provider, 2500)
    kling.listing = listing
    assert "Absent" not in kinds(house.look())


# -- the list can't be had ---------------------------------------------------------------------------------------------


def test_a_list_that_fails_makes_every_record_unknown(house: House) -> None:
    house.kling.refuse("list", 500, 5000, "down for repairs", times=4)
    seen = house.look([*house.records, house.record(99, Status.DELETED), house.record(98, Status.INTENDED)])
    assert kinds(seen) == ["Unknown"] * 7
    assert all(isinstance(o, Unknown) and "down for repairs" in o.why for o in seen)
    assert house.spent == (4, 0)


def test_a_second_list_that_fails_leaves_the_missing_unknown(house: House) -> None:
    calls: list[int] = []

    def hide_then_fail(tasks: list[Task], page: int) -> list[Task]:
        calls.append(page)
        if page == 2:
            house.kling.refuse("list", 500, 5000, times=4)
        return hiding("v3")(tasks, page)

    house.kling.listing = hide_then_fail
    seen = house.look([*house.records, house.record(99, Status.INTENDED)])
    assert kinds(seen) == ["Found", "Found", "Found", "Unknown", "Found", "Absent"]
    assert calls == [1, 2]


def test_a_list_that_fails_is_raised_if_no_record_can_show_it(house: House) -> None:
    house.kling.refuse("list", 500, 5000, times=4)
    with pytest.raises(OutcomeUnknown):
        house.provider.observe([])


def test_a_permanent_refusal_of_the_list_is_raised(house: House) -> None:
    house.kling.refuse("list", 429, 1102)
    with pytest.raises(Rejected) as caught:
        house.look()
    assert caught.value.systemic


def test_a_permanent_refusal_while_asking_is_raised(house: House) -> None:
    house.kling.listing = empty
    house.kling.refuse("get", 429, 1304)
    with pytest.raises(Rejected):
        house.look()


def test_a_passing_failure_of_a_page_is_not_seen(house: House) -> None:
    house.kling.spoil("list", Spoil.REPLY_LOST)
    house.kling.spoil("list", Spoil.GARBAGE)
    house.kling.refuse("list", 429, 1302)
    assert kinds(house.look()) == ["Found"] * 5
