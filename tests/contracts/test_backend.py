"""The contract of every backend, against real engines. To test a new one, add its site to `backend_sites`."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, suppress
from datetime import UTC, datetime

import pytest

from reconciler import processes
from reconciler.backends import lease as leases
from reconciler.errors import Fenced, StateConflict, StateError, StateLocked
from reconciler.protocols.backend import ANY_VERSION, Backend, Blob, LockInfo, Stamp
from tests.support.hints import in_words
from tests.support.sites import SITES, Site

Opened = Callable[[], Backend]  # opens one more client of the same state


@pytest.fixture(params=SITES)
def site(request: pytest.FixtureRequest) -> Site:
    made: Site = request.getfixturevalue(f"{request.param}_site")
    return made


@pytest.fixture
def opened(site: Site) -> Opened:
    return site.open


@pytest.fixture
def paused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Holders do not renew their locks, as if they were paused."""
    monkeypatch.setattr(leases, "_RENEWALS", 1e-6)


def needs_leases(site: Site) -> None:
    if not site.open().traits.leases:
        pytest.skip("its locks do not end by time")


def needs_journal(site: Site) -> None:
    if not site.open().traits.journals:
        pytest.skip("it has no journal")


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)


def holder(lock_id: str = "aaaa1111", **fields: object) -> LockInfo:
    known = {
        "lock_id": lock_id,
        "who": "ann@host",
        "pid": 4711,
        "host": "host",
        "operation": "apply",
        "since": datetime(2026, 11, 20, 12, tzinfo=UTC),
    }
    return LockInfo.model_validate(known | fields)


def of_this_machine(pid: int, started: int, lock_id: str = "aaaa1111") -> LockInfo:
    return holder(lock_id, host=socket.gethostname(), pid=pid, boot=processes.boot(), started=started)


def test_there_is_nothing_before_the_first_write(opened: Opened) -> None:
    assert opened().read() is None
    assert list(opened().history()) == []


def test_a_backend_names_its_place(opened: Opened) -> None:
    assert opened().where


# -- reading and writing -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"{}", '{\n"état": "声音 🎙"}\n'.encode(), b'{"x": "%s"}' % (b"x" * 1_000_000)])
def test_what_was_written_is_read(opened: Opened, content: bytes) -> None:
    version = opened().write(content, None, at(1))
    assert opened().read() == Blob(content, version)


def test_a_write_changes_the_version(opened: Opened) -> None:
    backend = opened()
    first = backend.write(b"1", None, at(1))
    assert backend.write(b"2", first, at(2)) != first


def test_a_first_write_over_another_run_s_write_conflicts(opened: Opened) -> None:
    opened().write(b"theirs", None, at(1))
    with pytest.raises(StateConflict):
        opened().write(b"ours", None, at(1))
    assert opened().read() == Blob(b"theirs", _version(opened))


def test_a_write_over_a_version_that_is_gone_conflicts(opened: Opened) -> None:
    mine, theirs = opened(), opened()
    seen = mine.write(b"1", None, at(1))
    theirs.write(b"2", seen, at(2))
    with pytest.raises(StateConflict):
        mine.write(b"3", seen, at(2))
    assert _data(opened) == b"2"


def test_a_write_over_a_state_that_never_was_conflicts(opened: Opened) -> None:
    elsewhere = opened().write(b"1", None, at(1))
    moved = opened().write(b"2", elsewhere, at(2))
    opened().write(b"3", moved, at(3))
    with pytest.raises(StateConflict):
        opened().write(b"4", elsewhere, at(2))
    assert _data(opened) == b"3"


def test_a_write_over_any_version_needs_none(opened: Opened) -> None:
    opened().write(b"1", ANY_VERSION, at(1))
    version = opened().write(b"2", ANY_VERSION, at(7))
    assert opened().read() == Blob(b"2", version)


def test_a_serial_may_jump(opened: Opened) -> None:
    version = opened().write(b"1", None, at(40))
    version = opened().write(b"2", version, at(1000))
    assert opened().read() == Blob(b"2", version)
    with pytest.raises(StateConflict):
        opened().write(b"3", None, at(2))


# -- appending ---------------------------------------------------------------------------------------------------------


def test_what_was_appended_is_read_in_order(site: Site, opened: Opened) -> None:
    needs_journal(site)
    backend = opened()
    version = backend.write(b"{}", None, at(1))
    version = backend.append([b"a", b"b"], version, at(2))
    version = backend.append(["声".encode()], version, at(3))
    assert opened().read() == Blob(b"{}", version, (b"a", b"b", "声".encode()))


