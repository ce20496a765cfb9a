"""A URL's query is secret, and a link with a new signature is the same link."""

from __future__ import annotations

import pytest

from reconciler.model.urls import compared, is_url, secrets_in, shown, without_secrets


def test_a_url_without_query_is_shown_as_it_is() -> None:
    assert shown("https://cdn.example.com/a.mp3") == "https://cdn.example.com/a.mp3"


def test_a_query_is_shown_as_a_digest() -> None:
    text = shown("https://cdn.example.com/a.mp3?token=s3cr3t#part")
    assert text.startswith("https://cdn.example.com/a.mp3?#sha256:")
    assert len(text.rpartition(":")[2]) == 8
    assert "s3cr3t" not in text


def test_credentials_and_fragments_are_not_shown() -> None:
    assert shown("https://me:s3cr3t@cdn.example.com/a.mp3#s3cr3t") == "https://***@cdn.example.com/a.mp3"


@pytest.mark.parametrize("url", ["https://[::1?token=s3cr3t", "http://a\u2100b/?token=s3cr3t"])
def test_what_only_begins_like_a_url_is_not_shown(url: str) -> None:
    assert shown(url) == "***"


@pytest.mark.parametrize(
    "signature",
    [
        "X-Amz-Signature=1&X-Amz-Date=2&X-Amz-Expires=3",
        "q-sign-algorithm=sha1&q-ak=1&q-signature=2",
        "OSSAccessKeyId=1&Expires=2&Signature=3",
        "sv=2024&se=1&sp=r&sig=2",
    ],
)
def test_a_renewed_signature_is_not_a_change(signature: str) -> None:
    renewed = signature.replace("1", "9").replace("2", "8")
    assert shown(f"https://h.example.com/a.mp3?{signature}") == shown(f"https://h.example.com/a.mp3?{renewed}")
    signed_only = shown(f"https://h.example.com/a.mp3?{signature}")
    assert compared(signed_only) == "https://h.example.com/a.mp3"


def test_another_parameter_is_a_change() -> None:
    assert shown("https://h.example.com/a?take=1&sig=x") != shown("https://h.example.com/a?take=2&sig=x")


def test_urls_are_found_in_any_json() -> None:
    kept = without_secrets({"a": ["https://h.example.com/?t=s3cr3t", 1, None], "b": "text?t=1"})
    assert kept["b"] == "text?t=1"
    assert kept["a"][1:] == [1, None]
    assert "s3cr3t" not in str(kept)


def test_a_url_begins_with_http_in_any_case() -> None:
    assert is_url("HTTPS://h.example.com")
    assert not is_url("ftp://h.example.com")
    assert not is_url(8)


@pytest.mark.parametrize(
    ("value", "secrets"),
    [
        ("https://cdn.example.com/a.mp3", []),
        ("https://cdn.example.com/a.mp3?X-Amz-Signature=feed&b=%20c;d=e", ["feed", "%20c", "e"]),
        ("https://cdn.example.com/a.mp3?bare", ["bare"]),
        ("https://cdn.example.com/a.mp3#access_token=feed", ["feed"]),
        ("https://user:p&w@cdn.example.com/a@b?c", ["p&w", "c"]),
        ("https://long-access-token:x@cdn.example.com", ["x", "long-access-token"]),
        ("https://token@cdn.example.com", ["token"]),
        ({"url": "https://h/?a=b", "text": ["see https://h/?c=d", 3, None]}, ["b", "d"]),
    ],
)
def test_what_is_secret_of_the_links_in_a_value(value: object, secrets: list[str]) -> None:
    assert list(secrets_in(value)) == secrets


def test_a_link_inside_a_text_is_shown_without_its_secrets() -> None:
    redacted = without_secrets("see https://u:p@h.example/a?sig=feed now")
    assert redacted.startswith("see https://***@h.example/a?#sha256:")
    assert redacted.endswith(" now")
