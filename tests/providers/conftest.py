"""The fake Kling service on a socket, and providers that use it."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey, Credentials
from reconciler.providers.kling.provider import KlingProvider
from tests.providers.kling.account import House
from tests.support.clock import FakeClock
from tests.support.kling_service import KlingService

Connect = Callable[..., KlingProvider]


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def kling(clock: FakeClock) -> Iterator[KlingService]:
    with KlingService(prefix="/gateway", now=lambda: clock.now().timestamp()) as service:
        yield service


@pytest.fixture
def connect(kling: KlingService, clock: FakeClock) -> Iterator[Connect]:
    opened: list[KlingProvider] = []

    def make(credentials: Credentials | None = None, *, its_clock: FakeClock | None = None) -> KlingProvider:
        account = KlingAccount(type="kling", endpoint=kling.url)
        opened.append(KlingProvider(account, credentials or ApiKey(kling.api_key), clock=its_clock or clock))
        return opened[-1]

    yield make
    for provider in opened:
        provider.close()


@pytest.fixture
def provider(connect: Connect) -> KlingProvider:
    return connect()


@pytest.fixture
def house(kling: KlingService, provider: KlingProvider) -> House:
    return House(kling, provider, 5)