def test_an_append_before_any_write_is_kept(site: Site, opened: Opened) -> None:
    needs_journal(site)
    backend = opened()
    version = backend.append([b"a"], None, at(1))
    version = backend.append([b"b"], version, at(2))
    assert opened().read() == Blob(b"", version, (b"a", b"b"))


def test_a_write_folds_what_was_appended_before_it(site: Site, opened: Opened) -> None:
    needs_journal(site)
    backend = opened()
    version = backend.append([b"a"], backend.write(b"{}", None, at(1)), at(2))
    version = backend.write(b"{a}", version, at(2))
    assert opened().read() == Blob(b"{a}", version)
    version = opened().append([b"b"], version, at(3))
    assert opened().read() == Blob(b"{a}", version, (b"b",))


def test_a_write_with_a_new_serial_replaces_what_was_appended_before_it(site: Site, opened: Opened) -> None:
    needs_journal(site)
    backend = opened()
    version = backend.append([b"a"], backend.write(b"{}", None, at(1)), at(2))
    version = backend.write(b"{c}", version, at(3))
    assert opened().read() == Blob(b"{c}", version)


def test_a_first_write_folds_what_was_appended_over_nothing(site: Site, opened: Opened) -> None:
    needs_journal(site)
    backend = opened()
    version = backend.write(b"{a}", backend.append([b"a"], None, at(1)), at(1))
    assert opened().read() == Blob(b"{a}", version)


def test_an_append_over_another_run_s_append_conflicts(site: Site, opened: Opened) -> None:
    needs_journal(site)
    mine, theirs = opened(), opened()
    seen = mine.write(b"{}", None, at(1))
    theirs.append([b"theirs"], seen, at(2))
    with pytest.raises(StateConflict):
        mine.append([b"mine"], seen, at(2))
    blob = opened().read()
    assert blob is not None
    assert blob.entries == (b"theirs",)


def test_a_write_over_another_run_s_append_conflicts(site: Site, opened: Opened) -> None:
    needs_journal(site)
    mine, theirs = opened(), opened()
    seen = mine.write(b"{}", None, at(1))
    theirs.append([b"theirs"], seen, at(2))
    with pytest.raises(StateConflict):
        mine.write(b"{mine}", seen, at(2))
    with pytest.raises(StateConflict):
        mine.write(b"{mine}", seen, at(3))


def test_a_fold_over_another_run_s_append_loses_nothing(site: Site, opened: Opened) -> None:
    """A fold may be refused, or succeed beside the append: what was appended is there afterwards."""
    needs_journal(site)
    mine, theirs = opened(), opened()
    seen = mine.append([b"a"], mine.write(b"{}", None, at(1)), at(2))
    theirs.append([b"theirs"], seen, at(3))
    with suppress(StateConflict):
        mine.write(b"{a}", seen, at(2))
    blob = opened().read()
    assert blob is not None
    assert blob.entries[-1:] == (b"theirs",)


def test_an_append_to_a_state_that_never_was_conflicts(site: Site, opened: Opened) -> None:
    needs_journal(site)
    first = opened().write(b"1", None, at(1))
    opened().append([b"a"], first, at(2))
    with pytest.raises(StateConflict):
        opened().append([b"b"], None, at(1))
    with pytest.raises(StateConflict):
        opened().append([b"b"], first, at(2))
    assert _entries(opened) == (b"a",)


def test_a_conflict_says_what_to_do(opened: Opened) -> None:
    opened().write(b"theirs", None, at(1))
    with pytest.raises(StateConflict) as caught:
        opened().write(b"ours", None, at(1))
    assert caught.value.detail
    assert caught.value.hint


def test_another_run_continues_where_a_dead_one_stopped(site: Site, opened: Opened) -> None:
    needs_journal(site)
    version = opened().write(b"{}", None, at(1))
    version = opened().append([b"a"], version, at(2))
    version = opened().append([b"b"], version, at(3))
    assert opened().read() == Blob(b"{}", version, (b"a", b"b"))


def test_eight_threads_that_compare_and_swap_lose_no_update(site: Site, opened: Opened) -> None:
    if not site.open().traits.compare_and_swap:
        pytest.skip("only its lock keeps writers apart")
    opened().write(b"0", None, at(1))

    def count(_: int) -> None:
        backend = opened()
        for _ in range(5):
            while True:
                blob = backend.read()
                assert blob is not None
                try:
                    backend.write(b"%d" % (int(blob.data) + 1), blob.version, at(int(blob.data) + 2))
                except StateConflict:
                    continue
                break

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    assert _data(opened) == b"40"


# -- history -----------------------------------------------------------------------------------------------------------


