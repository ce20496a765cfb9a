"""The lock's records: takeovers, barriers, the probe, and holders that were killed at a bad moment."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from threading import Barrier

import pytest

from reconciler.backends import lease as leases
from reconciler.backends.object_storage import objects, requests
from reconciler.backends.object_storage.locks import Locks
from reconciler.errors import Fenced, StateError, StateLocked
from reconciler.protocols.backend import Blob, Stamp
from tests.support.engines.fake_store import GOOGLE, FakeStore
from tests.support.engines.object_storage import ObjectStorageSite
from tests.support.lock_holders import elsewhere, here
from tests.support.store_proxy import AFTER, BEFORE, CLOSED, Fault, lossy_proxy, never, once


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(leases, "_RENEWALS", 1e-6)


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(requests, "_LONGEST_WAIT", 0.02)


def record(store: FakeStore, number: int) -> objects.LockRecord:
    name = next(key for key in store.objects if key.endswith(f"lock/{number:06d}"))
    found = objects.parse_lock(store.objects[name][0])
    assert found is not None
    return found


# -- the probe ---------------------------------------------------------------------------------------------------------


def test_rclone_is_refused_before_anything_else_is_written(rclone_site: ObjectStorageSite) -> None:
    """It ignores If-None-Match: the negative control of all other tests."""
    refused = pytest.raises(StateError, match=r"this store at 127\.0\.0\.1 ignores If-None-Match")
    with refused, rclone_site.open().lock(elsewhere()):
        pass
    assert list(rclone_site.requests().list()) == []


def test_the_store_is_probed_once_a_lineage(store: FakeStore, site: ObjectStorageSite) -> None:
    for number in range(3):
        with site.open().lock(elsewhere(f"{number:08x}")):
            pass
    probes = [each for each in store.requests if each.method == "PUT" and "/probe/" in each.target]
    assert len({each.key for each in probes}) == 1
    assert store.names("probe") == []
    assert record(store, 3).probed


# -- takeovers ---------------------------------------------------------------------------------------------------------


def test_a_lock_that_was_released_is_taken_without_a_barrier(store: FakeStore, site: ObjectStorageSite) -> None:
    for number in range(2):
        with site.open().lock(elsewhere(f"{number:08x}")):
            pass
    assert store.names("entries") == []


@pytest.mark.usefixtures("paused")
def test_a_takeover_goes_by_the_store_s_clock_alone(store: FakeStore, site: ObjectStorageSite) -> None:
    """The other machine's `since` is years in the future; nobody reads it."""
    info = elsewhere().model_copy(update={"since": datetime(2036, 1, 1, tzinfo=UTC)})
    with site.open().lock(info):
        with pytest.raises(StateLocked), site.open().lock(elsewhere("bbbb2222")):
            pass
        store.later = timedelta(seconds=site.ttl + 2)
        with site.open().lock(elsewhere("bbbb2222", "bob@elsewhere")):
            assert store.names("entries") == ["entries/000000000001"]


@pytest.mark.usefixtures("paused", "quick")
def test_a_takeover_that_could_write_no_barrier_leaves_that_to_the_next(
    store: FakeStore, site: ObjectStorageSite
) -> None:
    """Else the paused holder could write after the next run began."""
    sleeper = site.open()
    with ExitStack() as stack:
        stack.enter_context(sleeper.lock(elsewhere()))
        version = sleeper.write(b"{}", None, at(1))
        store.later = timedelta(seconds=site.ttl + 2)
        down: list[Fault] = [(BEFORE, 500)] * 8
        failed = pytest.raises(StateError, match="could not be written")
        with lossy_proxy(store.url, once(*down, within="/entries/")) as proxy, failed:
            stack.enter_context(site.through(proxy.url).open().lock(elsewhere("bbbb2222")))
        assert record(store, 2).released
        assert record(store, 2).open_fence
        with site.open().lock(elsewhere("cccc3333")):  # at once
            assert not record(store, 3).released
            with pytest.raises(Fenced):
                sleeper.append([b"late"], version, at(2))
    assert not record(store, 3).open_fence


@pytest.mark.usefixtures("quick")
def test_a_write_without_a_clear_answer_is_fenced_off_by_the_next_run(
    store: FakeStore, site: ObjectStorageSite
) -> None:
    """It may still arrive."""
    with lossy_proxy(store.url, never) as proxy:
        backend = site.through(proxy.url).open()
        with backend.lock(elsewhere()):
            version = backend.write(b"{}", None, at(1))
            proxy.choose = once(*[(BEFORE, 500)] * 8, within="/entries/")
            with pytest.raises(StateError, match="could not be written"):
                backend.append([b"a"], version, at(2))
    assert (record(store, 1).released, record(store, 1).open_fence) == (True, True)
    with site.open().lock(elsewhere("bbbb2222")):
        assert store.names("entries")[-1] == "entries/000000000002"


