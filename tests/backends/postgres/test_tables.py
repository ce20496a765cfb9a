"""Who may create the tables, who may use them, and what a role without the right is told."""

from __future__ import annotations

import re
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from reconciler.backends.postgres.backend import PostgresBackend, open_postgres
from reconciler.errors import StateDamaged, StateError, StateTooNew
from reconciler.protocols.backend import ANY_VERSION, Stamp
from tests.support.engines.postgres import PostgresServer
from tests.support.holders import holder

STAMP = Stamp("abcdef12", 1)
_ROLES = count(1)


class Database:
    """A new database in which `voicectl` is the owner, and roles of no rights."""

    def __init__(self, server: PostgresServer) -> None:
        self.name = server.fresh_database()
        self._server = server

    def role(self) -> str:
        name = f"Role {next(_ROLES)} of {self.name}"
        self.run(f'create role "{name}" login')
        return name

    def run(self, *statements: str) -> list[tuple[object, ...]]:
        return self._server.run(*statements, database=self.name)

    def open(self, role: str = "voicectl", name: str = "prod") -> PostgresBackend:
        url = self._server.url(user=role.replace(" ", "%20"), database=self.name)
        return open_postgres(f"{url}?name={name}", default_name="")

    def tables(self) -> list[tuple[object, ...]]:
        return self.run("select tablename from pg_tables where schemaname = 'voicectl' order by 1")


@pytest.fixture
def database(postgres_server: PostgresServer) -> Database:
    return Database(postgres_server)


def statements_in(error: StateError) -> list[str]:
    """The SQL in an error's detail: from the first line that begins like it."""
    text = error.detail[re.search(r"^(CREATE|GRANT) ", error.detail, re.MULTILINE).start() :]  # type: ignore[union-attr]  # it is there
    return [each.strip() for each in re.sub(r"^--.*$", "", text, flags=re.MULTILINE).split(";") if each.strip()]


def test_reading_creates_nothing(database: Database) -> None:
    backend = database.open()
    assert backend.read() is None
    assert backend.holder() is None
    assert list(backend.history()) == []
    with pytest.raises(StateError, match="no snapshot with the serial 1"):
        backend.snapshot(1)
    with pytest.raises(StateError, match="The state is not locked"):
        backend.break_lock("aaaa1111")
    assert database.run("select nspname from pg_namespace where nspname = 'voicectl'") == []


def test_a_role_that_may_do_nothing_can_read_that_there_is_nothing(database: Database) -> None:
    assert database.open(database.role()).read() is None


def test_the_first_lock_creates_the_tables(database: Database) -> None:
    with database.open().lock(holder()):
        pass
    assert database.tables() == [("entries",), ("format",), ("snapshots",), ("states",)]


def test_a_write_without_a_lock_creates_the_tables_too(database: Database) -> None:
    database.open().append([b"a"], None, STAMP)
    database.open(name="other").write(b"{}", ANY_VERSION, STAMP)
    assert len(database.tables()) == 4


def test_eight_clients_create_the_tables_at_once(database: Database) -> None:
    start = threading.Barrier(8)

    def apply(number: int) -> None:
        backend = database.open(name=f"state{number}")
        start.wait()
        with backend.lock(holder()):
            backend.append([b"a"], None, STAMP)

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(apply, range(8)))
    assert database.run("select count(*) from voicectl.states where head = 1") == [(8,)]
    assert database.run("select version from voicectl.format") == [(1,)]


def test_a_role_that_may_not_create_them_is_told_the_statements_and_they_are_enough(database: Database) -> None:
    role = database.role()
    with pytest.raises(StateError) as caught, database.open(role).lock(holder()):
        pass
    assert f"has no tables of voicectl yet, and the role {role} may not create them" in caught.value.detail
    assert f'GRANT CREATE ON DATABASE "{database.name}" TO "{role}";' in caught.value.hint.ways[0].words
    database.run(*(each.replace("voicectl_plan", role) for each in statements_in(caught.value)))
    backend = database.open(role)
    with backend.lock(holder()):
        backend.write(b"{}", backend.append([b"a"], None, STAMP), STAMP)
    assert database.open(role).read() is not None


def test_the_right_to_create_in_the_database_is_enough_too(database: Database) -> None:
    role = database.role()
    database.run(f'grant create on database {database.name} to "{role}"')
    with database.open(role).lock(holder()):
        pass
    assert len(database.tables()) == 4


def test_a_schema_that_an_administrator_made_is_used(database: Database) -> None:
    role = database.role()
    database.run(f'create schema voicectl authorization "{role}"')
    with database.open(role).lock(holder()):
        pass
    assert len(database.tables()) == 4


def test_a_role_without_rights_is_told_the_grants_and_they_are_enough(database: Database) -> None:
    version = database.open().write(b"{}", None, STAMP)
    role = database.role()
    with pytest.raises(StateError) as caught, database.open(role).lock(holder()):
        pass
    assert f"the role {role} may not change the state" in caught.value.detail
    assert f'GRANT SELECT, INSERT, UPDATE ON voicectl.states TO "{role}";' in caught.value.detail
    database.run(*statements_in(caught.value))
    backend = database.open(role)
    with backend.lock(holder()):
        backend.write(b"{2}", backend.append([b"a"], version, STAMP), STAMP)
        assert backend.holder() is not None
    assert len(backend.history()) == 1
    with pytest.raises(StateError, match="not locked"):
        backend.break_lock("aaaa1111")


def test_a_role_that_may_not_read_is_told_the_grants_to_plan_and_they_are_enough(database: Database) -> None:
    version = database.open().write(b"{}", None, STAMP)
    role = database.role()
    with pytest.raises(StateError) as caught:
        database.open(role).read()
    assert "INSERT" not in caught.value.detail
    database.run(*statements_in(caught.value))
    planning = database.open(role)
    blob = planning.read()
    assert blob is not None and blob.version == version
    assert planning.holder() is None
    assert planning.snapshot(1) == b"{}"
    with pytest.raises(StateError, match="may not change the state"), planning.lock(holder()):
        pass
    with pytest.raises(StateError, match="may not change the state"):
        planning.append([b"a"], version, STAMP)
    with pytest.raises(StateError, match="may not change the state"):
        planning.write(b"{}", ANY_VERSION, STAMP)


def test_a_schema_without_tables_that_may_not_be_used_asks_for_the_tables(database: Database) -> None:
    database.run("create schema voicectl")
    with pytest.raises(StateError, match="CREATE TABLE"), database.open(database.role()).lock(holder()):
        pass


def test_a_newer_format_is_refused_by_every_use(database: Database) -> None:
    version = database.open().write(b"{}", None, STAMP)
    database.run("insert into voicectl.format values (2)")
    for use in (
        lambda: database.open().read(),
        lambda: database.open().append([b"a"], version, STAMP),
        lambda: database.open().lock(holder()).__enter__(),
        lambda: database.open().history(),
    ):
        with pytest.raises(StateTooNew, match="its tables have format 2; this voicectl knows up to 1"):
            use()


def test_an_empty_format_is_damage(database: Database) -> None:
    database.open().write(b"{}", None, STAMP)
    database.run("delete from voicectl.format")
    with pytest.raises(StateDamaged, match=r"voicectl\.format is empty"):
        database.open().read()


def test_tables_that_disappear_during_a_run_are_missed(database: Database) -> None:
    backend = database.open()
    version = backend.write(b"{}", None, STAMP)
    database.run("drop schema voicectl cascade")
    with pytest.raises(StateError, match="are gone"):
        backend.append([b"a"], version, STAMP)
    with pytest.raises(StateError, match="are gone"):
        backend.read()
