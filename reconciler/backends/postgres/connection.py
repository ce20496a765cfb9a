"""One connection that opens itself again. It sends each statement once: who calls decides whether to ask again.

Nothing here depends on the session: no prepared statements, no SET, no temporary tables, no locks of the session. So
the next statement may go to another server process, as it does through a pool in transaction mode.
"""

from __future__ import annotations

import os
import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, TypeVar

from reconciler.backends.postgres import failures

if TYPE_CHECKING:
    import psycopg

Row = TypeVar("Row")
Values = Mapping[str, str | int | float | bytes | None]
_LIMIT = 30.0  # seconds that a statement may take, and the time to send its values
_SLOWEST = 50_000  # bytes a second that a network carries at least


class Connection:
    """A connection with these parameters of libpq. Any thread may use it; one statement runs at a time.

    Its methods raise `failures.Unanswered` where it is not known whether the statement took effect, `NoTables`,
    `NotAllowed`, and StateErrors.
    """

    def __init__(self, parameters: Mapping[str, str], where: str, *, limit: float = _LIMIT) -> None:
        self.established = False  # whether the server was ever reached
        self._parameters = parameters
        self._where = where
        self._limit = limit
        self._one_statement = threading.Lock()
        self._open: psycopg.Connection | None = None

    def rows(self, statement: str, values: Values, shape: type[Row]) -> list[Row]:
        """Runs one statement, and returns its rows as values of this class, by their columns' names."""
        from psycopg.rows import class_row

        with (
            self._in_use(sum(len(each) for each in values.values() if isinstance(each, bytes))) as connection,
            # binary, so that a snapshot is not sent as hexadecimal digits
            connection.cursor(binary=True, row_factory=class_row(shape)) as cursor,
        ):
            cursor.execute(statement.encode(), values)
            return cursor.fetchall()

    def run(self, script: str) -> None:
        """Runs statements without rows, all or none of them."""
        with self._in_use() as connection:
            connection.execute(script.encode())

    def close(self) -> None:
        """Closes the connection; the next statement opens a new one."""
        with self._one_statement:
            self._drop()

    def __del__(self) -> None:
        self._drop()

    @contextmanager
    def _in_use(self, size: int = 0) -> Iterator[psycopg.Connection]:
        """The open connection, for a statement with values of so many bytes."""
        with self._one_statement:
            import psycopg

            connection = self._open = self._open or self._connect()
            try:
                with _limited(connection.fileno(), self._limit + size / _SLOWEST):
                    yield connection
            except psycopg.Error as error:
                if not isinstance(error, psycopg.ProgrammingError):
                    self._drop()
                raise failures.of_statement(error, self._where) from None
            except BaseException:  # a signal in the middle of a statement
                self._drop()
                raise

    def _connect(self) -> psycopg.Connection:
        import psycopg
        from psycopg.conninfo import make_conninfo

        try:
            # Without prepared statements: a pool in transaction mode has no place for them.
            connection = psycopg.connect(make_conninfo("", **self._parameters), autocommit=True, prepare_threshold=None)
        except psycopg.Error as error:
            raise failures.of_connecting(error, self._where) from None
        self.established = True
        return connection

    def _drop(self) -> None:
        open_one, self._open = self._open, None
        if open_one is not None:
            with suppress(Exception):
                open_one.close()


@contextmanager
def _limited(connected: int, seconds: float) -> Iterator[None]:
    """Ends the connection of this file descriptor if the block takes longer: then its statement fails.

    The timer has a descriptor of its own, because psycopg's may be closed, and its number used again, meanwhile.
    """
    with socket.socket(fileno=os.dup(connected)) as same:
        timer = threading.Timer(seconds, _hang_up, (same,))
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()


def _hang_up(connected: socket.socket) -> None:
    with suppress(OSError):
        connected.shutdown(socket.SHUT_RDWR)
