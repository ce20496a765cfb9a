"""From a URL, the manifest's endpoint and the environment to a store of obstore. The only place that knows the clouds.

    s3://bucket/prefix    S3, and what speaks its protocol: R2, MinIO, Ceph, Tencent COS, Alibaba OSS
    gs://bucket/prefix    Google Cloud Storage
    az://container/prefix Azure Blob Storage

obstore also reads the environment of the process by itself; what is set here is given to it, so it goes first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from ipaddress import ip_address
from typing import TYPE_CHECKING
from urllib.parse import SplitResult, urlsplit

from reconciler.backends.object_storage import credentials
from reconciler.backends.object_storage.backend import ObjectStorageBackend
from reconciler.backends.object_storage.faults import Place
from reconciler.backends.object_storage.requests import Access
from reconciler.errors import EndpointInvalid, StateError, UsageError
from reconciler.protocols.backend import KEPT, LEASE
from reconciler.values import value

if TYPE_CHECKING:
    from obstore.store import AzureConfig, ClientConfig, GCSConfig, RetryConfig, S3Config

_CONNECT, _REQUEST = "5s", "10s"
_SLOW_REQUEST = "60s"  # for a state of some megabytes on a slow line
_SEGMENT = re.compile(r"[A-Za-z0-9._=+@~-]+")
_BUCKET = re.compile(r"[a-z0-9][a-z0-9._-]{1,221}[a-z0-9]")  # Google's limit with dots; the others have 63
_FORBID_OVERWRITE = {"myqcloud.com": "x-cos-forbid-overwrite", "aliyuncs.com": "x-oss-forbid-overwrite"}
_REGIONS = (
    re.compile(r"cos\.([a-z0-9-]+)\.myqcloud\.com$"),
    re.compile(r"(oss-[a-z0-9-]+?)(?:-internal)?\.aliyuncs\.com$"),
)


@value
class _Address:
    """A URL in its parts. `prefix` is empty, or has no slash at its ends."""

    scheme: str
    bucket: str
    prefix: str
    url: str


@value
class _Endpoint:
    """A base URL in its parts: `https://host:port/path`."""

    url: str
    host: str
    plain: bool  # http


def open_object_storage(
    url: str, *, endpoint: str | None, environ: Mapping[str, str], ttl: float = LEASE, keep: int = KEPT
) -> ObjectStorageBackend:
    """The backend at a URL. Raises UsageError for a wrong URL or endpoint, StateError without credentials,
    ModuleNotFoundError without obstore.
    """
    return ObjectStorageBackend(access(url, endpoint=endpoint, environ=environ), ttl=ttl, keep=keep)


def access(url: str, *, endpoint: str | None, environ: Mapping[str, str]) -> Access:
    """The store at a URL. Makes no request."""
    address = _parsed(url)
    from obstore.exceptions import BaseError

    opened = {"s3": _s3, "gs": _gcs}.get(address.scheme, _azure)
    try:
        return opened(address, endpoint, environ)
    except BaseError:  # its words hold what it read
        raise StateError(
            f"{address.url}: the credentials or the settings of the store in the environment can't be used.",
            "Check the variables of the store, and the files that they name, such as GOOGLE_APPLICATION_CREDENTIALS.",
        ) from None


def _s3(address: _Address, given: str | None, environ: Mapping[str, str]) -> Access:
    from obstore.store import S3Store

    named = given or _set(environ, "AWS_ENDPOINT_URL_S3") or _set(environ, "AWS_ENDPOINT_URL")
    endpoint = _endpoint(named, environ, "AWS_ALLOW_HTTP") if named else None
    host = endpoint.host if endpoint else ""
    place = Place(address.url, address.bucket, host, "AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY")
    header = next((header for domain, header in _FORBID_OVERWRITE.items() if _within(host, domain)), None)
    virtual = (not host or _within(host, "amazonaws.com") or header is not None) and "." not in address.bucket
    config: S3Config = {
        "region": _region(host, environ),
        "virtual_hosted_style_request": virtual,
        "disable_bulk_delete": True,  # OSS, and some small servers, don't know it
        "conditional_put": "etag",
        "skip_signature": False,
    }
    if endpoint:
        base = _with_bucket(endpoint.url, address.bucket) if virtual else endpoint.url
        config |= {"endpoint": base, "aws_endpoint_url_s3": base}
    config |= credentials.s3_config(environ, place)
    provider = credentials.s3_provider(environ, place)
    plain = endpoint is not None and endpoint.plain

    def store(timeout: str, headers: dict[str, str] | None = None) -> S3Store:
        options = _client(timeout, plain=plain)
        if headers:
            options["default_headers"] = headers
        return S3Store(
            address.bucket,
            prefix=address.prefix or None,
            config=config,
            client_options=options,
            retry_config=_retries(),
            credential_provider=provider,
        )

    quick, slow = store(_REQUEST), store(_SLOW_REQUEST)
    if header is None:
        return Access(quick, quick, slow, slow, "create", place)
    # These stores don't know If-None-Match. obstore signs this header with each request of the second pair of stores.
    forbids = {header: "true"}
    creating, slow_creating = store(_REQUEST, forbids), store(_SLOW_REQUEST, forbids)
    return Access(quick, creating, slow, slow_creating, "overwrite", place, lists_late=True)


def _gcs(address: _Address, given: str | None, environ: Mapping[str, str]) -> Access:
    from obstore.store import GCSStore

    endpoint = _endpoint(given, environ, "") if given else None
    place = Place(address.url, address.bucket, endpoint.host if endpoint else "", "GOOGLE_APPLICATION_CREDENTIALS")
    config: GCSConfig = {}
    if endpoint:
        config |= {"base_url": endpoint.url}
    config |= credentials.gcs_config(environ)
    plain = endpoint is not None and endpoint.plain
    provider = credentials.gcs_provider(environ, place)

    def store(timeout: str) -> GCSStore:
        return GCSStore(
            address.bucket,
            prefix=address.prefix or None,
            config=config,
            client_options=_client(timeout, plain=plain),
            retry_config=_retries(),
            credential_provider=provider,
        )

    quick, slow = store(_REQUEST), store(_SLOW_REQUEST)
    return Access(quick, quick, slow, slow, "create", place)


def _azure(address: _Address, given: str | None, environ: Mapping[str, str]) -> Access:
    from obstore.store import AzureStore

    endpoint = _endpoint(given, environ, "AZURE_ALLOW_HTTP") if given else None
    place = Place(
        address.url,
        address.bucket,
        endpoint.host if endpoint else "",
        "AZURE_STORAGE_ACCOUNT_NAME, and AZURE_STORAGE_ACCOUNT_KEY or another credential of Azure",
    )
    config: AzureConfig = credentials.azure_config(environ, place)
    if endpoint:
        config |= {"endpoint": endpoint.url}
    plain = endpoint is not None and endpoint.plain

    def store(timeout: str) -> AzureStore:
        return AzureStore(
            address.bucket,
            prefix=address.prefix or None,
            config=config,
            client_options=_client(timeout, plain=plain),
            retry_config=_retries(),
        )

    quick, slow = store(_REQUEST), store(_SLOW_REQUEST)
    return Access(quick, quick, slow, slow, "create", place)


def _client(timeout: str, *, plain: bool) -> ClientConfig:
    return {"timeout": timeout, "connect_timeout": _CONNECT, "allow_http": plain}


def _retries() -> RetryConfig:
    """None: a retry of the library would report its own success as a conflict. `requests` retries."""
    return {"max_retries": 0, "retry_timeout": timedelta(seconds=10)}


def _parsed(url: str) -> _Address:
    parts = _split(url, UsageError)
    if parts.scheme not in ("s3", "gs", "az"):
        raise UsageError(
            "The URL of the state begins with an unknown scheme.",
            "Use s3://BUCKET/PREFIX, gs://BUCKET/PREFIX or az://CONTAINER/PREFIX.",
        )
    if _BUCKET.fullmatch(parts.netloc) is None:
        raise UsageError(
            "The URL of the state names no valid bucket.", f"Write {parts.scheme}://BUCKET/PREFIX, in lower case."
        )
    prefix = parts.path.strip("/")
    segments = prefix.split("/") if prefix else []
    if any(_SEGMENT.fullmatch(each) is None or each in (".", "..") for each in segments):
        raise UsageError(
            f"The prefix in the URL of the state holds a character that is not allowed: {prefix!r}.",
            "Use letters, digits and . _ = + @ ~ - between single slashes.",
        )
    return _Address(parts.scheme, parts.netloc, prefix, f"{parts.scheme}://{parts.netloc}{'/' * bool(prefix)}{prefix}")


def _endpoint(text: str, environ: Mapping[str, str], allowing: str) -> _Endpoint:
    """The endpoint. Raises UsageError; plain http is for this machine, or where a variable allows it."""
    parts = _split(text, EndpointInvalid)
    host = parts.hostname or ""
    if parts.scheme not in ("http", "https") or not host:
        raise EndpointInvalid(
            "The endpoint of the state is not a base URL.", "Write https://HOST, or https://HOST:PORT."
        )
    plain = parts.scheme == "http"
    allowed = bool(allowing) and environ.get(allowing, "").strip().lower() in ("true", "1")
    if plain and not _is_loopback(host) and not allowed:
        raise UsageError(
            f"The endpoint of the state at {host} is plain http, so others on the network could read the state.",
            f"Use https{f', or set {allowing}=true if that network is yours alone' if allowing else ''}.",
        )
    return _Endpoint(text.rstrip("/"), host, plain)


def _split(text: str, error: type[UsageError]) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        port = parts.port
    except ValueError:
        raise error("The URL of the state, or its endpoint, is not a URL.", "Correct it in the manifest.") from None
    if "@" in parts.netloc or parts.query or parts.fragment or port == 0:
        raise error(
            "The URL of the state, or its endpoint, holds a user, a password, or a part after ? or #.",
            "Write only the address; the credentials belong into the environment.",
        )
    return parts


def _region(host: str, environ: Mapping[str, str]) -> str:
    named = _set(environ, "AWS_REGION") or _set(environ, "AWS_DEFAULT_REGION")
    if named:
        return named
    if _within(host, "r2.cloudflarestorage.com"):
        return "auto"
    return next((found[1] for each in _REGIONS if (found := each.search(host))), "us-east-1")


def _with_bucket(endpoint: str, bucket: str) -> str:
    """The endpoint of a bucket: `https://bucket.host`."""
    scheme, _, rest = endpoint.partition("://")
    return endpoint if rest.startswith(f"{bucket}.") else f"{scheme}://{bucket}.{rest}"


def _within(host: str, domain: str) -> bool:
    return host == domain or host.endswith(f".{domain}")


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost" or host.endswith(".localhost")


def _set(environ: Mapping[str, str], name: str) -> str:
    return environ.get(name, "").strip()