@pytest.mark.parametrize("fault", [(BEFORE, 500), (AFTER, 500)], ids=str)
@pytest.mark.usefixtures("quick")
def test_a_write_without_a_clear_answer_can_be_repeated(
    store: FakeStore, site: ObjectStorageSite, fault: Fault
) -> None:
    """Whether or not it is there: the same bytes are sent."""
    with lossy_proxy(store.url, never) as proxy:
        backend = site.through(proxy.url).open()
        with backend.lock(elsewhere()):
            version = backend.write(b"{}", None, at(1))

            proxy.choose = lambda method, target: fault if method == "PUT" else (BEFORE, 500)
            with pytest.raises(StateError, match="could not be written"):
                backend.append([b"a"], version, at(2))
            proxy.choose = never
            version = backend.append([b"a"], version, at(2))
            version = backend.append([b"b"], version, at(3))
    assert site.open().read() == Blob(b"{}", version, (b"a", b"b"))


def test_a_broken_lock_s_holder_learns_that_it_was_broken(site: ObjectStorageSite) -> None:
    mine = site.open()
    with mine.lock(elsewhere()) as lease:
        version = mine.write(b"{}", None, at(1))
        site.open().break_lock("aaaa1111")
        with pytest.raises(Fenced, match="the lock of this run was broken"):
            mine.append([b"late"], version, at(2))
        assert lease.lost is not None
        assert site.open().holder() is None


def test_two_hosts_that_take_over_at_once_get_one_lock(site: ObjectStorageSite) -> None:
    dead = here(os.getpid()).model_copy(update={"started": 1})  # another process had this id
    for turn in range(3):
        Locks(site.requests(), site.ttl).take(dead.model_copy(update={"lock_id": f"dead{turn:04d}"}))
        start = Barrier(4)
        inside: list[int] = []

        def take(number: int, turn: int = turn, start: Barrier = start, inside: list[int] = inside) -> None:
            backend = site.open()
            start.wait()
            with suppress(StateLocked), backend.lock(elsewhere(f"{turn:04d}{number:04d}")):
                inside.append(number)
                time.sleep(0.2)
                assert len(inside) == 1
                assert backend.append([b"x"], _version(site), at(turn + 1))

        with ThreadPoolExecutor(4) as pool:
            list(pool.map(take, range(4)))
        assert len(inside) == 1


def test_a_number_that_was_swept_is_not_taken_again(store: FakeStore, site: ObjectStorageSite) -> None:
    """A run listed the records, slept for long, and created a number that others had left behind."""
    locks = Locks(site.requests(), site.ttl)
    for number in range(4):
        with site.open().lock(elsewhere(f"{number:08x}")):
            pass
    before = locks._newest()
    assert before is not None
    del store.objects[next(key for key in store.objects if key.endswith("lock/000002"))]
    assert locks._claim(replace(before, number=1), elsewhere("bbbb2222")) is None
    with site.open().lock(elsewhere("cccc3333")) as lease:
        assert lease.fence == 5


# -- renewing and releasing --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("fault", [(AFTER, 500), (AFTER, CLOSED)], ids=str)
@pytest.mark.usefixtures("quick")
def test_a_lost_answer_to_any_request_of_a_lock_leaves_none_behind(
    store: FakeStore, site: ObjectStorageSite, fault: Fault
) -> None:
    for number in range(12):
        with lossy_proxy(store.url, once(*[None] * number, fault)) as proxy:
            backend = site.through(proxy.url).open()
            with backend.lock(elsewhere(f"{number:08x}")) as lease:
                lease.renew()
        assert site.open().holder() is None


@pytest.mark.usefixtures("quick")
def test_a_release_that_fails_is_no_error_of_the_run(store: FakeStore, site: ObjectStorageSite) -> None:
    with site.open().lock(elsewhere()):
        store.denied = {"PUT"}
    store.denied = set()
    held = site.open().holder()
    assert held is not None
    assert held.info.lock_id == "aaaa1111"


@pytest.mark.usefixtures("quick")
def test_a_role_that_may_only_read_sees_who_holds_the_lock(store: FakeStore, site: ObjectStorageSite) -> None:
    with site.open().lock(elsewhere()):
        store.denied = {"PUT", "DELETE"}
        held = site.open().holder()
        assert held is not None
        assert (held.info.who, held.heartbeat, held.left) == ("ann@host", None, None)
        store.denied = set()


def test_a_role_that_may_not_delete_can_do_everything(store: FakeStore, site: ObjectStorageSite) -> None:
    store.denied = {"DELETE"}
    version = None
    for number in range(1, 6):
        backend = site.open()
        with backend.lock(elsewhere(f"{number:08x}")):
            version = backend.write(b"%d" % number, version, at(number))
    assert site.open().read() == Blob(b"5", version or "")
    assert [each.serial for each in site.open().history()] == [5, 4, 3]


def test_a_record_of_a_later_voicectl_is_named(store: FakeStore, site: ObjectStorageSite) -> None:
    site.requests().create("lock/000001", b'{"format": 2}')
    with pytest.raises(StateError, match="the lock record lock/000001 can't be read"), site.open().lock(elsewhere()):
        pass


def test_a_store_that_ignores_conditions_later_is_still_refused_at_once(
    store: FakeStore, site: ObjectStorageSite
) -> None:
    store.condition = GOOGLE
    with pytest.raises(StateError, match="ignores If-None-Match"), site.open().lock(elsewhere()):
        pass
    assert [name for name in store.objects if "/lock/" in name] == []


def _version(site: ObjectStorageSite) -> str | None:
    blob = site.open().read()
    return None if blob is None else blob.version
