"""The proxy for an endpoint, by table. `test_sockets` tests connections through it."""

from __future__ import annotations

import pytest

from reconciler.errors import UsageError
from reconciler.providers.http.proxies import proxy_for

PROXY = "http://proxy.example.com:3128"


def found(endpoint: str, **proxies: str) -> str | None:
    proxy = proxy_for(endpoint, proxies)
    return None if proxy is None else str(proxy.url)


@pytest.mark.parametrize("proxies", [{"https": PROXY}, {"all": PROXY}, {"https": "proxy.example.com:3128"}])
def test_a_proxy_for_this_scheme_or_for_all_is_taken(proxies: dict[str, str]) -> None:
    assert found("https://api-singapore.klingai.com", **proxies) == PROXY


@pytest.mark.parametrize("proxies", [{}, {"http": PROXY}, {"https": ""}, {"no": "*"}])
def test_without_a_proxy_in_the_environment_none_is_used(proxies: dict[str, str]) -> None:
    assert found("https://api-singapore.klingai.com", **proxies) is None


@pytest.mark.parametrize(
    ("endpoint", "exceptions"),
    [
        ("https://api.klingai.com", "*"),
        ("https://api.klingai.com", "localhost, *"),
        ("https://api.klingai.com", "api.klingai.com"),
        ("https://api.klingai.com", "API.KlingAI.com"),
        ("https://api.klingai.com", "klingai.com"),
        ("https://api.klingai.com", ".klingai.com"),
        ("https://api.klingai.com", "*.klingai.com"),
        ("https://api.klingai.com", "api.klingai.com:443"),
        ("https://api.klingai.com:8443/v1", "api.klingai.com:8443"),
        ("http://127.0.0.1:8080", "127.0.0.1"),
        ("http://127.0.0.1:8080", "127.0.0.1:8080"),
        ("http://10.1.2.3", "10.0.0.0/8"),
        ("http://[::1]:8080", "::1"),
        ("http://[::1]:8080", "[::1]"),
        ("http://[::1]:8080", "[::1]:8080"),
        ("http://[fd00::1]", "fd00::/8"),
        ("https://api.klingai.com", "a:b:c,,  ,[,klingai.com"),
    ],
)
def test_no_proxy_spares_what_it_names(endpoint: str, exceptions: str) -> None:
    assert found(endpoint, all=PROXY, no=exceptions) is None


@pytest.mark.parametrize(
    ("endpoint", "exceptions"),
    [
        ("https://api.klingai.com", ""),
        ("https://api.klingai.com", "ai.com"),
        ("https://api.klingai.com", "api.klingai.com.example.com"),
        ("https://api.klingai.com", "api.klingai.com:8443"),
        ("http://127.0.0.1", "7.0.0.1"),
        ("http://127.0.0.1", "10.0.0.0/8,[::1],fd00::/8"),
        ("http://[::1]", "127.0.0.1"),
    ],
)
def test_no_proxy_spares_nothing_else(endpoint: str, exceptions: str) -> None:
    assert found(endpoint, all=PROXY, no=exceptions) == PROXY


@pytest.mark.parametrize("url", ["ftp://user:secret@x", "http://user:secret@x:port", "http://"])
def test_what_is_not_a_proxy_is_refused_without_its_password(url: str) -> None:
    with pytest.raises(UsageError) as caught:
        found("https://api.klingai.com", all=url)
    assert "secret" not in f"{caught.value} {caught.value.hint} {caught.value.__cause__!r}"
