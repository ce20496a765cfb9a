"""What a user is told if no connection opens, by real servers. No message holds a secret, or a text of the server."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.backends.postgres import failures
from reconciler.backends.postgres.backend import open_postgres
from reconciler.errors import StateError
from tests.support.engines.postgres import PostgresServer, free_port, running

psycopg = pytest.importorskip("psycopg", reason="needs psycopg: the extra [postgres]")


@pytest.fixture(scope="module")
def guarded(postgres_server: PostgresServer) -> PostgresServer:
    """The user `locked_in` needs a password, `locked_out` is refused."""
    rules = postgres_server.folder / "data/pg_hba.conf"
    first = "host all locked_in 127.0.0.1/32 scram-sha-256\nhost all locked_out 127.0.0.1/32 reject\n"
    rules.write_text(first + rules.read_text())
    postgres_server.run(
        "create role locked_in login password 'r1ght'", "create role locked_out login", "select pg_reload_conf()"
    )
    return postgres_server


def said(dsn: str) -> str:
    """The whole error of a read."""
    with pytest.raises(StateError) as caught:
        open_postgres("postgresql:?name=prod", default_name="", dsn=dsn).read()
    assert caught.value.__cause__ is None
    assert caught.value.hint
    return f"{caught.value.detail} {caught.value.hint.ways[0].words}"


def test_a_wrong_password_is_not_shown(guarded: PostgresServer) -> None:
    words = said(f"host=127.0.0.1 port={guarded.port} dbname=voicectl user=locked_in password=wr0ng")
    assert words == (
        f"postgresql://127.0.0.1:{guarded.port}/voicectl?name=prod can't be opened: the server refused the user's name "
        "or password. Check PGUSER, PGPASSWORD."
    )


def test_the_right_password_opens(guarded: PostgresServer) -> None:
    dsn = f"host=127.0.0.1 port={guarded.port} dbname=voicectl user=locked_in password=r1ght"
    assert open_postgres("postgresql:?name=never", default_name="", dsn=f"{dsn} dbname=postgres").read() is None


@pytest.mark.parametrize(
    ("dsn", "words"),
    [
        ("dbname=voicectl user=locked_in", "the server wants a password. Set PGPASSWORD, or PGPASSFILE"),
        ("dbname=voicectl user=locked_out", "the server rejects this user from this machine"),
        ("dbname=voicectl user=nobody_knows", "the server does not know the user"),
        ("dbname=nothing user=voicectl", "the server has no database of this name. Create it (createdb)"),
        ("dbname=voicectl user=voicectl sslmode=require", "the server has no TLS"),
    ],
)
def test_a_refused_connection_says_what_to_change(guarded: PostgresServer, dsn: str, words: str) -> None:
    assert words in said(f"host=127.0.0.1 port={guarded.port} {dsn}")


def test_a_host_that_is_not_known_is_named_by_its_place_only() -> None:
    words = said("host=no-such-host.invalid dbname=db password=s3cr3t sslmode=verify-full")
    assert "the host's name can't be resolved" in words
    assert "s3cr3t" not in words


def test_a_port_without_a_server_is_said() -> None:
    assert "could not be read: the connection was refused." in said(f"host=127.0.0.1 port={free_port()} dbname=db")


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def tls_server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[PostgresServer, Path]]:
    """A server with a certificate for 127.0.0.1, which signs itself."""
    openssl = shutil.which("openssl")
    if openssl is None:
        pytest.skip("needs openssl")
    folder = tmp_path_factory.mktemp("tls")
    made = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=db", "-keyout", folder / "key"]
    names = ["-out", folder / "certificate", "-addext", "subjectAltName=IP:127.0.0.1"]
    subprocess.run([openssl, *map(str, made + names)], check=True, capture_output=True)
    with running("fsync=off", "max_connections=10") as server:
        for name in ("key", "certificate"):
            shutil.copy(folder / name, server.folder / name)
            owner = (server.folder / "data").stat()
            shutil.chown(server.folder / name, owner.st_uid, owner.st_gid)
            (server.folder / name).chmod(0o600)
        files = f"ssl_cert_file = '{server.folder}/certificate'\nssl_key_file = '{server.folder}/key'\nssl = on\n"
        with (server.folder / "data/postgresql.conf").open("a") as settings:
            settings.write(files)
        server.run("select pg_reload_conf()")
        yield server, folder / "certificate"


def test_a_verified_server_opens(tls_server: tuple[PostgresServer, Path]) -> None:
    server, certificate = tls_server
    url = f"{server.url()}?sslmode=verify-full&sslrootcert={certificate}"
    assert open_postgres(url, default_name="prod").read() is None


def test_a_certificate_of_nobody_known_is_refused(tls_server: tuple[PostgresServer, Path]) -> None:
    server, _ = tls_server
    words = said(f"host=127.0.0.1 port={server.port} user=voicectl dbname=voicectl sslrootcert=system")
    assert "the server's certificate is not signed by a known authority" in words


def test_a_certificate_for_another_host_is_refused(tls_server: tuple[PostgresServer, Path]) -> None:
    server, certificate = tls_server
    where = f"host=localhost hostaddr=127.0.0.1 port={server.port} user=voicectl dbname=voicectl"
    assert "certificate is for another host" in said(f"{where} sslmode=verify-full sslrootcert={certificate}")


def test_a_missing_root_certificate_is_said(tls_server: tuple[PostgresServer, Path], tmp_path: Path) -> None:
    server, _ = tls_server
    where = f"host=127.0.0.1 port={server.port} user=voicectl dbname=voicectl"
    assert "there is no file of root certificates" in said(f"{where} sslmode=verify-full sslrootcert={tmp_path}/none")


# -- statements --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ("42P01", failures.NoTables),
        ("3F000", failures.NoTables),
        ("42501", failures.NotAllowed),
        ("40001", failures.Unanswered),
        ("57P01", failures.Unanswered),
        ("25006", failures.Unanswered),
        ("53100", failures.Unanswered),
        ("08P01", failures.Unanswered),
        ("42703", StateError),
        ("22003", StateError),
    ],
)
def test_an_error_is_told_by_its_code_alone(state: str, kind: type[Exception]) -> None:
    error = psycopg.errors.lookup(state)("s3cr3t")
    made = failures.of_statement(error, "postgresql:///db")
    assert type(made) is kind
    assert "s3cr3t" not in str(made)


def test_an_error_without_a_code_is_a_lost_connection() -> None:
    assert isinstance(failures.of_statement(psycopg.OperationalError("s3cr3t"), ""), failures.Unanswered)
