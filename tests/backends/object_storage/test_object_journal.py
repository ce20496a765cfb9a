"""Reading: gaps and strangers are damage, what a sweep removes meanwhile is not."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.backends.object_storage import journal
from reconciler.backends.object_storage.requests import Requests
from reconciler.errors import StateConflict, StateDamaged
from reconciler.protocols.backend import ANY_VERSION, Blob, Stamp
from tests.support.engines.fake_store import FakeStore
from tests.support.engines.object_storage import ObjectStorageSite


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)


def key(store: FakeStore, name: str) -> str:
    return next(each for each in store.objects if each.endswith(name))


def with_entries(site: ObjectStorageSite, count: int) -> str:
    backend = site.open()
    version = backend.write(b"{}", None, at(1))
    for number in range(count):
        version = backend.append([b"e%d" % number], version, at(number + 2))
    return version


def test_a_missing_entry_is_damage(store: FakeStore, site: ObjectStorageSite) -> None:
    with_entries(site, 3)
    del store.objects[key(store, "entries/000000000003")]
    with pytest.raises(StateDamaged, match="entries/000000000004 does not continue what is before it"):
        site.open().read()


def test_an_entry_that_was_written_over_is_damage(store: FakeStore, site: ObjectStorageSite) -> None:
    with_entries(site, 3)
    name = key(store, "entries/000000000003")
    store.objects[name] = (store.objects[name][0].replace(b"e1", b"xx"), datetime.now(UTC))
    with pytest.raises(StateDamaged, match="entries/000000000004 does not continue"):
        site.open().read()


@pytest.mark.parametrize("name", ["entries/000000000004", "snapshots/000000000001"])
def test_bytes_of_another_program_are_damage(store: FakeStore, site: ObjectStorageSite, name: str) -> None:
    with_entries(site, 3)
    store.objects[key(store, name)] = (b"not ours", datetime.now(UTC))
    with pytest.raises(StateDamaged, match=name):
        site.open().read()


@pytest.mark.parametrize("name", ["entries/000000000002", "entries/000000000004", "snapshots/000000000001"])
def test_a_forced_write_repairs_any_damage(store: FakeStore, site: ObjectStorageSite, name: str) -> None:
    with_entries(site, 3)
    store.objects[key(store, name)] = (b"not ours", datetime.now(UTC))
    version = site.open().write(b"{repaired}", ANY_VERSION, at(9))
    assert site.open().read() == Blob(b"{repaired}", version)


def test_a_crash_between_a_whole_and_its_snapshot_loses_nothing(store: FakeStore, site: ObjectStorageSite) -> None:
    backend = site.open()
    version = backend.append([b"a"], backend.write(b"{}", None, at(1)), at(2))
    version = backend.write(b"{new}", version, at(3))
    del store.objects[key(store, "snapshots/000000000003")]
    assert site.open().read() == Blob(b"{new}", version)
    version = site.open().append([b"b"], version, at(4))
    assert site.open().read() == Blob(b"{new}", version, (b"b",))


def test_a_reader_reads_again_what_a_sweep_removed_meanwhile(store: FakeStore, site: ObjectStorageSite) -> None:
    version = with_entries(site, 3)
    reader = site.requests()
    names = journal._names(reader)
    site.open().write(b"{folded}", version, at(4))
    for seq in range(1, 5):
        del store.objects[key(store, f"entries/00000000000{seq}")]
    del store.objects[key(store, "snapshots/000000000001")]
    with pytest.raises(StateDamaged):
        journal._load(reader, names)
    assert site.open().read() == Blob(b"{folded}", version)


def test_a_reader_never_sees_less_while_a_writer_appends_folds_and_sweeps(site: ObjectStorageSite) -> None:
    site.age = site.age * 0
    done = threading.Event()
    failed: list[Exception] = []

    def write() -> None:
        try:
            backend = site.open()
            version = backend.write(b"0", None, at(1))
            for number in range(1, 41):
                version = backend.append([b"%d" % number], version, at(number + 1))
                if number % 4 == 0:
                    version = backend.write(b"%d" % number, version, at(number + 1))
        except Exception as error:
            failed.append(error)
        finally:
            done.set()

    thread = threading.Thread(target=write)
    thread.start()
    seen = 0
    reader = site.open()
    while not done.is_set():
        blob = reader.read()
        if blob is not None:
            found = int(blob.entries[-1] if blob.entries else blob.data)
            assert found >= seen
            seen = found
    thread.join()
    assert failed == []
    blob = reader.read()
    assert blob is not None
    assert (blob.data, blob.entries) == (b"40", ())


def test_where_lists_are_late_entries_are_read_by_number(store: FakeStore, site: ObjectStorageSite) -> None:
    version = with_entries(site, 3)
    store.unlisted = {key(store, f"entries/00000000000{seq}") for seq in (3, 4)}
    names = journal._names(_late(site))
    assert names.entries == (2, 3, 4)
    assert journal.tail(_late(site)).version == version


def _late(site: ObjectStorageSite) -> Requests:
    return Requests(replace(site.access(), lists_late=True))


@pytest.mark.parametrize(
    "attempt",
    [
        lambda site, version: site.open().append([b"x"], version, at(9)),
        lambda site, version: site.open().write(b"x", version, at(9)),
    ],
)
def test_a_place_is_given_away_once(site: ObjectStorageSite, attempt: Callable[[ObjectStorageSite, str], str]) -> None:
    version = with_entries(site, 1)
    attempt(site, version)
    with pytest.raises(StateConflict):
        attempt(site, version)
