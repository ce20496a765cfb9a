"""A cloud that has no keys, and lists what was made by our marker, a while later: nothing is bought twice there."""

from __future__ import annotations

import random
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.errors import OutcomeUnknown
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.plan import Action
from reconciler.model.state import Record, Status
from reconciler.protocols.clock import Clock
from reconciler.protocols.provider import Accepted, ByList, Done, MethodCapabilities
from tests.engine.scripted_provider import ScriptedProvider
from tests.engine.simulated_run import Died, SimulatedRun, voice

LAG, PATIENCE = 30.0, 600.0  # seconds: documented; a call's own time-out, the default of an account


@dataclass
class Made:
    key: str
    at: float  # when it is there
    late: float  # seconds until it is listed
    voice: RemoteVoice


@dataclass
class ListCloud(ScriptedProvider):
    """A second sending of one key makes a second voice. What a lost call makes comes up to a time-out later."""

    clock: Clock
    lag: float | None = LAG
    late: float = 0.0  # how late its list really is
    lose: list[bool] = field(default_factory=list)  # whether the reply of each next creation is lost
    slow: float = 0.0  # seconds until what a lost call asked for is made

    def __post_init__(self) -> None:
        super().__init__(self.clock, MethodCapabilities(found=ByList(lag=self.lag)))
        self.bought: list[Made] = []  # without what was deleted
        self._numbers = count(1)

    def submit(self, voice: Voice, external_task_id: str) -> Accepted | Done:
        number = next(self._numbers)
        lost = self.lose.pop(0) if self.lose else False
        remote = RemoteVoice(
            status=TaskStatus.READY, voice_id=f"v{number}", voice_name="a", external_task_id=external_task_id
        )
        at = self.clock.monotonic() + (self.slow if lost else 0.0)
        self.bought.append(Made(external_task_id, at, self.late, remote))
        if lost:
            raise OutcomeUnknown("the connection broke")
        return Done(remote=remote)

    def find(self, record: Record) -> Observation:
        now = self.clock.monotonic()
        listed = [m for m in self.bought if m.key == record.external_task_id and m.at + m.late <= now]
        return Found(remote=listed[0].voice) if listed else Absent()

    def delete(self, record: Record) -> None:
        self.bought = [made for made in self.bought if made.voice.voice_id != record.voice_id]

    def _look(self, record: Record) -> Observation:
        return self.find(record)


def cloud_of(simulated: SimulatedRun, **told: object) -> ListCloud:
    cloud = ListCloud(simulated.clock, **told)  # type: ignore[arg-type]  # as the tests below say them
    simulated.provide = lambda account: cloud
    simulated.declare(voice("a"))
    return cloud


@pytest.mark.parametrize("late", [0.0, LAG - 0.1, LAG])
@pytest.mark.parametrize("slow", [0.0, PATIENCE - 1.0])
def test_a_lost_reply_is_found_however_late_the_list_shows_it(late: float, slow: float) -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, late=late, slow=slow, lose=[True])
    simulated.apply()
    assert (len(cloud.bought), simulated.record("a").voice_id) == (1, "v1")


def test_a_list_that_is_later_than_its_cloud_says_buys_twice_and_only_then() -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, late=PATIENCE + LAG + 1.0, lose=[True])
    simulated.apply()
    assert len(cloud.bought) == 2


def test_where_no_lag_is_documented_the_user_resolves_it() -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, lag=None, lose=[True])
    simulated.apply()
    assert (len(cloud.bought), simulated.record("a").status) == (1, Status.UNCERTAIN)
    simulated.apply()
    assert len(cloud.bought) == 1


