"""What a server promises: it is asked once, and what it may lose is said, and stops a run by a conflict."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Callable

import pytest

from reconciler.backends.postgres.backend import open_postgres
from reconciler.errors import StateConflict
from reconciler.protocols.backend import Stamp
from tests.support.engines.postgres import PostgresServer, PostgresSite, found, free_port, running, unprivileged
from tests.support.holders import holder


def at(serial: int) -> Stamp:
    return Stamp("abcdef12", serial)


def test_a_server_without_standbys_has_no_notes(postgres_site: PostgresSite) -> None:
    backend = postgres_site.open()
    with backend.lock(holder()):
        assert backend.notes == ()


def test_a_server_that_confirms_too_early_is_warned_of(postgres_server: PostgresServer) -> None:
    name = postgres_server.fresh_database()
    postgres_server.run(f"alter database {name} set synchronous_commit = off")
    backend = open_postgres(postgres_server.url(database=name), default_name="prod")
    for _ in range(2):
        with backend.lock(holder()):
            pass
    assert len(backend.notes) == 1
    assert "synchronous_commit=off" in str(backend.notes[0])


def test_a_database_that_serializes_its_transactions_serves(postgres_server: PostgresServer) -> None:
    name = postgres_server.fresh_database()
    postgres_server.run(f"alter database {name} set default_transaction_isolation = serializable")
    url = postgres_server.url(database=name)
    open_postgres(url, default_name="prod").write(b"0", None, at(1))

    def count() -> None:
        backend = open_postgres(url, default_name="prod")
        for _ in range(5):
            while True:
                blob = backend.read()
                assert blob is not None
                try:
                    backend.write(b"%d" % (int(blob.data) + 1), blob.version, at(1))
                    break
                except StateConflict:
                    continue

    counting = [threading.Thread(target=count) for _ in range(3)]
    for each in counting:
        each.start()
    for each in counting:
        each.join()
    blob = open_postgres(url, default_name="prod").read()
    assert blob is not None and blob.data == b"15"


def test_a_standby_that_takes_over_without_the_last_changes_is_a_conflict() -> None:
    copy = found("pg_basebackup")
    if copy is None:
        pytest.skip("needs pg_basebackup")
    with running("shared_buffers=32MB", "max_connections=20") as first:
        version = open_postgres(first.url(), default_name="prod").append([b"a"], None, at(1))
        standby = PostgresServer(first.folder / "standby", free_port(), first.settings)
        words = [copy, "-D", standby.folder / "data", "-h", "127.0.0.1", "-p", first.port, "-U", "voicectl", "-R"]
        subprocess.run(unprivileged(*words, "--checkpoint=fast"), check=True)
        try:
            standby.start()
            _wait_for(lambda: first.run("select 1 from pg_stat_replication where state = 'streaming'") == [(1,)])
            hosts = f"127.0.0.1:{first.port},127.0.0.1:{standby.port}"
            url = f"postgresql://voicectl@{hosts}/voicectl?target_session_attrs=read-write"
            backend = open_postgres(url, default_name="prod")
            with backend.lock(holder()):
                assert "does not wait for it" in str(backend.notes[0])
                version = backend.append([b"b"], version, at(1))
                _wait_for(lambda: standby.run_soon("select head from voicectl.states") == [(2,)])
                standby.stop()
                version = backend.append([b"c"], version, at(1))
                first.stop()
                standby.start()
                standby.run_soon("select pg_promote()")
                with pytest.raises(StateConflict, match="the server has lost changes"):
                    backend.append([b"d"], version, at(1))
            blob = backend.read()
            assert blob is not None and blob.entries == (b"a", b"b")
        finally:
            standby.stop()


def _wait_for(question: Callable[[], bool]) -> None:
    for _ in range(200):
        if question():
            return
        time.sleep(0.05)
    raise AssertionError("it never came")