def test_the_last_snapshots_are_kept(opened: Opened) -> None:
    """A site keeps three."""
    backend = opened()
    version = None
    for serial in range(1, 6):
        version = backend.write(b'{"is": %d}' % serial, version, at(serial))
    kept = opened().history()
    assert [each.serial for each in kept] == [5, 4, 3]
    assert all(each.size > 0 and each.written_at.tzinfo is not None for each in kept)
    assert opened().snapshot(4) == b'{"is": 4}'
    with pytest.raises(StateError, match="no snapshot with the serial 1"):
        opened().snapshot(1)


# -- the lock ----------------------------------------------------------------------------------------------------------


def test_a_held_lock_keeps_others_out_and_names_its_holder(opened: Opened) -> None:
    mine = holder(job="https://ci.example.com/jobs/7")
    with opened().lock(mine), pytest.raises(StateLocked) as caught, opened().lock(holder("bbbb2222")):
        pass
    assert caught.value.detail.startswith("ann@host (pid 4711) has held the lock for apply since 2026-11-20 12:00:00")
    assert "https://ci.example.com/jobs/7" in caught.value.detail
    assert (
        in_words(caught.value.hint)
        == "To wait for it: voicectl apply --lock-timeout 5m; if that run is dead: voicectl unlock aaaa1111"
    )
    assert caught.value.lock_id == "aaaa1111"


def test_anybody_can_see_who_holds_the_lock(site: Site, opened: Opened) -> None:
    if not getattr(site, "shows_holder", True):
        pytest.skip("it names a holder only to a run that wants the lock")
    assert opened().holder() is None
    with opened().lock(holder()):
        held = opened().holder()
        assert held is not None
        assert (held.info.lock_id, held.info.who, held.info.operation) == ("aaaa1111", "ann@host", "apply")
    assert opened().holder() is None


def test_a_lock_can_be_taken_again_once_it_is_released(opened: Opened) -> None:
    with opened().lock(holder()):
        pass
    with opened().lock(holder("bbbb2222")):
        pass


def test_a_lock_is_released_when_its_run_fails(opened: Opened) -> None:
    with pytest.raises(ZeroDivisionError), opened().lock(holder()):
        raise ZeroDivisionError
    with opened().lock(holder("bbbb2222")):
        pass


def test_one_of_eight_gets_the_lock_at_a_time(opened: Opened) -> None:
    inside, most, got = 0, 0, 0
    counting = threading.Lock()

    def take(number: int) -> None:
        nonlocal inside, most, got
        backend = opened()
        for _ in range(3):
            try:
                with backend.lock(holder(f"{number:08x}")):
                    with counting:
                        inside, got = inside + 1, got + 1
                        most = max(most, inside)
                    time.sleep(0.02)
                    with counting:
                        inside -= 1
            except StateLocked:
                time.sleep(0.01)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(take, range(8)))
    assert (most, got > 0) == (1, True)


def test_no_lock_can_be_broken_where_there_is_none(opened: Opened) -> None:
    with pytest.raises(StateError, match="The state is not locked, so there is nothing to unlock"):
        opened().break_lock("aaaa1111")


def test_a_lock_is_not_broken_by_another_id(opened: Opened) -> None:
    with opened().lock(holder()):
        with pytest.raises(StateError, match="aaaa1111"):
            opened().break_lock("bbbb2222")
        with pytest.raises(StateLocked), opened().lock(holder("cccc3333")):
            pass


def test_the_lock_of_a_run_that_is_alive_here_is_not_broken(opened: Opened) -> None:
    me = of_this_machine(os.getpid(), processes.started(os.getpid()))
    with opened().lock(me), pytest.raises(StateError, match="is alive"):
        opened().break_lock("aaaa1111")


def test_a_lock_does_not_hinder_reading(opened: Opened) -> None:
    opened().write(b"{}", None, at(1))
    with opened().lock(holder()):
        assert opened().read() is not None


def test_a_lock_guards_a_place_without_a_state(opened: Opened) -> None:
    backend = opened()
    with backend.lock(holder()) as lease:
        assert lease.left() > 0
        assert lease.lost is None
        assert opened().read() is None
        backend.write(b"{}", None, at(1))


# -- leases and fences -------------------------------------------------------------------------------------------------


def test_a_lease_is_never_longer_than_its_time(site: Site, opened: Opened) -> None:
    needs_leases(site)
    with opened().lock(holder()) as lease:
        assert 0 < lease.left() < site.ttl
        held = opened().holder()
        assert held is not None
        assert held.heartbeat is not None and 0 <= held.heartbeat <= site.ttl
        assert held.left is not None and held.left <= site.ttl


