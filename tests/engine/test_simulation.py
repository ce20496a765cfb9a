"""Stories that hypothesis makes up: whatever people, clouds and power cuts do, each voice is bought once.

VOICECTL_STORIES=5000 pytest tests/engine/test_simulation.py   for more of them in each world than a commit needs.
"""

from __future__ import annotations

import importlib
import os
import pkgutil
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import suppress
from pathlib import Path
from typing import Any, ParamSpec, TypeVar

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st

import reconciler
from reconciler.engine import refresh
from reconciler.model.manifest import Voice
from reconciler.sandbox.faults import DeletedVoice
from tests.engine.simulated_run import voice
from tests.engine.simulation import Simulation
from tests.engine.steps import Edit, Rebuilt, Run, StateLost, Step, Switched, Weather
from tests.engine.stories import BY_LIST, KLING, SAMPLE, SOUND, TENCENT, Clouds, manifests, tales
from tests.sampling import Mode, mode

# hypothesis also draws constants of the modules that are loaded. With all of ours a commit tells the same stories
# whatever ran before, in whatever process.
for _module in pkgutil.walk_packages(reconciler.__path__, "reconciler."):
    with suppress(ImportError):  # of an extra that is not installed
        importlib.import_module(_module.name)

PHASES = [p for p in Phase if p is not Phase.explain]
STORIES = int(os.environ.get("VOICECTL_STORIES", "20" if mode() is Mode.SAMPLE else "200"))
P = ParamSpec("P")
T = TypeVar("T")


class OneByOne(Executor):
    """Stands for observe's threads: which account is asked first must not change from one telling to the next."""

    def __init__(self, **_: object) -> None:
        pass

    def submit(self, job: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        promise: Future[T] = Future()
        try:
            promise.set_result(job(*args, **kwargs))
        except BaseException as error:
            promise.set_exception(error)
        return promise


@pytest.fixture(scope="module", autouse=True)
def no_threads() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(refresh, "ThreadPoolExecutor", OneByOne)
        yield


@pytest.fixture(scope="module", autouse=True)
def sample(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(tmp_path_factory.mktemp("samples"))
        Path(SAMPLE).write_bytes(SOUND)
        yield


def told_of(clouds: Clouds) -> Callable[[Callable[..., None]], Callable[..., None]]:
    def decorated(test: Callable[..., None]) -> Callable[..., None]:
        stories = given(
            first=manifests(clouds, fewest=1),
            story=tales(clouds),
            deleted=st.sampled_from(list(DeletedVoice)),
            late_by_id=st.sampled_from(clouds.late),
            seed=st.integers(0, 10_000),
        )
        ease = settings(
            max_examples=STORIES,
            deadline=None,
            derandomize="VOICECTL_STORIES" not in os.environ,
            phases=PHASES,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        return ease(stories(test))

    return decorated


@told_of(KLING)
def test_whatever_happens_each_voice_is_bought_once_and_none_is_lost(**told: Any) -> None:
    live(KLING, **told)


@told_of(TENCENT)
def test_whatever_happens_at_clouds_that_can_not_be_queried_each_voice_is_bought_once(**told: Any) -> None:
    live(TENCENT, **told)


@told_of(BY_LIST)
def test_whatever_happens_where_a_late_list_shows_a_lost_call_each_voice_is_bought_once(**told: Any) -> None:
    live(BY_LIST, **told)


def test_where_each_of_two_accounts_shows_a_voice_under_one_key_a_person_says_that_they_are_two() -> None:
    """Two runners made both, with states of one lineage. The plan can't know it, and names the option that pays."""
    failed, here, there = voice("a", sample="bad"), voice("a"), voice("a", provider="other")
    story: list[Step] = [Run(), StateLost(), Rebuilt(), Switched(), Rebuilt()]
    story += [*_edited(here), Switched(), *_edited(there), Switched()]
    story += [Edit((voice("a", provider="other", sample="a-2"), voice("d")))]
    live(KLING, first=Edit((failed, voice("d"))), story=story, deleted=DeletedVoice.VANISHES, late_by_id=0.0, seed=1)


def _edited(entry: Voice) -> list[Step]:
    return [Edit((entry, voice("d"))), Run()]


def live(
    clouds: Clouds, *, first: Edit, story: list[Step], deleted: DeletedVoice, late_by_id: float, seed: int
) -> None:
    simulation = Simulation(clouds, seed)
    simulation.live(Weather({"deleted_voice": deleted, "late_by_id": late_by_id}))
    simulation.live(first)
    for step in story:
        simulation.live(step)
    simulation.end()
