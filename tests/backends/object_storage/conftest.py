"""A store in memory, and a site in it, for tests that need no real engine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engines.fake_store import FakeStore, fake_store
from tests.support.engines.object_storage import ObjectStorageSite


@pytest.fixture(autouse=True)
def needs_obstore() -> None:
    pytest.importorskip("obstore", reason="needs the extra [object-storage]")


@pytest.fixture
def store() -> Iterator[FakeStore]:
    with fake_store() as made:
        yield made


@pytest.fixture
def site(store: FakeStore) -> ObjectStorageSite:
    return ObjectStorageSite(store.url)
