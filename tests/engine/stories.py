"""What stories are made of: single steps as they come, and scenes, which bring together what seldom meets by chance."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import Any

from hypothesis import strategies as st

from reconciler.model.account import Account, Timeouts
from reconciler.model.manifest import AUDIO, Lifecycle, Voice
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.tencent.trtc.account import SlowTimeouts, TencentTrtcAccount
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.sandbox.faults import Faults
from tests.engine.listed_cloud import LATE, at_a_listed_cloud
from tests.engine.simulated_run import SimulatedRun, voice
from tests.engine.steps import (
    Advised,
    ClockJumps,
    DeletedOutside,
    Edit,
    Hours,
    MadeOutside,
    Rebuilt,
    Renamed,
    RenamedOutside,
    Run,
    StateLost,
    StateRestored,
    Step,
    Switched,
    Weather,
)
from tests.support.sounds import wav

Steps = st.SearchStrategy[list[Step]]
PATIENCE = Timeouts(operation=90)  # the default's ten minutes of polling tell no more than these
SAMPLE, SOUND = "sample.wav", wav(10)  # a file of the working folder, and what it must hold

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
LIES = frozenset({"hide", "empty_list", "shuffle_list", "shift_list"})  # of lists, other than what is only late

lifecycles = st.sampled_from(
    [
        *[Lifecycle()] * 3,
        *[Lifecycle(keep_old=3600.0)] * 2,
        *[Lifecycle(create_before_destroy=False)] * 2,
    ]
)


@dataclass(frozen=True)
class Clouds:
    """Where stories happen: the accounts, and what may be declared at an address."""

    accounts: Mapping[str, Account]
    declared: Callable[[str], st.SearchStrategy[Voice]]
    addresses: tuple[str, ...] = ("a", "b", "c", "d", "e")
    faults: Mapping[str, list[object]] = field(default_factory=lambda: FAULTS)
    late: tuple[float, ...] = (0.0, 0.0, 0.0, 3.0, 60.0)  # seconds until a task is shown at all
    arrives: float = inf  # seconds in which a dead run's call reaches its cloud, if it ever does
    mount: Callable[[SimulatedRun], None] = lambda simulated: None
    scenes: tuple[Callable[[Clouds], Steps], ...] = ()  # beside those of every cloud


def _of_samples(address: str, providers: st.SearchStrategy[str]) -> st.SearchStrategy[Voice]:
    """One of a few samples: some fail, some are refused."""
    samples = st.sampled_from([f"{address}-1", f"{address}-1", f"{address}-2", f"{address}-3", "bad", "refused"])
    return st.builds(voice, st.just(address), sample=samples, provider=providers, lifecycle=lifecycles)


KLING = Clouds(
    {
        "kling": KlingAccount(type="kling", timeouts=PATIENCE),
        "other": KlingAccount(type="kling", region="beijing", timeouts=PATIENCE),
    },
    lambda address: _of_samples(address, st.sampled_from(["kling", "kling", "kling", "other"])),
)

_on_expiry = st.sampled_from(["ignore", "ignore", "recreate"])
_of_minimax = st.fixed_dictionaries(
    {"name": st.sampled_from(["one", "one", "two"])},
    optional={"activate": st.just({"text": "Hi."}), "labels": st.just(["calm"])},
)


@st.composite
def _of_tencent(draw: st.DrawFn, address: str) -> Voice:
    """Of every method that there is."""
    take = draw(st.sampled_from(["1", "1", "1", "2", "3", "bad"]))
    provider = draw(st.sampled_from(["vod", "vod", "vod", "other"]))
    method = draw(st.sampled_from(["create", "clone", "clone-minimax", "clone-minimax", "trtc"]))
    inputs = _made_from(f"{address}_{provider}", take, f"https://cdn.example.com/{address}-{take}.mp3", method)
    if address.startswith(AUDIO):
        method, inputs = "task", {"prompt": f"{address} {take}", "on_expiry": draw(_on_expiry)}
    elif method == "clone-minimax":
        inputs = inputs | draw(_of_minimax)
    elif method == "trtc":
        provider, method = "trtc", "clone"
    return Voice(
        address=address,
        provider=provider,
        type="tencent-trtc" if provider == "trtc" else "tencent-vod",
        method=method,
        inputs=inputs,
        files={"prompt_audio": SAMPLE} if provider == "trtc" else {},
        lifecycle=draw(lifecycles),
    )


def _made_from(name: str, take: str, link: str, method: str) -> dict[str, Any]:
    match method:
        case "create":
            return {"voice_name": name, "voice_url": link}
        case "clone":
            return {"model": "vidu", "voice_id": f"{name}_{take}_take", "audio": {"url": link}, "text": "Hi."}
        case "clone-minimax":
            return {"model": "minimax", "audio": {"url": link}}
        case _:
            local = {"file": SAMPLE, "sha256": hashlib.sha256(SOUND).hexdigest()}
            return {"voice_name": f"{name}_{take}", "prompt_audio": local}


TENCENT = Clouds(
    {
        "vod": TencentVodAccount(type="tencent-vod", sub_app_id=1, timeouts=PATIENCE),
        "other": TencentVodAccount(type="tencent-vod", sub_app_id=2, timeouts=PATIENCE),
        "trtc": TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1, timeouts=SlowTimeouts(operation=90)),
    },
    _of_tencent,
    addresses=("a", "b", "c", "d", "audio.e"),
)

CLEAR = Weather(Faults().model_dump(exclude={"deleted_voice", "late_by_id"}))
clear = st.just(CLEAR)


@st.composite
def weathers(draw: st.DrawFn, clouds: Clouds) -> Weather:
    """A few faults at a time, since with many at once nothing is begun; beside those of before, or in their place."""
    names = draw(st.lists(st.sampled_from(sorted(clouds.faults)), min_size=1, max_size=4, unique=True))
    before = CLEAR.faults if draw(st.booleans()) else {}
    return Weather({**before, **{name: draw(st.sampled_from(clouds.faults[name])) for name in names}})


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
    st.just(Switched()),
    st.just(Advised()),
)
_rarely = st.sampled_from([False, False, True])
renames = st.builds(
    Renamed, st.integers(0, 11), times=st.sampled_from([1, 1, 2, 5]), labels=st.booleans(), copied=_rarely
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


def scene(*steps: st.SearchStrategy[Step]) -> Steps:
    return st.tuples(*steps).map(list)


def manifests(clouds: Clouds, *, fewest: int = 0) -> st.SearchStrategy[Edit]:
    """Up to five voices."""

    @st.composite
    def edits(draw: st.DrawFn) -> Edit:
        addresses = draw(st.sets(st.sampled_from(clouds.addresses), min_size=fewest))
        return Edit(tuple(draw(clouds.declared(address)) for address in sorted(addresses)))

    return edits()


@st.composite
def back_and_forth(draw: st.DrawFn, clouds: Clouds) -> list[Step]:
    """Somebody can't decide, and every run is cut short but the last."""
    here, there = draw(manifests(clouds, fewest=1)), draw(manifests(clouds, fewest=1))
    return [here, draw(runs), there, draw(deaths), here, draw(runs), draw(st.sampled_from([here, there])), Run()]


