"""From a URL, an endpoint and the environment to a store: what is refused, and what goes over the wire."""

from __future__ import annotations

import json
from collections.abc import Mapping

import pytest

from reconciler.backends.object_storage import address
from reconciler.backends.object_storage.address import open_object_storage
from reconciler.backends.object_storage.backend import ObjectStorageBackend
from reconciler.errors import UsageError, VoicectlError
from reconciler.protocols.backend import Blob, Stamp
from tests.support.engines.fake_store import COS, GOOGLE, OSS, FakeStore, fake_store
from tests.support.engines.object_storage import KEYS
from tests.support.lock_holders import elsewhere

AT = Stamp("abcdef12", 1)
SECRET = "hunter2"


def config(url: str, endpoint: str | None = None, environ: Mapping[str, str] = KEYS) -> dict[str, object]:
    return dict(address.access(url, endpoint=endpoint, environ=environ).store.config)  # type: ignore[union-attr]  # these have one


@pytest.mark.parametrize(
    ("url", "bucket", "prefix"),
    [
        ("s3://bkt", "bkt", ""),
        ("s3://bkt/", "bkt", ""),
        ("s3://bkt/voices", "bkt", "voices"),
        ("gs://my.bucket_1/team/voices/", "my.bucket_1", "team/voices"),
        ("az://container/a/b/c", "container", "a/b/c"),
    ],
)
def test_urls(url: str, bucket: str, prefix: str) -> None:
    parsed = address._parsed(url)
    assert (parsed.bucket, parsed.prefix, parsed.url) == (bucket, prefix, url.rstrip("/"))


