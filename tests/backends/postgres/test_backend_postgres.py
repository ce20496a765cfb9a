"""What the contract does not ask: readers during folds, damage, versions of elsewhere, and the lock."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Callable

import pytest

from reconciler.errors import Fenced, StateConflict, StateDamaged, StateLocked
from reconciler.protocols.backend import ANY_VERSION, Backend, Stamp
from tests.support.engines.postgres import PostgresServer, PostgresSite
from tests.support.holders import holder, this_process

Run = Callable[[str], list[tuple[object, ...]]]


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)


@pytest.fixture
def run(postgres_server: PostgresServer, postgres_site: PostgresSite) -> Run:
    """Runs a statement in which NAME is the state's name."""
    return lambda statement: postgres_server.run(statement.replace("NAME", f"'{postgres_site.name}'"))


def test_it_is_a_backend(postgres_site: PostgresSite) -> None:
    backend: Backend = postgres_site.open()
    assert backend.traits.leases


def test_a_reader_sees_every_word_while_a_writer_folds(postgres_site: PostgresSite) -> None:
    writer, reader = postgres_site.open(), postgres_site.open()
    words = [b"0"]
    version = writer.append(words, None, at(1))
    ended = threading.Event()
    seen: list[int] = []

    def read() -> None:
        while not ended.is_set():
            blob = reader.read()
            assert blob is not None
            there = (*blob.data.split(), *blob.entries)
            assert there == tuple(b"%d" % number for number in range(len(there)))
            seen.append(len(there))

    reading = threading.Thread(target=read)
    reading.start()
    try:
        for number in range(1, 120):
            words.append(b"%d" % number)
            version = writer.append(words[-1:], version, at(number))
            if number % 2:
                version = writer.write(b" ".join(words), version, at(number))
    finally:
        ended.set()
        reading.join()
    assert seen == sorted(seen)
    assert len(set(seen)) > 5


def test_a_fold_removes_the_entries_before_the_last_fold(postgres_site: PostgresSite, run: Run) -> None:
    backend = postgres_site.open()
    version = backend.append([b"a"], None, at(1))
    version = backend.write(b"a", version, at(1))
    assert run("select seq from voicectl.entries where name = NAME") == [(1,)]
    version = backend.append([b"b"], version, at(2))
    backend.write(b"a b", version, at(2))
    assert run("select seq from voicectl.entries where name = NAME") == [(3,)]


def test_history_has_each_serial_once(postgres_site: PostgresSite) -> None:
    backend = postgres_site.open()
    version = backend.write(b"1", None, at(1))
    version = backend.write(b"2", version, at(2))
    version = backend.write(b"2b", version, at(2))
    assert [each.serial for each in backend.history()] == [2, 1]
    assert backend.snapshot(2) == b"2b"
    backend.write(b"older", version, at(1))
    assert [each.serial for each in backend.history()] == [1, 2]
    assert backend.snapshot(1) == b"older"


def test_at_least_the_current_snapshot_is_kept(postgres_site: PostgresSite) -> None:
    backend = postgres_site.open(keep=0)
    backend.write(b"2", backend.write(b"1", None, at(1)), at(2))
    assert [each.serial for each in backend.history()] == [2]
    assert backend.read() is not None


def test_a_snapshot_is_stored_compressed(postgres_site: PostgresSite, run: Run) -> None:
    postgres_site.open().write(b"x" * 1_000_000, None, at(1))
    ((data,),) = run("select data from voicectl.snapshots where name = NAME")
    assert isinstance(data, bytes)
    assert zlib.decompress(data) == b"x" * 1_000_000
    assert postgres_site.open().history()[0].size == len(data) < 2_000


@pytest.mark.parametrize("version", ["", "0:", "1:other", "3f2a9c", "x:y"])
def test_a_version_of_elsewhere_conflicts(postgres_site: PostgresSite, version: str) -> None:
    backend = postgres_site.open()
    backend.write(b"1", None, at(1))
    with pytest.raises(StateConflict):
        backend.write(b"2", version, at(2))
    with pytest.raises(StateConflict):
        backend.append([b"2"], version, at(2))


def test_states_of_one_database_are_apart(postgres_server: PostgresServer) -> None:
    one, two = PostgresSite(postgres_server.url()), PostgresSite(postgres_server.url())
    with one.open().lock(holder()), two.open().lock(holder()):
        one.open().write(b"1", None, at(1))
        two.open().write(b"2", None, at(1))
    blob = one.open().read()
    assert blob is not None and blob.data == b"1"


