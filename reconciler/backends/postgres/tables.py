"""The tables and the roles: creates the tables at the first apply, and tells an administrator what a role lacks."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reconciler.backends.postgres import statements
from reconciler.backends.postgres.connection import Connection
from reconciler.backends.postgres.failures import NoTables, NotAllowed
from reconciler.backends.postgres.settling import Settling
from reconciler.backends.postgres.statements import FormatRow, RoleRow
from reconciler.errors import StateDamaged, StateError, StateRightsMissing, StateTooNew

_SCHEMA = "CREATE SCHEMA IF NOT EXISTS voicectl;"

# `lines`: entries, one a line. `data`: a snapshot, compressed with zlib, so PostgreSQL need not try to.
# `lock_id` is what a user types, `lock_nonce` tells two holders apart who have the same.
_TABLES = """\
CREATE TABLE IF NOT EXISTS voicectl.states (
  name text PRIMARY KEY, lineage text, serial bigint, head bigint NOT NULL DEFAULT 0, nonce text NOT NULL DEFAULT '',
  folded bigint NOT NULL DEFAULT 0, changed_at timestamptz, fence bigint NOT NULL DEFAULT 0, lock_id text,
  lock_nonce text NOT NULL DEFAULT '', lock_info text, heartbeat_at timestamptz, expires_at timestamptz,
  CHECK (folded <= head), CHECK ((lock_id IS NULL) = (expires_at IS NULL)));
CREATE TABLE IF NOT EXISTS voicectl.entries (
  name text, seq bigint, fence bigint NOT NULL, nonce text NOT NULL, lines bytea NOT NULL,
  at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (name, seq));
CREATE TABLE IF NOT EXISTS voicectl.snapshots (
  name text, head bigint, serial bigint NOT NULL, lineage text NOT NULL, nonce text NOT NULL, data bytea NOT NULL,
  written_at timestamptz NOT NULL DEFAULT clock_timestamp(), PRIMARY KEY (name, head));
ALTER TABLE voicectl.snapshots ALTER COLUMN data SET STORAGE EXTERNAL;
CREATE TABLE IF NOT EXISTS voicectl.format (version bigint PRIMARY KEY);
INSERT INTO voicectl.format VALUES (1) ON CONFLICT DO NOTHING;"""

_PLANNER = "voicectl_plan"  # a name for the example


def quoted(name: str) -> str:
    """A name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def grants_to_apply(role: str) -> str:
    """The statements that let a role apply, plan, and repair the state."""
    return (
        f"GRANT USAGE ON SCHEMA voicectl TO {quoted(role)};\n"
        f"GRANT SELECT ON voicectl.format TO {quoted(role)};\n"
        f"GRANT SELECT, INSERT, UPDATE ON voicectl.states TO {quoted(role)};\n"
        f"GRANT SELECT, INSERT, DELETE ON voicectl.entries, voicectl.snapshots TO {quoted(role)};"
    )


def grants_to_plan(role: str) -> str:
    """The statements that let a role plan, and read all that voicectl keeps."""
    tables = "voicectl.format, voicectl.states, voicectl.entries, voicectl.snapshots"
    return f"GRANT USAGE ON SCHEMA voicectl TO {quoted(role)};\nGRANT SELECT ON {tables} TO {quoted(role)};"


class Tables:
    """The tables of one database, as far as the connection's role may use them."""

    def __init__(self, connection: Connection, settling: Settling, where: str) -> None:
        self._connection = connection
        self._settling = settling
        self._where = where
        self._checked = False

    def exist(self) -> bool:
        """Whether there are tables. Raises StateTooNew if a later voicectl made them."""
        if not self._checked:
            try:
                found = self._settling.asked(self._formats, "could not be read")
            except NoTables:
                return False
            self._check(found[0].version)
            self._checked = True
        return True

    def ensure(self) -> None:
        """Creates the tables where they are missing. Raises StateError if the role may not."""
        if not self.exist():
            try:
                self._settling.settled(self._create, self._created, "has no tables yet, and they could not be created")
            except NotAllowed:
                raise self._lacks_tables(self._asked_role()) from None
            self._checked = True

    @contextmanager
    def explained(self, *, writes: bool) -> Iterator[None]:
        """Says which privileges are missing, where a statement of the block needs them."""
        try:
            yield
        except NotAllowed:
            raise self._lacks_grants(writes=writes) from None
        except NoTables:
            raise StateError(
                f"{self._where}: the tables of voicectl are gone.",
                "If the database was restored from a backup, restore the schema voicectl too.",
            ) from None

    def _formats(self) -> list[FormatRow]:
        return self._connection.rows(statements.FORMAT_OF_TABLES, {}, FormatRow)

    def _check(self, version: int | None) -> None:
        if version is None:
            raise StateDamaged(
                f"{self._where}: the table voicectl.format is empty.", "Restore the schema voicectl from a backup."
            )
        if version > statements.FORMAT:
            raise StateTooNew(
                f"{self._where}: its tables have format {version}; this voicectl knows up to {statements.FORMAT}.",
                "Use the voicectl that made them, or a later one: pip install --upgrade voicectl",
            )

    def _create(self) -> bool:
        schema = "" if self._role().schema else _SCHEMA  # the right to create one is needed even if it exists
        self._connection.run(f"{schema}\n{_TABLES}")
        return True

    def _created(self) -> bool | None:
        return self._role().tables or None

    def _role(self) -> RoleRow:
        return self._connection.rows(statements.ROLE, {}, RoleRow)[0]

    def _asked_role(self) -> RoleRow:
        return self._settling.asked(self._role, "could not be read")

    def _lacks_tables(self, role: RoleRow) -> StateError:
        return StateRightsMissing(
            f"{self._where} has no tables of voicectl yet, and the role {role.role} may not create them. "
            f"An administrator of the database {role.database} can:\n{_SCHEMA}\n{_TABLES}\n"
            f"{grants_to_apply(role.role)}\n-- and for a role that only plans, here {_PLANNER}:\n"
            f"{grants_to_plan(_PLANNER)}",
            f"Or let the role create them: GRANT CREATE ON DATABASE {quoted(role.database)} TO {quoted(role.role)};",
        )

    def _lacks_grants(self, *, writes: bool) -> StateError:
        role = self._asked_role()
        if not role.tables:
            return self._lacks_tables(role)
        grants = grants_to_apply(role.role) if writes else grants_to_plan(role.role)
        what = "change the state" if writes else "read the state"
        return StateRightsMissing(
            f"{self._where}: the role {role.role} may not {what}. An administrator of the database "
            f"{role.database} can allow it:\n{grants}",
            "Or use a role that may: PGUSER, or the user in the connection string.",
        )