def test_after_a_run_that_died_nothing_is_decided_before_the_list_must_show_its_voice() -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, late=LAG - 0.1)
    simulated.hook = dies_after_the_call(simulated, cloud)
    with pytest.raises(Died):
        simulated.apply()
    simulated.hook = lambda moment, what: None
    assert [change.action for change in simulated.plan().changes] == [Action.BLOCKED]  # nothing is listed yet
    simulated.declare(voice("a", sample="another"))
    assert [change.action for change in simulated.plan().changes] == [Action.BLOCKED]
    simulated.declare()
    assert [change.action for change in simulated.plan().changes] == [Action.BLOCKED]
    simulated.declare(voice("a"))
    simulated.clock.sleep(LAG)
    simulated.apply()
    assert (len(cloud.bought), simulated.record("a").voice_id) == (1, "v1")


def test_a_call_that_never_arrived_is_made_once_the_list_must_have_shown_it() -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated)
    simulated.die("after", "write")  # its intent is written, and the call has not gone out
    with pytest.raises(Died):
        simulated.apply()
    simulated.clock.sleep(2 * PATIENCE + LAG)
    simulated.apply()
    assert (len(cloud.bought), simulated.record("a").voice_id) == (1, "v1")


@pytest.mark.parametrize("late", [LAG - 0.1, LAG])
def test_a_voice_that_was_just_made_and_is_not_listed_yet_is_not_gone(late: float) -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, late=late)
    simulated.apply()
    assert simulated.plan().changes == ()
    simulated.declare(voice("a"), voice("b"))
    simulated.apply()
    assert [made.voice.voice_id for made in cloud.bought] == ["v1", "v2"]
    simulated.declare(voice("b", sample="another"))
    simulated.apply()
    assert [made.key for made in cloud.bought] == [simulated.record("b").external_task_id]


def test_a_voice_that_the_list_must_show_and_does_not_is_gone() -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated)
    simulated.apply()
    cloud.bought.clear()
    simulated.clock.sleep(LAG)
    simulated.apply(allow_recreates=1)
    assert len(cloud.bought) == 1


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_look_that_failed_shortens_no_wait(fails: int) -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, late=LAG - 0.1, slow=PATIENCE - 1.0, lose=[True])
    find, left = cloud.find, [fails]

    def failing(record: Record) -> Observation:
        left[0] -= 1
        return Unknown(why="500") if left[0] >= 0 else find(record)

    cloud.find = failing  # type: ignore[method-assign]  # a list that can't be had at first
    simulated.apply()
    simulated.clock.sleep(2 * PATIENCE + LAG)
    simulated.apply()
    assert len(cloud.bought) == 1


@settings(max_examples=60, deadline=None)
@given(
    late=st.sampled_from([0.0, 1.0, LAG - 0.1, LAG]),
    slow=st.sampled_from([0.0, 1.0, PATIENCE - 1.0]),
    lose=st.lists(st.booleans(), max_size=4),
    deaths=st.lists(st.booleans(), max_size=4),
    pauses=st.lists(st.sampled_from([0.0, 5.0, LAG, PATIENCE, 86_400.0]), max_size=4),
)
def test_whatever_is_lost_and_whoever_dies_it_is_bought_once(
    late: float, slow: float, lose: list[bool], deaths: list[bool], pauses: list[float]
) -> None:
    simulated = SimulatedRun()
    cloud = cloud_of(simulated, late=late, slow=slow, lose=list(lose))
    for dies, pause in zip(deaths, pauses, strict=False):
        simulated.hook = dies_after_the_call(simulated, cloud) if dies else lambda moment, what: None
        with suppress(Died):
            simulated.apply()
        simulated.clock.sleep(pause)
    simulated.hook = lambda moment, what: None
    simulated.clock.sleep(2 * PATIENCE + LAG)
    simulated.apply()
    simulated.apply()
    assert (len(cloud.bought), simulated.record("a").voice_id) == (1, "v1")


def dies_after_the_call(simulated: SimulatedRun, cloud: ListCloud) -> Callable[[str, str], None]:
    """The process ends at its first write after a voice was paid for."""
    before = len(cloud.bought)

    def hook(moment: str, what: str) -> None:
        if what in ("append", "write") and moment == "before" and len(cloud.bought) > before:
            simulated.workers.die(random.Random(0))
            raise Died

    return hook