def test_a_lease_is_renewed_by_itself(site: Site, opened: Opened) -> None:
    needs_leases(site)
    with opened().lock(holder()) as lease:
        time.sleep(site.ttl * 1.5)
        assert lease.left() > 0
        with pytest.raises(StateLocked), opened().lock(holder("bbbb2222")):
            pass


@pytest.mark.usefixtures("paused")
def test_a_lease_that_ran_out_stops_nobody(site: Site, opened: Opened) -> None:
    """Nobody took it over, so nothing happened meanwhile."""
    needs_leases(site)
    needs_journal(site)
    backend = opened()
    with backend.lock(holder()) as lease:
        version = backend.write(b"{}", None, at(1))
        time.sleep(site.ttl * 1.3)
        assert lease.left() < 0
        backend.append([b"a"], version, at(2))
        lease.renew()
        assert lease.left() > 0
        assert lease.lost is None
    assert _entries(opened) == (b"a",)


@pytest.mark.usefixtures("paused")
def test_a_paused_holder_is_fenced_after_a_takeover(site: Site, opened: Opened) -> None:
    needs_leases(site)
    needs_journal(site)
    sleeper, heir = opened(), opened()
    with ExitStack() as stack:
        lease = stack.enter_context(sleeper.lock(holder()))
        version = sleeper.append([b"a"], sleeper.write(b"{}", None, at(1)), at(2))
        with pytest.raises(StateLocked), opened().lock(holder("bbbb2222")):
            pass
        time.sleep(site.ttl * 1.3 + 1)
        with heir.lock(holder("bbbb2222", who="bob@elsewhere")) as new:
            assert new.fence > lease.fence
            with pytest.raises(Fenced):
                sleeper.append([b"late"], version, at(3))
            with pytest.raises(StateConflict):
                sleeper.write(b"{late}", version, at(3))
            with pytest.raises(Fenced):
                lease.renew()
            assert lease.lost is not None
            assert "bob@elsewhere" in lease.lost
            stack.close()  # its release leaves the new lock alone
            with pytest.raises(StateLocked, match="bob@elsewhere"), opened().lock(holder("cccc3333")):
                pass
            blob = heir.read()
            assert blob is not None
            assert blob.entries == (b"a",)
            heir.append([b"b"], blob.version, at(3))
    assert _entries(opened) == (b"a", b"b")


@pytest.mark.usefixtures("paused")
def test_a_paused_holder_of_an_empty_place_is_fenced_too(site: Site, opened: Opened) -> None:
    needs_leases(site)
    needs_journal(site)
    sleeper, heir = opened(), opened()
    with sleeper.lock(holder()):
        time.sleep(site.ttl * 1.3 + 1)
        with heir.lock(holder("bbbb2222")):
            with pytest.raises(StateConflict):
                sleeper.write(b"{late}", None, at(1))
            assert heir.read() is None
            heir.write(b"{}", None, at(1))
    assert _data(opened) == b"{}"


def test_the_lock_of_a_process_that_died_here_is_taken_over_at_once(site: Site, opened: Opened) -> None:
    needs_leases(site)
    needs_journal(site)
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    dead = of_this_machine(child.pid, processes.started(child.pid))
    gone, heir = opened(), opened()
    with gone.lock(dead):
        version = gone.write(b"{}", None, at(1))
        with pytest.raises(StateLocked), heir.lock(holder("bbbb2222")):
            pass
        child.kill()
        child.communicate()  # waits, and closes its stdin
        with heir.lock(holder("bbbb2222")):
            with pytest.raises(Fenced):
                gone.append([b"late"], version, at(2))
            assert _entries(opened) == ()


def test_a_broken_lock_fences_its_holder(site: Site, opened: Opened) -> None:
    needs_leases(site)
    needs_journal(site)
    mine = opened()
    with mine.lock(holder()):
        version = mine.write(b"{}", None, at(1))
        assert opened().break_lock("aaaa1111").who == "ann@host"
        assert opened().holder() is None
        with opened().lock(holder("bbbb2222")), pytest.raises(Fenced):
            mine.append([b"late"], version, at(2))
        assert opened().holder() is None


def test_a_fence_never_goes_back(site: Site, opened: Opened) -> None:
    needs_leases(site)
    fences = []
    for number in range(5):
        with opened().lock(holder(f"{number:08x}")) as lease:
            fences.append(lease.fence)
    assert fences == sorted(set(fences))


def _version(opened: Opened) -> str:
    blob = opened().read()
    assert blob is not None
    return blob.version


def _data(opened: Opened) -> bytes:
    blob = opened().read()
    assert blob is not None
    return blob.data


def _entries(opened: Opened) -> tuple[bytes, ...]:
    blob = opened().read()
    assert blob is not None
    return blob.entries
