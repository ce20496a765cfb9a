"""Stories that hypothesis makes up: whatever people, clouds and power cuts do, each voice is bought once.

VOICECTL_STORIES=5000 pytest tests/engine/test_simulation.py   for more of them than each commit needs.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from typing import TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

from reconciler.engine import observe
from reconciler.model.accounts import KlingAccount
from reconciler.model.manifest import Lifecycle, Voice
from reconciler.sandbox.faults import DeletedVoice
from tests.engine.rehearsal import voice
from tests.engine.simulation import (
    ClockJumps,
    DeletedOutside,
    Edit,
    Hours,
    MadeOutside,
    Rebuilt,
    RenamedOutside,
    Run,
    Simulation,
    StateLost,
    StateRestored,
    Step,
    Weather,
)

PHASES = [p for p in Phase if p is not Phase.explain]
STORIES = int(os.environ.get("VOICECTL_STORIES", "600"))

A = TypeVar("A")
B = TypeVar("B")


class OneByOne:
    """Stands for observe's threads: which account is asked first must not change from one telling to the next."""

    def __init__(self, **_: object) -> None:
        pass

    def __enter__(self) -> OneByOne:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def map(self, job: Callable[[A], B], things: Iterable[A]) -> Iterator[B]:
        return map(job, things)


@pytest.fixture(scope="module", autouse=True)
def no_threads() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(observe, "ThreadPoolExecutor", OneByOne)
        yield


lifecycles = st.builds(
    Lifecycle,
    create_before_destroy=st.sampled_from([True, True, False]),
    keep_old=st.sampled_from([None, None, 3600.0]),
)


@st.composite
def manifests(draw: st.DrawFn) -> Edit:
    """Up to five voices, each of one of a few samples: some fail, some are refused."""
    addresses = draw(st.sets(st.sampled_from(["a", "b", "c", "d", "e"])))
    return Edit(tuple(draw(declared(address)) for address in sorted(addresses)))


@st.composite
def declared(draw: st.DrawFn, address: str) -> Voice:
    sample = draw(st.sampled_from([f"{address}-1", f"{address}-1", f"{address}-2", f"{address}-3", "bad", "refused"]))
    provider = draw(st.sampled_from(["kling", "kling", "kling", "other"]))
    return voice(address, provider=provider, sample=sample, lifecycle=draw(lifecycles))


weathers = st.fixed_dictionaries(
    {},
    optional={
        "reply_lost": st.sampled_from([0.2, 1.0]),
        "error_after_work": st.sampled_from([0.2, 1.0]),
        "garbage": st.sampled_from([0.2]),
        "faulty_reads": st.booleans(),
        "throttle": st.sampled_from([0.1]),
        "in_flight_cap": st.sampled_from([1, 2, None]),
        "task_seconds": st.sampled_from([0.0, 2.0, 30.0]),
        "storm_seconds": st.sampled_from([5.0, 40.0]),
        "stuck_tasks": st.sampled_from([0.2]),
        "unknown_status": st.sampled_from([0.3, 1.0]),
        "voiceless": st.sampled_from([0.3, 1.0]),
        "fail": st.sampled_from([0.2]),
        "late_visibility": st.sampled_from([3.0, 60.0]),
        "hide": st.sampled_from([0.3]),
        "empty_list": st.booleans(),
        "shuffle_list": st.booleans(),
        "page_cap": st.sampled_from([1, 2, 3, None]),
        "shift_list": st.sampled_from([0.5, 1.0]),
    },
).map(Weather)

moments = st.integers(1, 60)
jumps = st.sampled_from([-30.0, -2.0, 2.0, 30.0])
deaths = st.builds(Run, dies_at=moments)
runs = st.one_of(
    st.builds(Run),
    deaths,
    deaths,
    st.builds(Run, stops_at=moments),
    st.builds(Run, jumps_at=moments, hours=jumps),
)
outside = st.one_of(
    st.builds(DeletedOutside, st.integers(0, 4)),
    st.builds(RenamedOutside, st.integers(0, 4)),
    st.just(MadeOutside()),
    st.builds(Hours, st.sampled_from([0.01, 0.5, 2.0, 80.0])),
    st.builds(ClockJumps, jumps),
)
states = st.one_of(
    st.just(StateLost()),
    st.builds(StateRestored, st.integers(0, 40), pushed=st.booleans()),
    st.just(Rebuilt()),
)
ordinary: st.SearchStrategy[Step] = st.one_of(manifests(), weathers, runs, runs, runs, outside)
stories: st.SearchStrategy[list[Step]] = st.one_of(
    st.lists(ordinary, max_size=14),
    st.lists(ordinary, max_size=14),
    st.lists(st.one_of(ordinary, ordinary, ordinary, states), max_size=14),
)


@settings(
    max_examples=STORIES,
    deadline=None,
    derandomize="VOICECTL_STORIES" not in os.environ,
    phases=PHASES,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
@given(
    first=manifests(),
    story=stories,
    deleted=st.sampled_from(list(DeletedVoice)),
    late_by_id=st.sampled_from([0.0, 0.0, 0.0, 3.0, 60.0]),
    seed=st.integers(0, 10_000),
)
def test_whatever_happens_each_voice_is_bought_once_and_none_is_lost(
    first: Edit, story: list[Step], deleted: DeletedVoice, late_by_id: float, seed: int
) -> None:
    simulation = Simulation(seed)
    simulation.rehearsal.accounts["other"] = KlingAccount(type="kling", region="beijing")
    simulation.live(Weather({"deleted_voice": deleted, "late_by_id": late_by_id}))
    simulation.live(first)
    for step in story:
        simulation.live(step)
    simulation.end()
