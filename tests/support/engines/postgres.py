"""PostgreSQL servers on loopback, and the site `postgres`. Skips where there is no PostgreSQL or no psycopg."""

from __future__ import annotations

import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import pytest

from reconciler.backends.postgres.backend import PostgresBackend, open_postgres

_BINARIES = sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)  # Debian
_NAMES = count(1)
TTL = 2.0  # seconds


def found(program: str) -> Path | None:
    """The path of a program of PostgreSQL; None if it is not installed."""
    on_path = shutil.which(program, path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    places = [folder / program for folder in _BINARIES] + ([Path(on_path)] if on_path else [])
    return next((place for place in places if place.exists()), None)


def unprivileged(*command: object) -> list[str]:
    """A command as another user if this is root, for whom servers do not run. It ends with the test's process."""
    words = list(map(str, command))
    if os.geteuid() != 0:
        return words
    user = pwd.getpwnam("nobody")
    ids = [f"--reuid={user.pw_uid}", f"--regid={user.pw_gid}", "--clear-groups", "--pdeathsig=TERM"]
    return ["setpriv", *ids, *words]


@contextmanager
def unprivileged_folder() -> Iterator[Path]:
    """A folder that `unprivileged` commands may write."""
    folder = Path(tempfile.mkdtemp(prefix="voicectl-"))
    try:
        if os.geteuid() == 0:
            user = pwd.getpwnam("nobody")
            os.chown(folder, user.pw_uid, user.pw_gid)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port: int = listening.getsockname()[1]
        return port


def wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + 60
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
        except OSError:
            assert process.poll() is None and time.monotonic() < deadline, log.read_text(errors="replace")
            time.sleep(0.05)
        else:
            return


@dataclass
class PostgresServer:
    """A server with the superuser `voicectl`, who needs no password, and the database `voicectl`."""

    folder: Path
    port: int
    settings: Sequence[str]
    process: subprocess.Popen[bytes] | None = None

    def url(self, *, user: str = "voicectl", database: str = "voicectl", port: int | None = None) -> str:
        return f"postgresql://{user}@127.0.0.1:{port or self.port}/{database}"

    def start(self) -> None:
        program = found("postgres")
        settings = [f"-c{each}" for each in (*self.settings, f"unix_socket_directories={self.folder}")]
        where = ["-D", self.folder / "data", "-p", self.port, "-c", "listen_addresses=127.0.0.1"]
        log = self.folder / "log"
        with log.open("ab") as writing:
            self.process = subprocess.Popen(
                unprivileged(program, *where, *settings), stdin=subprocess.DEVNULL, stdout=writing, stderr=writing
            )
        wait_for_port(self.port, self.process, log)

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """SIGINT ends it orderly; SIGQUIT is a crash, as `pg_ctl -m immediate` makes one."""
        if self.process is not None:
            self.process.send_signal(how)
            self.process.wait(60)
            self.process = None

    def crash(self) -> None:
        """Ends the server without a checkpoint, and starts it again, so that it recovers from its log."""
        self.stop(signal.SIGQUIT)
        self.start()

    def run(self, *statements: str, database: str = "voicectl") -> list[tuple[Any, ...]]:
        """Runs statements as the superuser; returns the rows of the last one."""
        import psycopg

        with psycopg.connect(self.url(database=database), autocommit=True) as connection:
            for statement in statements:
                cursor = connection.execute(statement.encode())
            return cursor.fetchall() if cursor.description else []

    def run_soon(self, statement: str, *, database: str = "voicectl") -> list[tuple[Any, ...]]:
        """Runs a statement, once the server that was just started answers."""
        import psycopg

        deadline = time.monotonic() + 60
        while True:
            try:
                return self.run(statement, database=database)
            except psycopg.OperationalError:
                assert time.monotonic() < deadline, "it does not answer"
                time.sleep(0.05)

    def fresh_database(self) -> str:
        """A new, empty database."""
        name = f"fresh{next(_NAMES)}"
        self.run(f"create database {name}")
        return name


@contextmanager
def running(*settings: str) -> Iterator[PostgresServer]:
    """A new server with these settings."""
    pytest.importorskip("psycopg", reason="needs psycopg: the extra [postgres]")
    initdb = found("initdb")
    if initdb is None or found("postgres") is None:
        pytest.skip("needs PostgreSQL: its programs initdb and postgres")
    with unprivileged_folder() as folder:
        made = unprivileged(initdb, "-D", folder / "data", "-U", "voicectl", "-A", "trust", "-E", "UTF8", "--no-sync")
        subprocess.run(made, check=True, stdout=subprocess.DEVNULL, cwd=folder, env=os.environ | {"LC_ALL": "C.UTF-8"})
        server = PostgresServer(folder, free_port(), settings)
        server.start()
        try:
            server.run_soon("create database voicectl", database="postgres")
            yield server
        finally:
            server.stop()


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[PostgresServer]:
    """One server for all tests. It does not sync, so it may not be crashed."""
    with running("fsync=off", "shared_buffers=32MB", "max_connections=60") as server:
        yield server


@pytest.fixture
def durable_postgres() -> Iterator[PostgresServer]:
    """A server for one test that crashes it."""
    with running("shared_buffers=32MB", "max_connections=40") as server:
        yield server


class PostgresSite:
    """A state of its own in the server's database."""

    ttl = TTL

    environ: Mapping[str, str] = {}

    def __init__(self, url: str) -> None:
        self.name = f"state-{os.getpid()}-{next(_NAMES)}"
        self.url = f"{url}?name={self.name}"
        self.settings = {"url": self.url}

    def open(self, *, keep: int = 3) -> PostgresBackend:
        return open_postgres(self.url, default_name="voices", ttl=self.ttl, keep=keep)


@pytest.fixture
def postgres_site(postgres_server: PostgresServer) -> PostgresSite:
    return PostgresSite(postgres_server.url())
