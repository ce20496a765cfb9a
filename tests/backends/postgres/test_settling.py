"""After a lost reply it is asked whether the change was made; it is made once, or not at all, and said so."""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

import pytest

from reconciler.backends.postgres.backend import PostgresBackend, open_postgres
from reconciler.errors import StateConflict, StateError, StateLocked
from reconciler.protocols.backend import ANY_VERSION, Stamp
from tests.support.engines.postgres import PostgresServer, PostgresSite, free_port
from tests.support.holders import holder
from tests.support.lossy_proxy import Loss, LossyProxy

pytest.importorskip("psycopg", reason="needs psycopg: the extra [postgres]")

STAMP = Stamp("abcdef12", 1)
APPENDS, WRITES = b"insert into voicectl.entries", b"insert into voicectl.snapshots"
LOSSES = [Loss.REQUEST, Loss.REPLY]


@pytest.fixture
def proxy(postgres_server: PostgresServer) -> Iterator[LossyProxy]:
    with LossyProxy(postgres_server.port) as between:
        yield between


@pytest.fixture
def behind(postgres_server: PostgresServer, postgres_site: PostgresSite, proxy: LossyProxy) -> PostgresBackend:
    """The same state as that of the site, through the proxy."""
    url = postgres_server.url(port=proxy.port)
    return open_postgres(f"{url}?name={postgres_site.name}", default_name="", ttl=postgres_site.ttl, keep=3)


def words_in(site: PostgresSite) -> tuple[bytes, ...]:
    blob = site.open().read()
    assert blob is not None
    return (*blob.data.split(), *blob.entries)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("locked", [False, True], ids=["unlocked", "locked"])
def test_an_append_takes_effect_once(
    loss: Loss, locked: bool, postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend
) -> None:
    version = behind.append([b"a"], None, STAMP)
    lock = behind.lock(holder())
    if locked:
        lock.__enter__()
    proxy.lose_once(APPENDS, loss)
    version = behind.append([b"b"], version, STAMP)
    behind.append([b"c"], version, STAMP)
    assert words_in(postgres_site) == (b"a", b"b", b"c")
    assert proxy.lost == 1
    if locked:
        lock.__exit__(None, None, None)


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("over_any", [False, True], ids=["of a version", "of any version"])
def test_a_write_takes_effect_once(
    loss: Loss, over_any: bool, postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend
) -> None:
    version = behind.append([b"a"], None, STAMP)
    proxy.lose_once(WRITES, loss)
    version = behind.write(b"a b", ANY_VERSION if over_any else version, STAMP)
    assert version.startswith("2:")
    behind.append([b"c"], version, STAMP)
    assert words_in(postgres_site) == (b"a", b"b", b"c")


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lock_is_taken_once(
    loss: Loss, postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend
) -> None:
    behind.append([b"a"], None, STAMP)
    proxy.lose_once(b"insert into voicectl.states as s", loss)
    with behind.lock(holder()) as lease:
        assert lease.fence == 1
        assert lease.left() > 0
        with pytest.raises(StateLocked), postgres_site.open().lock(holder("bbbb2222")):
            pass
    assert postgres_site.open().holder() is None


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lock_is_released(
    loss: Loss, postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend
) -> None:
    with behind.lock(holder()):
        proxy.lose_once(b"set lock_id = null", loss)
    assert proxy.lost == 1
    assert postgres_site.open().holder() is None


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lock_is_renewed(loss: Loss, proxy: LossyProxy, behind: PostgresBackend) -> None:
    with behind.lock(holder()) as lease:
        proxy.lose_once(b"set heartbeat_at", loss)
        lease.renew()
        assert lease.lost is None


@pytest.mark.parametrize("loss", LOSSES)
def test_a_lock_is_broken_once(
    loss: Loss, postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend
) -> None:
    with postgres_site.open().lock(holder()):
        assert behind.holder() is not None
        proxy.lose_once(b"set fence = fence + 1", loss)
        assert behind.break_lock("aaaa1111").who == "ann@elsewhere"
        assert postgres_site.open().holder() is None
    with postgres_site.open().lock(holder()) as lease:
        assert lease.fence == 3


