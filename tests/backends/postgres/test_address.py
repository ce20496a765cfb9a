"""URLs and connection strings of states in PostgreSQL. Nothing connects."""

from __future__ import annotations

import sys

import pytest

from reconciler.backends.postgres.address import Address, parse
from reconciler.errors import StateError

pytest.importorskip("psycopg", reason="needs psycopg: the extra [postgres]")


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PGHOST", "PGHOSTADDR", "PGPORT", "PGDATABASE", "PGUSER", "PGSSLMODE", "PGSSLROOTCERT", "PGSERVICE"):
        monkeypatch.delenv(name, raising=False)


def parsed(url: str, *, dsn: str | None = None) -> Address:
    return parse(url, default_name="voices.yaml", dsn=dsn)


def refused(url: str, *, dsn: str | None = None) -> str:
    with pytest.raises(StateError) as caught:
        parsed(url, dsn=dsn)
    assert caught.value.summary == "The address of the state can't be used"
    return caught.value.detail + " | " + " ".join(way.words for way in caught.value.hint.ways)


@pytest.mark.parametrize(
    ("url", "where"),
    [
        ("postgresql:///db?sslmode=verify-full", "postgresql:///db?name=voices-yaml"),
        (
            "postgresql://ann@db.example.com:5432/db?name=prod&sslmode=verify-full",
            "postgresql://db.example.com:5432/db?name=prod",
        ),
        ("postgres://localhost/db?name=team/prod", "postgresql://localhost:5432/db?name=team/prod"),
        ("postgres://localhost/db?name=team%2Fprod", "postgresql://localhost:5432/db?name=team/prod"),
        ("postgresql://[::1]:6000/db", "postgresql://[::1]:6000/db?name=voices-yaml"),
        ("postgresql://%2Frun%2Fpostgresql/db", "postgresql:///db?name=voices-yaml"),
        ("postgresql://127.0.0.1:1,localhost:2/db", "postgresql://127.0.0.1:1,localhost:2/db?name=voices-yaml"),
        ("postgresql://127.0.0.1,localhost:2/db", "postgresql://127.0.0.1,localhost:2/db?name=voices-yaml"),
        ("postgresql:?name=x&dbname=db", "postgresql:///db?name=x"),
    ],
)
def test_the_place_is_shown_without_the_user_and_the_options(url: str, where: str) -> None:
    assert parsed(url).where == where


def test_the_name_is_not_given_to_libpq() -> None:
    parameters = parsed("postgresql://ann@localhost/db?name=prod&application_name=ci&insecure=yes").parameters
    assert {"name", "insecure"} & parameters.keys() == set()
    assert (parameters["user"], parameters["host"], parameters["application_name"]) == ("ann", "localhost", "ci")


def test_libpq_is_told_to_notice_a_dead_connection_unless_the_url_says_otherwise() -> None:
    assert parsed("postgresql:///db").parameters["connect_timeout"] == "5"
    assert parsed("postgresql:///db").parameters["tcp_user_timeout"] == "15000"
    assert parsed("postgresql:///db?connect_timeout=20").parameters["connect_timeout"] == "20"


@pytest.mark.parametrize("name", ["a b", "", "x" * 201, "a;b", "é", "a.b"])
def test_a_name_of_other_characters_is_refused(name: str) -> None:
    assert "The state's name may have up to 200" in refused(f"postgresql:///db?name={name}")


def test_the_default_name_loses_its_other_characters() -> None:
    assert parse("postgresql:///db", default_name="mes voix.yaml").name == "mes-voix-yaml"
    assert parse("postgresql:///db", default_name="").name == "voicectl"


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cr3t@localhost/db",
        "postgresql:///db?password=s3cr3t",
        "postgresql:///db?sslpassword=s3cr3t",
    ],
)
def test_a_password_in_the_url_is_refused(url: str) -> None:
    said = refused(url)
    assert "The URL holds a secret" in said
    assert "PGPASSFILE" in said
    assert "s3cr3t" not in said


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://ann:s3cr3t@localhost/db?color=red",
        "postgresql://ann:s3cr3t@localhost/db?sslmode",
        "postgresql://[::1/db?application_name=s3cr3t",
    ],
)
def test_an_error_of_libpq_is_not_repeated(url: str) -> None:
    assert "s3cr3t" not in refused(url)


@pytest.mark.parametrize(
    ("url", "meant"),
    [
        ("postgresql:///db?sslmod=require", "sslmode"),
        ("postgresql:///db?nam=prod", "name"),
        ("postgresql:///db?name=prod&insecur=yes", "insecure"),
        ("postgresql:///db?connect_timout=3", "connect_timeout"),
    ],
)
def test_a_misspelt_parameter_gets_its_suggestion(url: str, meant: str) -> None:
    assert f"a parameter that libpq does not know. Did you mean `{meant}`?" in refused(url)


