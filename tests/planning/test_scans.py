"""What a plan reads for each record is looked up in an index: the time does not grow with the square of the state."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from reconciler.model.plan import Action, Plan
from reconciler.model.state import Record
from reconciler.planning import markers, planner
from reconciler.planning.cut_addresses import AddressIndex
from reconciler.planning.plan_context import PlanOptions
from tests.planning import cases
from tests.support.counted import CountedMapping

ADDRESSES = st.from_regex(r"(audio\.)?[ab_]{1,3}(long-enough-to-be-cut-in-a-marker[ab]?)?", fullmatch=True)


def expired_sounds(count: int, *, born_expired: bool = False) -> tuple[Plan, int]:
    """The plan for so many expired sounds that are to be made again, and how often it read all records."""
    sound = {"provider": "vod", "task": {"prompt": "rain", "on_expiry": "recreate"}}
    expired = {**sound, "status": "ready", "url": "https://vod.example/1.mp3", "expires_in_hours": -1}
    case = {
        "providers": {"vod": None},
        "voices": {f"audio.s{n}": sound for n in range(count)},
        "records": {f"audio.s{n}@1": {**expired, "beside": True} for n in range(count)}
        | {f"audio.s{n}@2": expired for n in range(count)},
        "options": {"allow_recreates": count},
    }
    state = cases.state_of(case)
    records = {key: _born_expired(r) if born_expired else r for key, r in state.records.items()}
    counted = CountedMapping(records)
    made = planner.plan(
        cases.manifest_of(case),
        type(state).model_construct(**{**dict(state), "records": counted}),
        cases.observations_of(case),
        {"vod": cases.capabilities(case, "vod")},
        now=cases.NOW,
        options=PlanOptions(allow_recreates=count),
    )
    return made, counted.reads


def _born_expired(record: Record) -> Record:
    return replace(record, created_at=cases.NOW, expires_at=cases.NOW - timedelta(hours=1))


def test_each_expired_sound_does_not_read_all_records() -> None:
    few, reads_for_few = expired_sounds(2)
    many, reads_for_many = expired_sounds(20)
    assert [change.action for change in few.changes if "expired" in change.reason] == [Action.CREATE] * 2
    assert len([change for change in many.changes if "expired" in change.reason]) == 20
    assert reads_for_many == reads_for_few


def test_sounds_that_were_over_when_they_were_made_are_blocked() -> None:
    made, _ = expired_sounds(3, born_expired=True)
    blocked = [change for change in made.changes if "right?" in change.reason]
    assert [change.action for change in blocked] == [Action.BLOCKED] * 3


@given(st.lists(ADDRESSES, unique=True, max_size=8), ADDRESSES, st.integers(1, 99_999))
def test_the_index_finds_the_addresses_that_fit_a_marker(addresses: list[str], of: str, generation: int) -> None:
    marker = markers.read(markers.external_task_id(cases.LINEAGE, of, "0123abcd", generation))
    assert marker is not None
    fitting = [address for address in addresses if markers.fits_address(marker, address)]
    assert AddressIndex(addresses).fitting(marker) == fitting
    assert of in AddressIndex([*addresses, of]).fitting(marker)
