"""pgbouncer in transaction mode in front of the PostgreSQL of the tests, and the site `pgbouncer`."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator

import pytest

from tests.support.engines.postgres import (
    PostgresServer,
    PostgresSite,
    found,
    free_port,
    unprivileged,
    unprivileged_folder,
    wait_for_port,
)

_SETTINGS = """\
[databases]
* = host=127.0.0.1 port={server} user=voicectl

[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 3
max_client_conn = 100
"""


@pytest.fixture(scope="session")
def pgbouncer_port(postgres_server: PostgresServer) -> Iterator[int]:
    """The port of a pool with three connections to the server."""
    program = found("pgbouncer")
    if program is None:
        pytest.skip("needs pgbouncer")
    with unprivileged_folder() as folder:
        port = free_port()
        settings = folder / "pgbouncer.ini"
        settings.write_text(_SETTINGS.format(server=postgres_server.port, port=port))
        log = folder / "log"
        with log.open("wb") as writing:
            process = subprocess.Popen(unprivileged(program, settings), stdout=writing, stderr=writing)
        try:
            wait_for_port(port, process, log)
            yield port
        finally:
            process.terminate()
            process.wait(30)


@pytest.fixture
def pgbouncer_site(postgres_server: PostgresServer, pgbouncer_port: int) -> PostgresSite:
    return PostgresSite(postgres_server.url(port=pgbouncer_port))