def test_a_misspelt_mode_gets_its_suggestion(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "`sslmode` has an unknown value. Did you mean `require`?" in refused("postgresql:///db?sslmode=requir")
    assert "`sslmode` has an unknown value. | Write one of disable, allow, prefer, " in refused(
        "postgresql:///db?sslmode=s3cr3t"
    )
    monkeypatch.setenv("PGSSLMODE", "verify_full")
    assert "Did you mean `verify-full`?" in refused("postgresql:///db")


@pytest.mark.parametrize("url", ["mysql://localhost/db", "", "db.example.com"])
def test_another_scheme_is_refused(url: str) -> None:
    assert "begins with postgresql://" in refused(url)


def test_a_name_given_twice_is_refused() -> None:
    assert "holds `name` twice" in refused("postgresql:///db?name=a&name=b")


def test_without_psycopg_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "psycopg", None)
    with pytest.raises(StateError, match=r"needs the extra \[postgres\]") as caught:
        parsed("postgresql:///db")
    assert "pip install 'voicectl[postgres]'" in caught.value.hint.ways[0].words


# -- the connection string of the environment --------------------------------------------------------------------------


def test_a_connection_string_may_hold_a_password() -> None:
    address = parsed("postgresql:?name=prod", dsn="host=localhost dbname=db user=ann password=s3cr3t")
    assert address.parameters["password"] == "s3cr3t"
    assert address.where == "postgresql://localhost:5432/db?name=prod"
    assert address.name == "prod"


def test_a_connection_string_may_be_a_url() -> None:
    address = parsed("postgresql:", dsn="postgresql://ann:s3cr3t@localhost:5432/db")
    assert address.where == "postgresql://localhost:5432/db?name=voices-yaml"


def test_the_url_and_the_connection_string_may_not_differ() -> None:
    assert "differ in `host`" in refused("postgresql://localhost/db", dsn="host=db.example.com password=s3cr3t")
    assert parsed("postgresql://localhost/db", dsn="host=localhost").where.startswith("postgresql://localhost:5432/db")


def test_a_damaged_connection_string_is_not_shown() -> None:
    assert "s3cr3t" not in refused("postgresql:", dsn="password=s3cr3t color=red")


# -- TLS ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("mode", ["allow", "prefer", "require", "verify-ca"])
def test_less_than_verify_full_to_another_host_is_warned_of(mode: str) -> None:
    (note,) = parsed(f"postgresql://db.example.com/db?sslmode={mode}").notes
    assert f"db.example.com does not verify the server's name (sslmode={mode})" in note


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://db.example.com/db?sslmode=verify-full",
        "postgresql://db.example.com/db?sslrootcert=system",
        "postgresql:///db",
        "postgresql://localhost/db?sslmode=disable",
        "postgresql://127.0.0.1/db",
        "postgresql://[::1]/db",
        "postgresql:///db?host=/run/postgresql",
    ],
)
def test_a_verified_or_local_server_is_not_warned_of(url: str) -> None:
    assert parsed(url).notes == ()


def test_a_warning_comes_without_any_mode_too() -> None:
    assert "sslmode=prefer" in parsed("postgresql://localhost,10.0.0.7/db").notes[0]
    assert "10.0.0.7 does not" in parsed("postgresql:///db?hostaddr=10.0.0.7&host=localhost").notes[0]
    assert "the service's host" in parsed("postgresql:///db?service=prod").notes[0]


def test_no_encryption_to_another_host_must_be_said_twice() -> None:
    assert "would not be encrypted" in refused("postgresql://db.example.com/db?sslmode=disable")
    (note,) = parsed("postgresql://db.example.com/db?sslmode=disable&insecure=yes").notes
    assert "is not encrypted" in note
    assert "can only be `yes`" in refused("postgresql://db.example.com/db?sslmode=disable&insecure=1")


def test_the_environment_of_libpq_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PGHOST", "db.example.com")
    monkeypatch.setenv("PGDATABASE", "voices")
    assert "db.example.com" in parsed("postgresql:").notes[0]
    assert parsed("postgresql:").where.startswith("postgresql://db.example.com:5432/voices?")
    monkeypatch.setenv("PGSSLMODE", "verify-full")
    assert parsed("postgresql:").notes == ()
    monkeypatch.setenv("PGSSLMODE", "disable")
    assert "would not be encrypted" in refused("postgresql:")
