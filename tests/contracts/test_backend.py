"""The contract of every backend. To test a new one, add a line to BACKENDS."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.errors import StateConflict, StateError, StateLocked
from reconciler.protocols import ANY_VERSION, Backend, Blob, LockInfo
from tests.support.hints import in_words

Opened = Callable[[], Backend]  # opens one more client of the same state

BACKENDS: dict[str, Callable[[Path], Backend]] = {
    "local": lambda folder: LocalBackend(folder / "voices.state.json"),
}


@pytest.fixture(params=BACKENDS)
def opened(request: pytest.FixtureRequest, tmp_path: Path) -> Opened:
    return lambda: BACKENDS[request.param](tmp_path)


def holder(lock_id: str = "aaaa1111") -> LockInfo:
    return LockInfo(
        lock_id=lock_id,
        who="ann@host",
        pid=4711,
        host="host",
        operation="apply",
        since=datetime(2026, 11, 20, 12, tzinfo=UTC),
    )


def test_there_is_nothing_before_the_first_write(opened: Opened) -> None:
    assert opened().read() is None


def test_a_backend_names_its_place(opened: Opened) -> None:
    assert opened().where


@pytest.mark.parametrize("content", [b"{}", "{\n“état” 声音 🎙\n}\n".encode(), bytes(range(256)), b"x" * 1_000_000])
def test_what_was_written_is_read(opened: Opened, content: bytes) -> None:
    version = opened().write(content, None)
    assert opened().read() == Blob(content, version)


def test_a_write_changes_the_version(opened: Opened) -> None:
    backend = opened()
    first = backend.write(b"1", None)
    assert backend.write(b"2", first) != first


def test_a_first_write_over_another_run_s_write_conflicts(opened: Opened) -> None:
    opened().write(b"theirs", None)
    with pytest.raises(StateConflict):
        opened().write(b"ours", None)
    assert opened().read() == Blob(b"theirs", _version(opened))


def test_a_write_over_a_version_that_is_gone_conflicts(opened: Opened) -> None:
    mine, theirs = opened(), opened()
    seen = mine.write(b"1", None)
    theirs.write(b"2", seen)
    with pytest.raises(StateConflict):
        mine.write(b"3", seen)
    blob = opened().read()
    assert blob is not None
    assert blob.data == b"2"


def test_a_write_over_a_state_that_never_was_conflicts(opened: Opened) -> None:
    with pytest.raises(StateConflict):
        opened().write(b"1", "0123456789abcdef")
    assert opened().read() is None


def test_a_write_over_any_version_needs_none(opened: Opened) -> None:
    opened().write(b"1", ANY_VERSION)
    opened().write(b"2", ANY_VERSION)
    blob = opened().read()
    assert blob is not None
    assert blob.data == b"2"


def test_what_was_appended_is_read_in_order(opened: Opened) -> None:
    backend = opened()
    version = backend.write(b"{}", None)
    version = backend.append([b"a", b"b"], version)
    version = backend.append(["声".encode()], version)
    assert opened().read() == Blob(b"{}", version, (b"a", b"b", "声".encode()))


def test_an_append_before_any_write_is_kept(opened: Opened) -> None:
    backend = opened()
    version = backend.append([b"a"], None)
    version = backend.append([b"b"], version)
    assert opened().read() == Blob(b"", version, (b"a", b"b"))


def test_a_write_folds_what_was_appended_before_it(opened: Opened) -> None:
    backend = opened()
    version = backend.append([b"a"], backend.write(b"{}", None))
    version = backend.write(b"{a}", version)
    assert opened().read() == Blob(b"{a}", version)


def test_a_first_write_folds_what_was_appended_over_nothing(opened: Opened) -> None:
    backend = opened()
    version = backend.write(b"{a}", backend.append([b"a"], None))
    assert opened().read() == Blob(b"{a}", version)


def test_an_append_over_another_run_s_append_conflicts(opened: Opened) -> None:
    mine, theirs = opened(), opened()
    seen = mine.write(b"{}", None)
    theirs.append([b"theirs"], seen)
    with pytest.raises(StateConflict):
        mine.append([b"mine"], seen)
    blob = opened().read()
    assert blob is not None
    assert blob.entries == (b"theirs",)


def test_a_write_over_another_run_s_append_conflicts(opened: Opened) -> None:
    mine, theirs = opened(), opened()
    seen = mine.write(b"{}", None)
    theirs.append([b"theirs"], seen)
    with pytest.raises(StateConflict):
        mine.write(b"{mine}", seen)


def test_an_append_to_a_state_that_never_was_conflicts(opened: Opened) -> None:
    with pytest.raises(StateConflict):
        opened().append([b"a"], "0123456789abcdef")
    assert opened().read() is None


def test_a_conflict_says_what_to_do(opened: Opened) -> None:
    opened().write(b"theirs", None)
    with pytest.raises(StateConflict) as caught:
        opened().write(b"ours", None)
    assert caught.value.detail
    assert caught.value.hint


def test_another_run_continues_where_a_dead_one_stopped(opened: Opened) -> None:
    version = opened().write(b"{}", None)
    version = opened().append([b"a"], version)
    version = opened().append([b"b"], version)
    assert opened().read() == Blob(b"{}", version, (b"a", b"b"))


def test_eight_threads_that_compare_and_swap_lose_no_update(opened: Opened) -> None:
    opened().write(b"0", None)

    def count(_: int) -> None:
        backend = opened()
        for _ in range(5):
            while True:
                blob = backend.read()
                assert blob is not None
                try:
                    backend.write(b"%d" % (int(blob.data) + 1), blob.version)
                except StateConflict:
                    continue
                break

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(count, range(8)))
    blob = opened().read()
    assert blob is not None
    assert blob.data == b"40"


def test_a_held_lock_keeps_others_out_and_names_its_holder(opened: Opened) -> None:
    with opened().lock(holder()), pytest.raises(StateLocked) as caught, opened().lock(holder("bbbb2222")):
        pass
    assert caught.value.detail == "ann@host (pid 4711) has held the lock for apply since 2026-11-20 12:00:00 UTC."
    assert (
        in_words(caught.value.hint)
        == "To wait for it: voicectl apply --lock-timeout 5m; if that run is dead: voicectl unlock aaaa1111"
    )
    assert caught.value.lock_id == "aaaa1111"


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


def test_no_lock_can_be_broken_where_there_is_none(opened: Opened) -> None:
    with pytest.raises(StateError, match="The state is not locked, so there is nothing to unlock"):
        opened().break_lock("aaaa1111")


def test_a_lock_is_not_broken_by_another_id(opened: Opened) -> None:
    with opened().lock(holder()):
        with pytest.raises(StateError, match="aaaa1111"):
            opened().break_lock("bbbb2222")
        with pytest.raises(StateLocked), opened().lock(holder("cccc3333")):
            pass


def test_a_lock_does_not_hinder_reading(opened: Opened) -> None:
    opened().write(b"{}", None)
    with opened().lock(holder()):
        assert opened().read() is not None


def _version(opened: Opened) -> str:
    blob = opened().read()
    assert blob is not None
    return blob.version