@pytest.mark.parametrize("loss", LOSSES)
def test_a_read_is_asked_again(loss: Loss, proxy: LossyProxy, behind: PostgresBackend) -> None:
    behind.append([b"a"], None, STAMP)
    proxy.lose_once(b"order by e.seq", loss)
    assert behind.read() is not None


def test_an_append_that_another_run_folded_before_the_answer_was_asked_for_is_found(
    postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend
) -> None:
    version = behind.append([b"a"], None, STAMP)
    waiting = [Loss.REPLY]

    def decide(chunk: bytes) -> Loss:
        if waiting and APPENDS in chunk:
            return waiting.pop()
        if not waiting and b"as found" in chunk:  # the question: in the meantime another run folds
            waiting.append(Loss.NONE)
            other = postgres_site.open()
            blob = other.read()
            assert blob is not None
            other.write(b" ".join(blob.entries), blob.version, STAMP)
        return Loss.NONE

    proxy.decide = decide
    ours = behind.append([b"b"], version, STAMP)
    assert words_in(postgres_site) == (b"a", b"b")
    with pytest.raises(StateConflict):
        behind.append([b"c"], ours, STAMP)


def test_under_random_losses_nothing_is_lost_or_doubled(
    postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.backends.postgres.settling._WAIT", 0.001)
    chance = random.Random(7)

    def decide(chunk: bytes) -> Loss:
        known = any(marker in chunk for marker in (APPENDS, WRITES, b"as found", b"as s (name"))
        return chance.choice(LOSSES) if known and chance.random() < 0.25 else Loss.NONE

    behind.read()
    proxy.decide = decide
    words = []
    with behind.lock(holder()):
        version = None
        for number in range(150):
            words.append(b"w%d" % number)
            version = behind.append(words[-1:], version, STAMP)
            if number % 20 == 0:
                version = behind.write(b" ".join(words), version, STAMP)
    assert words_in(postgres_site) == tuple(words)
    assert proxy.lost > 30


def test_a_server_that_does_not_answer_is_left_and_asked_anew(
    postgres_site: PostgresSite, proxy: LossyProxy, behind: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(behind._connection, "_limit", 0.5)
    version = behind.append([b"a"], None, STAMP)
    proxy.lose_once(APPENDS, Loss.SILENCE)
    began = time.monotonic()
    behind.append([b"b"], version, STAMP)
    assert 0.5 <= time.monotonic() - began < 5
    assert words_in(postgres_site) == (b"a", b"b")


def test_a_lock_of_the_row_by_somebody_else_ends_in_a_time_limit_and_changes_nothing_twice(
    postgres_server: PostgresServer, postgres_site: PostgresSite, monkeypatch: pytest.MonkeyPatch
) -> None:
    import psycopg

    backend = postgres_site.open()
    monkeypatch.setattr(backend._connection, "_limit", 0.3)
    version = backend.append([b"a"], None, STAMP)
    with psycopg.connect(postgres_server.url()) as blocking:
        blocking.execute("select from voicectl.states where name = %s for update", [postgres_site.name])
        monkeypatch.setattr("reconciler.backends.postgres.settling._TRIES", 3)
        with pytest.raises(StateError, match="could not be written: the connection was lost"):
            backend.append([b"b"], version, STAMP)
    time.sleep(0.3)  # the server goes on with the statements that waited
    assert words_in(postgres_site) in ((b"a",), (b"a", b"b"))


def test_a_server_that_is_not_there_is_given_up_soon(capsys: pytest.CaptureFixture[str]) -> None:
    port = free_port()
    backend = open_postgres(f"postgresql://127.0.0.1:{port}/db", default_name="prod")
    began = time.monotonic()
    with pytest.raises(StateError) as caught:
        backend.read()
    assert time.monotonic() - began < 4
    where = f"postgresql://127.0.0.1:{port}/db?name=prod"
    assert caught.value.detail == f"{where} could not be read: the connection was refused."
    assert caught.value.hint


def test_a_server_that_was_there_is_waited_for_longer(
    proxy: LossyProxy, behind: PostgresBackend, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reconciler.backends.postgres.settling._WAIT", 0.01)
    behind.append([b"a"], None, STAMP)
    proxy.decide = lambda chunk: Loss.REQUEST
    with pytest.raises(StateError, match="could not be read"):
        behind.read()
    assert proxy.lost >= 12