@st.composite
def two_runners(draw: st.DrawFn, clouds: Clouds) -> list[Step]:
    """Both rebuild the state that was lost, and both apply the same; then one goes on, with either state."""
    some = manifests(clouds, fewest=2)
    before, after = draw(some), draw(st.one_of(some, renames))
    start: list[Step] = [before, CLEAR, Run(), StateLost(), Rebuilt(), Switched(), Rebuilt(), draw(truthful), after]
    ways: list[Step] = [Switched(), Advised(), Run()]
    between = draw(st.sampled_from(ways))
    both = draw(st.sampled_from([Run(), Run(beside=draw(st.integers(1, 20)))]))
    return [*start, draw(st.one_of(runs, st.just(both))), Switched(), draw(runs), between, Run()]


@st.composite
def renamed(draw: st.DrawFn, clouds: Clouds) -> list[Step]:
    """When all is there, while tasks run, or after a run that was cut short."""
    before, slow = draw(manifests(clouds, fewest=2)), Weather({"task_seconds": 200.0})
    weather = draw(st.sampled_from([CLEAR, CLEAR, slow]))
    return [before, weather, draw(runs), draw(renames), draw(st.one_of(runs, renames, states)), draw(runs)]


@st.composite
def soon_again(draw: st.DrawFn, clouds: Clouds) -> list[Step]:
    """Runs make voices, lose replies or die, and others follow before a list must show what is there, or just after."""
    pauses = st.sampled_from([[], [], [Hours(1 / 60)], [Hours(4 / 60)], [Hours(5 / 60)]])
    some, quick = manifests(clouds, fewest=3), st.one_of(st.just(Run()), deaths)
    here, there = draw(some), draw(some)
    story: list[Step] = [here, CLEAR, Run(), Hours(0.1), draw(st.sampled_from([CLEAR, Weather({"reply_lost": 0.5})]))]
    for _ in range(4):
        story += [draw(st.sampled_from([here, there])), draw(quick), *draw(pauses)]
    return [*story, Run()]


def tales(clouds: Clouds) -> Steps:
    some = manifests(clouds, fewest=2)
    single: st.SearchStrategy[Step] = st.one_of(manifests(clouds), weathers(clouds), runs, runs, runs, outside, renames)
    scenes: Steps = st.one_of(
        scene(some, clear, st.just(Run()), states, truthful, runs, states, runs),
        scene(some, clear, runs, weathers(clouds), runs, states, clear, runs),
        scene(weathers(clouds), deaths, deaths, deaths),
        scene(st.just(Run()), weathers(clouds), runs, outside, runs),
        back_and_forth(clouds),
        two_runners(clouds),
        renamed(clouds),
        *(more(clouds) for more in clouds.scenes),
    )
    alone: Steps = single.map(lambda step: [step])
    chapters: Steps = st.one_of(alone, alone, scenes)
    return st.lists(chapters, max_size=8).map(lambda told: [step for chapter in told for step in chapter])


# Where a list is all that there is, it must not lie; and a dead run's call has its own time-out to arrive in. What a
# task that never ends does to another state's entries is no matter of lists.
BY_LIST = Clouds(
    {"listed": KlingAccount(type="kling", timeouts=PATIENCE)},
    lambda address: _of_samples(address, st.just("listed")),
    faults={name: values for name, values in FAULTS.items() if name not in {*LIES, "stuck_tasks"}},
    late=LATE,
    arrives=PATIENCE.operation,
    mount=at_a_listed_cloud,
    scenes=(soon_again,),
)
