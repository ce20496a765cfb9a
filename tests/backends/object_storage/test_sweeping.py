"""What is removed, and what is kept: by the store's clock."""

from __future__ import annotations

from datetime import timedelta

import pytest

from reconciler.backends.object_storage.sweeping import sweep
from reconciler.protocols.backend import Blob, Stamp
from tests.support.engines.fake_store import FakeStore
from tests.support.engines.object_storage import ObjectStorageSite
from tests.support.lock_holders import elsewhere


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)


def test_entries_are_kept_for_a_day_after_they_were_folded(store: FakeStore, site: ObjectStorageSite) -> None:
    """A place that is free again could be written by a run that was paused for as long."""
    backend = site.open()
    version = backend.append([b"a"], backend.write(b"{}", None, at(1)), at(2))
    version = backend.write(b"{a}", version, at(2))
    assert store.names("entries") == ["entries/000000000001", "entries/000000000002"]
    store.later = timedelta(hours=23)
    version = backend.write(b"{b}", version, at(3))
    assert len(store.names("entries")) == 3
    store.later = timedelta(hours=25)
    version = backend.write(b"{c}", version, at(4))
    assert store.names("entries") == ["entries/000000000003", "entries/000000000004"]
    assert site.open().read() == Blob(b"{c}", version)


def test_entries_that_no_snapshot_includes_are_kept_for_ever(store: FakeStore, site: ObjectStorageSite) -> None:
    backend = site.open()
    version = backend.append([b"a"], backend.write(b"{}", None, at(1)), at(2))
    store.later = timedelta(days=400)
    site.requests().create("snapshots/not-ours", b"")
    sweep(site.requests(), keep=3)
    assert store.names("entries") == ["entries/000000000002"]
    assert site.open().read() == Blob(b"{}", version, (b"a",))


def test_the_last_two_lock_records_are_kept(store: FakeStore, site: ObjectStorageSite) -> None:
    for number in range(5):
        with site.open().lock(elsewhere(f"{number:08x}")):
            pass
    sweep(site.requests(), keep=3)
    assert store.names("lock") == ["lock/000004", "lock/000005"]


def test_what_a_killed_run_left_is_removed_after_a_day(store: FakeStore, site: ObjectStorageSite) -> None:
    for name in ("clock/abc", "probe/abc"):
        site.requests().create(name, b"")
    sweep(site.requests(), keep=3)
    assert (store.names("clock"), store.names("probe")) == (["clock/abc"], ["probe/abc"])
    store.later = timedelta(hours=25)
    site.requests().create("clock/def", b"")
    sweep(site.requests(), keep=3)
    assert (store.names("clock"), store.names("probe")) == (["clock/def"], [])


def test_a_sweep_that_stops_anywhere_leaves_a_state_that_can_be_read(
    monkeypatch: pytest.MonkeyPatch, store: FakeStore, site: ObjectStorageSite
) -> None:
    backend = site.open()
    version = None
    for serial in range(1, 6):
        version = backend.append([b"x"], backend.write(b"%d" % serial, version, at(serial * 2)), at(serial * 2 + 1))
    version = backend.write(b"{folded}", version, at(11))
    store.later = timedelta(hours=25)
    site.requests().create("clock/now", b"")
    swept: list[str] = []
    requests = site.requests()
    monkeypatch.setattr(requests, "delete", swept.extend)
    sweep(requests, keep=3)
    assert len(swept) == 10
    for path in swept:
        del store.objects[next(key for key in store.objects if key.endswith(path))]
        assert site.open().read() == Blob(b"{folded}", version)
    assert site.open().append([b"y"], version, at(12))


def test_a_store_that_does_not_answer_the_sweep_fails_no_write(store: FakeStore, site: ObjectStorageSite) -> None:
    store.denied = {"DELETE"}
    backend = site.open()
    version = None
    for serial in range(1, 6):
        version = backend.write(b"%d" % serial, version, at(serial))
    assert len(store.names("snapshots")) == 5