# -- damage ------------------------------------------------------------------------------------------------------------


def test_a_missing_entry_is_damage_and_can_be_overwritten(postgres_site: PostgresSite, run: Run) -> None:
    backend = postgres_site.open()
    version = backend.append([b"a"], None, at(1))
    backend.append([b"b"], version, at(1))
    run("delete from voicectl.entries where name = NAME and seq = 1")
    with pytest.raises(StateDamaged, match="of the 2 appends since its last snapshot 1 are there"):
        backend.read()
    backend.write(b"a b", ANY_VERSION, at(2))
    assert backend.read() is not None


@pytest.mark.parametrize("change", ["delete from voicectl.snapshots", "update voicectl.snapshots set data = '\\x00'"])
def test_a_lost_snapshot_is_damage(postgres_site: PostgresSite, run: Run, change: str) -> None:
    backend = postgres_site.open()
    backend.write(b"{}", None, at(1))
    run(f"{change} where name = NAME")
    with pytest.raises(StateDamaged, match="its snapshot is gone, or damaged"):
        backend.read()


def test_a_write_over_any_version_meets_other_writers(postgres_site: PostgresSite) -> None:
    """It overwrites what they wrote, also if they write between its question and its change."""
    theirs, ours = postgres_site.open(), postgres_site.open()
    theirs.write(b"0", None, at(1))
    ended = threading.Event()

    def keep_writing() -> None:
        while not ended.is_set():
            theirs.write(b"theirs", ANY_VERSION, at(2))

    writing = threading.Thread(target=keep_writing)
    writing.start()
    try:
        written = 0
        for _ in range(10):
            try:
                ours.write(b"ours", ANY_VERSION, at(3))
                written += 1
            except StateConflict:  # they were faster eight times
                time.sleep(0.01)
    finally:
        ended.set()
        writing.join()
    assert written > 0


# -- the lock ----------------------------------------------------------------------------------------------------------


def test_a_write_over_any_version_is_fenced(postgres_site: PostgresSite) -> None:
    backend = postgres_site.open()
    with backend.lock(holder()):
        postgres_site.open().break_lock("aaaa1111")
        with pytest.raises(Fenced, match="was broken"):
            backend.write(b"{}", ANY_VERSION, at(1))


def test_an_append_renews_the_lease(postgres_site: PostgresSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.backends.lease._RENEWALS", 1e-6)
    backend, version = postgres_site.open(), None
    with backend.lock(holder()) as lease:
        for _ in range(6):
            time.sleep(postgres_site.ttl / 4)
            version = backend.append([b"a"], version, at(1))
            assert lease.left() > postgres_site.ttl / 2
        with pytest.raises(StateLocked, match=r"Its last heartbeat was \d s ago"), postgres_site.open().lock(holder()):
            pass


def test_several_threads_use_one_backend(postgres_site: PostgresSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.backends.lease._RENEWALS", 200)
    backend, version = postgres_site.open(), None
    ended, failed = threading.Event(), []

    def ask() -> None:
        while not ended.is_set():
            try:
                assert backend.holder() is not None
                backend.read()
                backend.history()
            except BaseException as error:
                failed.append(error)

    with backend.lock(holder()):
        asking = [threading.Thread(target=ask) for _ in range(3)]
        for each in asking:
            each.start()
        try:
            for number in range(100):
                version = backend.append([b"%d" % number], version, at(1))
        finally:
            ended.set()
            for each in asking:
                each.join()
    assert failed == []
    blob = backend.read()
    assert blob is not None and blob.entries == tuple(b"%d" % number for number in range(100))


def test_the_same_lock_id_twice_is_two_holders(postgres_site: PostgresSite, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("reconciler.backends.lease._RENEWALS", 1e-6)
    first, second = postgres_site.open(), postgres_site.open()
    with first.lock(holder()) as lease:
        time.sleep(postgres_site.ttl + 0.1)
        with second.lock(holder()), pytest.raises(Fenced):
            first.append([b"a"], None, at(1))
        with pytest.raises(Fenced):
            lease.renew()


def test_a_process_of_this_machine_is_not_broken_into_and_its_lock_is_shown(postgres_site: PostgresSite) -> None:
    with postgres_site.open().lock(this_process("cccc3333")):
        held = postgres_site.open().holder()
        assert held is not None and held.info == this_process("cccc3333").model_copy(update={"since": held.info.since})
