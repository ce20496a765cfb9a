"""The section `state:`, and which URLs it takes."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.model.state_settings import StateSettings, shown_url, url_fault

SECRET = "s3cr3t"


@pytest.mark.parametrize(
    "url",
    [
        "local",
        "s3://acme-states/voices/prod",
        "gs://acme/voices",
        "az://container/voices",
        "postgresql:",
        "postgresql:///voices?sslmode=verify-full",
        "postgres://ann@db.example.com:5432/voices?name=prod",
        "https://gitlab.example.com/api/v4/projects/7/terraform/state/voices",
        "http://127.0.0.1:8080/state/voices",
    ],
)
def test_the_places_of_a_state(url: str) -> None:
    assert url_fault(url) is None


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("ftp://host/x", "begins with one of"),
        ("voices.state.json", "begins with one of"),
        ("s3:", "needs a name after it"),
        (f"postgresql://ann:{SECRET}@db/voices", "PGPASSWORD"),
        (f"postgresql:///voices?password={SECRET}", "dsn_env"),
        (f"postgresql:///voices?sslpassword={SECRET}", "dsn_env"),
        (f"https://ann:{SECRET}@example.com/state", "TF_HTTP_PASSWORD"),
        ("https://ann@example.com/state", "TF_HTTP_USERNAME"),
        (f"s3://{SECRET}:{SECRET}@bucket/voices", "AWS_ACCESS_KEY_ID"),
        ("https://[::1/state", "not a valid URL"),
        (
            f"s3://bucket/voices?endpoint={SECRET}",
            "an endpoint is a key beside it: state: {url: s3://bucket/path, endp",
        ),
        (f"az://bucket/voices#{SECRET}", "nothing may follow ? or # in this URL"),
    ],
)
def test_what_can_not_be_a_place_is_said_without_its_text(url: str, why: str) -> None:
    fault = url_fault(url)
    assert fault is not None
    assert why in fault
    assert SECRET not in fault


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("s3://a/b", "s3://a/b/", True),
        ("s3://a/b", "S3://a/b", True),
        ("postgres:///db", "postgresql:///db", True),
        ("s3://a/b", "s3://a/B", False),
        ("https://a.example.com/b", "https://a.example.com/b/", False),  # the server decides
        ("https://a.example.com/b", "http://a.example.com/b", False),
        ("s3://a/b", "gs://a/b", False),
    ],
)
def test_two_spellings_of_a_place(one: str, other: str, same: bool) -> None:
    assert StateSettings(url=one).is_at(other) is same


def test_another_place_keeps_everything_but_the_endpoint() -> None:
    declared = StateSettings.model_validate(
        {
            "url": "s3://a/b",
            "endpoint": "https://minio.example.com",
            "lease": "30s",
            "history": 3,
            "encryption": {"passphrase_env": "VOICES_KEY"},
        }
    )
    other = declared.at("postgresql:///voices")
    assert (other.url, other.endpoint) == ("postgresql:///voices", None)
    assert (other.lease, other.history, other.encryption) == (30.0, 3, declared.encryption)


@pytest.mark.parametrize(
    "encryption",
    [{}, {"old": [{"passphrase_env": "A"}]}, {"passphrase_env": "A", "old": [{}]}, {"passphrase_env": "not a name"}],
)
def test_an_encryption_needs_a_key(encryption: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        StateSettings.model_validate({"encryption": encryption})


def test_each_source_of_a_key_is_a_key_of_its_own() -> None:
    settings = StateSettings.model_validate({"encryption": {"passphrase_env": "A", "command": ["kms", "decrypt"]}})
    assert settings.encryption is not None
    assert [key.sources for key in settings.encryption.each()] == [["passphrase_env"], ["command"]]


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("https://states.example.com/voices?token=abc", "https://states.example.com/voices"),
        ("postgresql:///voices?name=prod", "postgresql:///voices?name=prod"),
        ("s3://acme/voices", "s3://acme/voices"),
        ("local", "local"),
    ],
)
def test_the_query_of_an_http_address_is_neither_stored_nor_printed(url: str, shown: str) -> None:
    assert shown_url(url) == shown
