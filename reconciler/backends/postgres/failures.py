"""From psycopg's errors to ours. Their texts may hold a password, a query or the server's address, so none is shown.

What libpq says when it can't connect has no code, only a text; it is searched for known English sentences.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.errors import StateError

if TYPE_CHECKING:
    import psycopg


class Unanswered(Exception):
    """No clear answer: a change may have been made, or not. `reason` is for the user, and starts in the middle."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class NoTables(Exception):
    """The database has no tables of voicectl."""


class NotAllowed(Exception):
    """The role lacks a privilege."""


_NO_TABLES = frozenset({"42P01", "3F000"})
_NOT_ALLOWED = "42501"
_UNANSWERED = {  # SQLSTATE, or its first two characters -> the reason
    "25006": "the server accepts reads only, as a standby does (several hosts: target_session_attrs=read-write)",
    "53100": "the server's disk is full",
    "53300": "the server has too many connections",
    "57014": "the server stopped the statement, because of a time limit or an administrator",
    "08": "the connection was lost",
    "23": "another run made the same change",
    "25": "the server refused the transaction",
    "40": "other transactions were in the way",
    "42P06": "another run creates the tables",
    "42P07": "another run creates the tables",
    "42710": "another run creates the tables",
    "53": "the server is out of resources",
    "55": "the server is busy with something that excludes this",
    "57": "the server is shutting down or starting",
    "58": "the server has an error of its disk",
    "XX": "the server has an internal error",
}

_FINAL = {  # a text of a failed connection that another attempt would get too -> what to say, and what to do
    "password authentication failed": ("the server refused the user's name or password", "Check PGUSER, PGPASSWORD."),
    "no password supplied": ("the server wants a password", "Set PGPASSWORD, or PGPASSFILE for a password file."),
    "no pg_hba.conf entry": (
        "the server accepts no connection of this user from this machine",
        "Check its pg_hba.conf.",
    ),
    "pg_hba.conf rejects": ("the server rejects this user from this machine", "Check its pg_hba.conf."),
    "role ": ("the server does not know the user", "Check the user in the URL, or PGUSER."),
    "database ": ("the server has no database of this name", "Create it (createdb), or correct the URL."),
    "certificate verify failed": (
        "the server's certificate is not signed by a known authority",
        "Set sslrootcert=system, or to the file of your own certificate authority.",
    ),
    "does not match host name": ("the server's certificate is for another host", "Check the host in the URL."),
    "root certificate file": (
        "there is no file of root certificates to check the server with",
        "Set sslrootcert=system, or to the file of your own certificate authority.",
    ),
    "does not support SSL": ("the server has no TLS", "Turn TLS on there."),
}
_WORTH_A_RETRY = {  # the same, for what may pass
    "starting up": "the server is starting",
    "shutting down": "the server is shutting down",
    "recovery mode": "the server is starting again after a crash",
    "too many": "the server has too many connections",
    "timeout expired": "the server did not answer in time",
    "Connection refused": "the connection was refused",
    "resolve host": "the host's name can't be resolved",
    "translate host name": "the host's name can't be resolved",
    "session is read-only": "no host accepts writes",
    "session is not read-only": "no host is of the wanted kind",
}


def of_statement(error: psycopg.Error, where: str) -> Exception:
    """The error to raise for a failed statement."""
    state = error.sqlstate
    if state is None:
        return Unanswered("the connection was lost")
    if state in _NO_TABLES:
        return NoTables()
    if state == _NOT_ALLOWED:
        return NotAllowed()
    reason = _UNANSWERED.get(state) or _UNANSWERED.get(state[:2])
    if reason is not None:
        return Unanswered(reason)
    return StateError(
        f"{where}: the server refused a statement (SQLSTATE {state}).",
        "If its tables were changed by hand or by another program, undo that.",
    )


def of_connecting(error: psycopg.Error, where: str) -> Exception:
    """The error to raise where no connection could be opened."""
    text = str(error)
    for pattern, reason in _WORTH_A_RETRY.items():
        if pattern in text:
            return Unanswered(reason)
    for pattern, (what, advice) in _FINAL.items():
        if pattern in text and (not pattern.endswith(" ") or "does not exist" in text):
            return StateError(f"{where} can't be opened: {what}.", advice)
    return Unanswered("the connection could not be opened")
