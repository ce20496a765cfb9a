"""What stories are made of: single steps as they come, and scenes, which bring together what seldom meets by chance."""

from __future__ import annotations

from hypothesis import strategies as st

from reconciler.model.manifest import Lifecycle, Voice
from reconciler.sandbox.faults import Faults
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
    StateLost,
    StateRestored,
    Step,
    Weather,
)

Steps = st.SearchStrategy[list[Step]]

lifecycles = st.builds(
    Lifecycle,
    create_before_destroy=st.sampled_from([True, True, False]),
    keep_old=st.sampled_from([None, None, 3600.0]),
)


@st.composite
def manifests(draw: st.DrawFn, *, fewest: int = 0) -> Edit:
    """Up to five voices, each of one of a few samples: some fail, some are refused."""
    addresses = draw(st.sets(st.sampled_from(["a", "b", "c", "d", "e"]), min_size=fewest))
    return Edit(tuple(draw(declared(address)) for address in sorted(addresses)))


@st.composite
def declared(draw: st.DrawFn, address: str) -> Voice:
    sample = draw(st.sampled_from([f"{address}-1", f"{address}-1", f"{address}-2", f"{address}-3", "bad", "refused"]))
    provider = draw(st.sampled_from(["kling", "kling", "kling", "other"]))
    return voice(address, provider=provider, sample=sample, lifecycle=draw(lifecycles))


FAULTS: dict[str, list[object]] = {
    "reply_lost": [0.2, 1.0],
    "error_after_work": [0.2, 1.0],
    "garbage": [0.2],
    "faulty_reads": [True],
    "throttle": [0.1],
    "in_flight_cap": [1, 2],
    "task_seconds": [0.0, 2.0, 30.0],
    "storm_seconds": [5.0, 40.0],
    "stuck_tasks": [0.2],
    "unknown_status": [0.3, 1.0],
    "voiceless": [0.6, 1.0],
    "fail": [0.2],
    "late_visibility": [3.0, 60.0],
    "hide": [0.3, 0.6],
    "empty_list": [True],
    "shuffle_list": [True],
    "page_cap": [1, 2, 3],
    "shift_list": [0.5, 1.0],
}
CLEAR = Weather(Faults().model_dump(exclude={"deleted_voice", "late_by_id"}))
clear = st.just(CLEAR)


@st.composite
def weathers(draw: st.DrawFn) -> Weather:
    """A few faults at a time, since with many at once nothing is begun; beside those of before, or in their place."""
    names = draw(st.lists(st.sampled_from(sorted(FAULTS)), min_size=1, max_size=4, unique=True))
    before = CLEAR.faults if draw(st.booleans()) else {}
    return Weather({**before, **{name: draw(st.sampled_from(FAULTS[name])) for name in names}})


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
truthful = st.sampled_from(
    [
        Weather({}),
        Weather({"page_cap": 1}),
        Weather({"page_cap": 2}),
        Weather({"page_cap": 3}),
        Weather({"voiceless": 0.6}),
        Weather({"unknown_status": 0.6}),
    ]
)
single: st.SearchStrategy[Step] = st.one_of(manifests(), weathers(), runs, runs, runs, outside)


def scene(*steps: st.SearchStrategy[Step]) -> Steps:
    return st.tuples(*steps).map(list)


@st.composite
def back_and_forth(draw: st.DrawFn) -> list[Step]:
    """Somebody can't decide, and every run is cut short but the last."""
    here, there = draw(manifests(fewest=1)), draw(manifests(fewest=1))
    return [here, draw(runs), there, draw(deaths), here, draw(runs), draw(st.sampled_from([here, there])), Run()]


scenes: Steps = st.one_of(
    scene(manifests(fewest=2), clear, st.just(Run()), states, truthful, runs, states, runs),
    scene(manifests(fewest=2), clear, runs, weathers(), runs, states, clear, runs),
    scene(weathers(), deaths, deaths, deaths),
    scene(st.just(Run()), weathers(), runs, outside, runs),
    back_and_forth(),
)
chapters: Steps = st.one_of(single.map(lambda step: [step]), single.map(lambda step: [step]), scenes)
tales: Steps = st.lists(chapters, max_size=8).map(lambda told: [step for chapter in told for step in chapter])