@pytest.mark.parametrize(
    "url",
    [
        "https://bkt/voices",
        "bkt/voices",
        "s3://",
        "s3:///voices",
        "s3://Bkt/voices",
        "s3://bkt:9000/voices",
        f"s3://key:{SECRET}@bkt/voices",
        f"s3://bkt/voices?secret={SECRET}",
        f"s3://bkt/voices#{SECRET}",
        "s3://bkt/a//b",
        "s3://bkt/../b",
        "s3://bkt/a b",
        "s3://bkt/ä",
        "s3://[bkt/a",
    ],
)
def test_urls_that_are_refused(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        open_object_storage(url, endpoint=None, environ=KEYS)
    assert SECRET not in f"{caught.value} {caught.value.hint}"
    assert caught.value.hint


@pytest.mark.parametrize(
    "endpoint",
    [
        "http://minio.example.com:9000",
        "ftp://minio.example.com",
        "minio.example.com",
        f"https://key:{SECRET}@minio.example.com",
        f"https://minio.example.com/?secret={SECRET}",
        "https://minio.example.com:99999",
    ],
)
def test_endpoints_that_are_refused(endpoint: str) -> None:
    for environ, given in ((KEYS, endpoint), (KEYS | {"AWS_ENDPOINT_URL": endpoint}, None)):
        with pytest.raises(UsageError) as caught:
            open_object_storage("s3://bkt/voices", endpoint=given, environ=environ)
        assert SECRET not in f"{caught.value} {caught.value.hint}"


@pytest.mark.parametrize("endpoint", ["http://127.0.0.1:9000", "http://localhost:9000", "http://[::1]:9000"])
def test_plain_http_is_for_this_machine(endpoint: str) -> None:
    assert config("s3://bkt/voices", endpoint)["endpoint"] == endpoint


def test_plain_http_can_be_allowed() -> None:
    allowing = KEYS | {"AWS_ALLOW_HTTP": "true"}
    assert config("s3://bkt/v", "http://minio.lan:9000", allowing)["endpoint"] == "http://minio.lan:9000"


def test_the_manifest_s_endpoint_goes_before_the_environment_s() -> None:
    environ = KEYS | {"AWS_ENDPOINT_URL": "https://two.example.com", "AWS_ENDPOINT_URL_S3": "https://one.example.com"}
    assert config("s3://bkt/v", None, environ)["endpoint"] == "https://one.example.com"
    assert config("s3://bkt/v", "https://three.example.com", environ)["endpoint"] == "https://three.example.com"


@pytest.mark.parametrize(
    ("endpoint", "environ", "region", "virtual", "base"),
    [
        (None, KEYS | {"AWS_REGION": "eu-west-1"}, "eu-west-1", True, None),
        (None, {"AWS_DEFAULT_REGION": "eu-west-2"}, "eu-west-2", True, None),
        (None, {}, "us-east-1", True, None),
        ("https://x.r2.cloudflarestorage.com", {}, "auto", False, "https://x.r2.cloudflarestorage.com"),
        ("https://minio.example.com/", {}, "us-east-1", False, "https://minio.example.com"),
        (
            "https://cos.ap-guangzhou.myqcloud.com",
            {},
            "ap-guangzhou",
            True,
            "https://bkt.cos.ap-guangzhou.myqcloud.com",
        ),
        (
            "https://bkt.cos.ap-guangzhou.myqcloud.com",
            {},
            "ap-guangzhou",
            True,
            "https://bkt.cos.ap-guangzhou.myqcloud.com",
        ),
        (
            "https://oss-cn-hangzhou.aliyuncs.com",
            {},
            "oss-cn-hangzhou",
            True,
            "https://bkt.oss-cn-hangzhou.aliyuncs.com",
        ),
        ("https://s3.eu-west-1.amazonaws.com", {}, "us-east-1", True, "https://bkt.s3.eu-west-1.amazonaws.com"),
    ],
)
def test_what_each_store_needs(
    endpoint: str | None, environ: dict[str, str], region: str, virtual: bool, base: str | None
) -> None:
    made = config("s3://bkt/voices", endpoint, {**{k: v for k, v in KEYS.items() if k != "AWS_REGION"}, **environ})
    assert (made["region"], made["virtual_hosted_style_request"]) == (region, str(virtual).lower())
    assert made.get("endpoint") == base


def test_a_bucket_with_dots_is_no_host_name_at_aws() -> None:
    assert config("s3://my.bucket/voices")["virtual_hosted_style_request"] == "false"


def test_the_library_s_retries_are_off() -> None:
    for url, environ in [("s3://bkt/v", KEYS), ("az://bkt/v", {"AZURE_STORAGE_ACCOUNT_NAME": "a"})]:
        store = address.access(url, endpoint=None, environ=environ).store
        assert store.retry_config["max_retries"] == 0  # type: ignore[union-attr, index]  # these have one


def test_a_variable_of_the_process_changes_nothing_that_was_given(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"):
        monkeypatch.setenv(name, "https://elsewhere.example.com")
    monkeypatch.setenv("AWS_SKIP_SIGNATURE", "true")
    monkeypatch.setenv("AWS_VIRTUAL_HOSTED_STYLE_REQUEST", "true")
    with fake_store() as store:
        backend = open_object_storage("s3://bkt/voices", endpoint=store.url, environ=KEYS)
        backend.write(b"{}", None, AT)
        assert store.requests[0].headers["authorization"].startswith("AWS4-HMAC-SHA256")


def test_where_shows_the_url() -> None:
    assert open_object_storage("s3://bkt/voices/", endpoint=None, environ=KEYS).where == "s3://bkt/voices"


@pytest.mark.parametrize(
    ("header", "endpoint"),
    [
        (COS, "http://cos.ap-guangzhou.myqcloud.com"),
        (OSS, "http://oss-cn-hangzhou.aliyuncs.com"),
    ],
)
def test_cos_and_oss_create_with_a_signed_header_of_their_own(
    monkeypatch: pytest.MonkeyPatch, header: str, endpoint: str
) -> None:
    with fake_store(header, virtual_hosts=True) as store:
        monkeypatch.setenv("HTTP_PROXY", store.url)
        monkeypatch.setenv("http_proxy", store.url)
        environ = KEYS | {"AWS_ALLOW_HTTP": "true"}
        backend = open_object_storage("s3://bkt-1250000000/voices", endpoint=endpoint, environ=environ)
        with backend.lock(elsewhere()):
            version = backend.append([b"a"], backend.write(b"{}", None, AT), Stamp("abcdef12", 2))
            assert backend.read() == Blob(b"{}", version, (b"a",))
            with pytest.raises(VoicectlError):
                open_object_storage("s3://bkt-1250000000/voices", endpoint=endpoint, environ=environ).append(
                    [b"b"], None, AT
                )
    puts = [each for each in store.requests if each.method == "PUT" and "/entries/" in each.target]
    assert len(puts) == 2
    for each in puts:
        assert each.target.startswith(endpoint.replace("http://", "http://bkt-1250000000."))
        assert each.headers[header] == "true"
        assert header in each.headers["authorization"]
        assert "if-none-match" not in each.headers
    renewals = [each for each in store.requests if each.method == "PUT" and "/lock/" in each.target]
    assert [header in each.headers for each in renewals] == [True, False]  # created, then released


def test_google_s_store_creates_with_generation_0() -> None:
    with fake_store(GOOGLE) as store:
        backend = google(store)
        with backend.lock(elsewhere()):
            version = backend.append([b"a"], backend.write(b"{}", None, AT), Stamp("abcdef12", 2))
        assert google(store).read() == Blob(b"{}", version, (b"a",))
        entries = [each for each in store.requests if each.method == "PUT" and "/entries/" in each.key]
        assert [each.headers[GOOGLE] for each in entries] == ["0", "0"]


def google(store: FakeStore) -> ObjectStorageBackend:
    key = {
        "gcs_base_url": store.url,
        "disable_oauth": True,
        "client_email": "",
        "private_key": "",
        "private_key_id": "",
    }
    environ = {"GOOGLE_SERVICE_ACCOUNT_KEY": json.dumps(key)}
    return open_object_storage("gs://bkt/voices", endpoint=store.url, environ=environ)
