"""Every operation is one statement without any state of the session, so that a pool may give each to another server."""

from __future__ import annotations

import re

import pytest

from reconciler.backends.postgres import statements
from reconciler.protocols.backend import Stamp
from tests.support.engines.postgres import PostgresServer, PostgresSite
from tests.support.holders import holder

SQL = {name: text for name, text in vars(statements).items() if name.isupper() and isinstance(text, str)}


@pytest.mark.parametrize("name", SQL)
def test_it_is_one_statement_that_leaves_nothing_in_the_session(name: str) -> None:
    assert ";" not in SQL[name]
    words = set(re.findall(r"[a-z_]+", SQL[name].lower()))
    assert words & {"listen", "notify", "prepare", "declare", "temp", "temporary", "begin", "pg_advisory_lock"} == set()
    assert not SQL[name].lower().lstrip().startswith("set ")


def test_there_are_all() -> None:
    assert len(SQL) == 14


def test_a_pool_of_three_serves_eight_clients_in_turn(
    postgres_server: PostgresServer, pgbouncer_port: int, pgbouncer_site: PostgresSite
) -> None:
    backends = [pgbouncer_site.open() for _ in range(8)]
    for number, backend in enumerate(backends):
        with backend.lock(holder(f"{number:08x}")):
            blob = backend.read()
            version = blob.version if blob else None
            for _ in range(6):  # more often than psycopg would prepare a statement for
                version = backend.append([b"a"], version, Stamp("abcdef12", 1))
    blob = pgbouncer_site.open().read()
    assert blob is not None and len(blob.entries) == 48
    locks = postgres_server.run("select count(*) from pg_locks where locktype = 'advisory'")
    prepared = postgres_server.run("select count(*) from pg_prepared_statements")
    assert (locks, prepared) == ([(0,)], [(0,)])
