from __future__ import annotations

from collections.abc import Iterator

import pytest

from reconciler.sandbox.world import World
from tests.sandbox.support import Caller
from tests.sandbox.tencent.support import TencentCaller
from tests.support.clock import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def world(clock: FakeClock) -> Iterator[World]:
    with World.open(":memory:", clock) as world:
        yield world


@pytest.fixture
def kling(world: World, clock: FakeClock) -> Caller:
    return Caller(world, clock)


@pytest.fixture
def tencent(world: World, clock: FakeClock) -> TencentCaller:
    return TencentCaller(world, clock)
