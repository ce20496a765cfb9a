"""Fixtures: a CLI harness, a simulated cloud, and a faulty network between them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.place import KEY, NetworkHarness
from tests.support.hostile_wire import HostileWire
from tests.support.kling_service import KlingService


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService(api_key=KEY) as service:
        yield service


@pytest.fixture
def wire(kling: KlingService) -> Iterator[HostileWire]:
    with HostileWire(kling.url) as wire:
        yield wire


@pytest.fixture
def harness(tmp_path: Path, kling: KlingService, wire: HostileWire) -> NetworkHarness:
    return NetworkHarness(tmp_path, kling, wire.url)
