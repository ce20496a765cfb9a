"""What refusals say, against real engines; and that nothing secret is in any message."""

from __future__ import annotations

import traceback
from collections.abc import Callable

import pytest

from reconciler.backends.object_storage import requests
from reconciler.backends.object_storage.faults import Fault, Place, fault, refusal
from reconciler.errors import StateError
from reconciler.protocols.backend import Stamp
from tests.support.engines.azurite import ENVIRON
from tests.support.engines.fake_store import FakeStore, fake_store
from tests.support.engines.object_storage import KEYS, ObjectStorageSite

PLACE = Place("s3://bkt/voices", "bkt", "store.example.com", "AWS_ACCESS_KEY_ID")
SECRET = "s3cr3t-that-nobody-may-see"


@pytest.fixture(autouse=True)
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(requests, "_FIRST_WAIT", 0.01)
    monkeypatch.setattr(requests, "_LONGEST_WAIT", 0.02)


def said(work: Callable[[], object]) -> str:
    with pytest.raises(StateError) as caught:
        work()
    return f"{caught.value.detail} {caught.value.hint}"


@pytest.mark.parametrize(
    ("environ", "expected"),
    [
        (KEYS | {"AWS_ACCESS_KEY_ID": "unknown"}, "the credentials are wrong or have run out"),
        (KEYS | {"AWS_SECRET_ACCESS_KEY": "wrong"}, "the credentials are wrong or have run out"),
    ],
)
def test_wrong_keys_at_seaweedfs(seaweedfs: str, environ: dict[str, str], expected: str) -> None:
    backend = ObjectStorageSite(seaweedfs, environ=environ).open()
    words = said(backend.read)
    assert expected in words
    assert "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY" in words


def test_a_wrong_key_at_azurite(azurite: str) -> None:
    site = ObjectStorageSite(azurite, scheme="az", environ=ENVIRON | {"AZURE_STORAGE_ACCOUNT_KEY": "d3Jvbmc="})
    assert "the credentials are wrong or have run out" in said(site.open().read)


def test_a_missing_bucket(moto: str) -> None:
    site = ObjectStorageSite(moto)
    site.url = "s3://no-such-bucket/voices"
    expected = "s3://no-such-bucket/voices: there is no bucket or container no-such-bucket at 127.0.0.1"
    assert expected in said(site.open().read)
    assert expected in said(lambda: site.requests().get("entries/1"))
    assert expected in said(lambda: site.requests().create("entries/1", b"x"))


def test_a_missing_container(azurite: str) -> None:
    site = ObjectStorageSite(azurite, scheme="az", environ=ENVIRON)
    site.url = "az://no-such-container/voices"
    assert "there is no bucket or container no-such-container" in said(site.open().read)


def test_a_store_that_does_not_listen() -> None:
    with fake_store() as store:
        url = store.url
    assert "could not be read: no connection to the store at 127.0.0.1 could be opened" in said(
        ObjectStorageSite(url).open().read
    )


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        ("status code: 403 Forbidden: <Code>AccessDenied</Code>", Fault.DENIED),
        ("status code: 403 Forbidden: <Code>RequestTimeTooSkewed</Code>", Fault.SKEW),
        ("status code: 400 Bad Request: <Code>ExpiredToken</Code>", Fault.BAD_KEYS),
        ("status code: 401 Unauthorized", Fault.BAD_KEYS),
        ("status code: 404 Not Found: <Code>NoSuchBucket</Code>", Fault.NO_BUCKET),
        ("status code: 404 Not Found: <Code>NoSuchKey</Code>", Fault.MISSING),
        ("status code: 301 Moved Permanently", Fault.REDIRECT),
        ("status code: 409 Conflict", Fault.EXISTS),
        ("status code: 412 Precondition Failed", Fault.EXISTS),
        ("status code: 429 Too Many Requests", Fault.UNCLEAR),
        ("status code: 500 Internal Server Error", Fault.UNCLEAR),
        ("status code: 501 Not Implemented", Fault.UNSUPPORTED),
        ("Error performing PUT http://169.254.169.254/latest/api/token", Fault.NO_KEYS),
        ("HttpError { kind: Connect }", Fault.UNREACHED),
        ("HttpError { kind: Timeout }", Fault.UNCLEAR),
    ],
)
def test_the_kind_of_an_error(text: str, kind: Fault) -> None:
    assert fault(OSError(text)) is kind


@pytest.mark.parametrize("kind", Fault)
def test_every_refusal_names_the_place_and_what_to_do(kind: Fault) -> None:
    error = refusal(kind, "Put", PLACE)
    assert error.detail.startswith("s3://bkt/voices")
    assert error.detail.endswith(".")
    assert error.hint


@pytest.mark.parametrize("status", [200, 400, 401, 403, 404, 409, 412, 429, 500, 501])
def test_no_message_holds_what_the_server_sent_or_a_secret(monkeypatch: pytest.MonkeyPatch, status: int) -> None:
    with fake_store() as store:
        monkeypatch.setattr(store, "answer", lambda request, body: (status, f"<Code>{SECRET}</Code>".encode(), {}))
        site = ObjectStorageSite(store.url, environ=KEYS | {"AWS_SECRET_ACCESS_KEY": SECRET})
        for work in (site.open().read, lambda: site.requests().get("x"), lambda: site.requests().create("x", b"y")):
            try:
                work()
            except Exception as error:
                shown = "".join(traceback.format_exception(error)) + repr(error)
                assert SECRET not in shown
                assert "Authorization" not in shown
                assert "Signature" not in shown


def test_no_object_holds_a_secret(store: FakeStore, site: ObjectStorageSite) -> None:
    site.open().write(b"{}", None, Stamp("abcdef12", 1))
    assert all(b"testtest" not in content for content, _ in store.objects.values())
