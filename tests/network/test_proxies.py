"""HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY: calls take the proxy of the environment; keys go nowhere else."""

from __future__ import annotations

import shutil
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.network.place import KEY, NetworkHarness
from tests.support.forward_proxy import ForwardProxy
from tests.support.hostile_wire import HostileWire
from tests.support.kling_service import KlingService

PASSWORD = "passw0rd-0f-the-proxy"
QUICK = {"connect": "1s", "read": "0.5s", "operation": "0.4s"}  # enough for one attempt


@pytest.fixture
def proxy() -> Iterator[ForwardProxy]:
    with ForwardProxy() as proxy:
        yield proxy


def behind(harness: NetworkHarness, **env: str) -> NetworkHarness:
    """The harness with these proxy variables, and without its own NO_PROXY."""
    del harness.cli.env["NO_PROXY"]
    harness.cli.env.update(env)
    harness.declare("narrator")
    return harness


@pytest.mark.parametrize("name", ["HTTP_PROXY", "all_proxy"])
def test_calls_go_through_the_proxy(harness: NetworkHarness, proxy: ForwardProxy, wire: HostileWire, name: str) -> None:
    behind(harness, **{name: proxy.url}).apply(code=0)
    assert harness.bought == ["narrator"]
    assert [request.operation for request in proxy.seen] == [request.operation for request in wire.seen]
    assert all(request.target.startswith(f"{wire.url}/v1/general/") for request in proxy.seen)


def test_a_proxy_without_a_scheme_is_an_http_proxy(harness: NetworkHarness, proxy: ForwardProxy) -> None:
    behind(harness, HTTP_PROXY=proxy.host).apply(code=0)
    assert proxy.seen


def test_only_the_proxy_gets_its_password(harness: NetworkHarness, proxy: ForwardProxy, wire: HostileWire) -> None:
    behind(harness, HTTP_PROXY=f"http://user:{PASSWORD}@{proxy.host}").apply(code=0)
    assert all(request.headers["proxy-authorization"].startswith("Basic ") for request in proxy.seen)
    assert not [request for request in wire.seen if "proxy-authorization" in request.headers]


@pytest.mark.parametrize(
    "exceptions",
    [
        "127.0.0.1",
        "*",
        "localhost, 127.0.0.1",
        "127.0.0.0/8",
        "[::1],fd00::/8,::1/128,127.0.0.1",  # httpx itself cannot parse these forms
        ".example.com,a:b:c,127.0.0.1",
    ],
)
def test_no_proxy_spares_the_proxy(harness: NetworkHarness, proxy: ForwardProxy, exceptions: str) -> None:
    behind(harness, HTTP_PROXY=proxy.url, NO_PROXY=exceptions).run("plan", code=0)
    assert proxy.seen == []


@pytest.mark.parametrize("exceptions", ["", "example.com", "[::1],fd00::/8", "7.0.0.1", "127.0.0.1:1", "10.0.0.0/8"])
def test_no_proxy_of_others_spares_nothing(harness: NetworkHarness, proxy: ForwardProxy, exceptions: str) -> None:
    behind(harness, HTTP_PROXY=proxy.url, NO_PROXY=exceptions).run("plan", code=0)
    assert [request.operation for request in proxy.seen] == ["list"]


def test_no_proxy_may_name_the_port(harness: NetworkHarness, proxy: ForwardProxy, wire: HostileWire) -> None:
    behind(harness, HTTP_PROXY=proxy.url, NO_PROXY=wire.host).run("plan", code=0)
    assert proxy.seen == []


def test_the_proxy_of_https_is_not_used_for_http(harness: NetworkHarness, proxy: ForwardProxy) -> None:
    behind(harness, HTTPS_PROXY=proxy.url).run("plan", code=0)
    assert proxy.seen == []


# -- proxies that fail -------------------------------------------------------------------------------------------------


def dead_address() -> str:
    """A host and port where nothing listens."""
    with socket.create_server(("127.0.0.1", 0)) as once:
        return f"127.0.0.1:{once.getsockname()[1]}"


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_dead_proxy_sends_nothing_and_is_named(harness: NetworkHarness, wire: HostileWire, scheme: str) -> None:
    proxy = dead_address()
    harness.timeouts, harness.endpoint = QUICK, wire.url.replace("http", scheme)
    ran = behind(harness, ALL_PROXY=f"http://user:{PASSWORD}@{proxy}").apply(code=1)
    message = f"no connection to {wire.host} through the proxy {proxy}: connection refused; nothing was sent"
    assert f"GET /v1/general/custom-voices: {message}" in ran.err
    assert "See HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY in the environment." in ran.err
    assert PASSWORD not in ran.err + ran.out
    assert wire.seen == []


def test_a_proxy_that_dies_after_the_plan_buys_nothing(
    harness: NetworkHarness, proxy: ForwardProxy, wire: HostileWire
) -> None:
    proxy.ends_after = 1
    ran = behind(harness, HTTP_PROXY=proxy.url).apply(code=1)
    assert f"through the proxy {proxy.host}: connection refused; nothing was sent" in ran.out
    assert harness.bought == []
    assert harness.cli.state["records"] == {}


def test_a_proxy_that_refuses_a_tunnel_sends_nothing(
    harness: NetworkHarness, proxy: ForwardProxy, wire: HostileWire
) -> None:
    proxy.refuses = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    harness.timeouts, harness.endpoint = QUICK, wire.url.replace("http", "https")
    ran = behind(harness, ALL_PROXY=proxy.url).apply(code=1)
    message = f"through the proxy {proxy.host}: it answered 407 Proxy Authentication Required; nothing was sent"
    assert message in ran.err
    assert wire.seen == []


def test_a_proxy_that_never_answers_a_tunnel_sends_nothing(
    harness: NetworkHarness, proxy: ForwardProxy, wire: HostileWire
) -> None:
    proxy.stalls = True
    harness.endpoint = wire.url.replace("http", "https")
    harness.timeouts = {"connect": "1s", "read": "0.3s", "operation": "0.5s"}
    ran = behind(harness, HTTPS_PROXY=proxy.url).apply(code=1)
    message = f"through the proxy {proxy.host}, which gave no answer within 0.3 s (timeouts.read); nothing was sent"
    assert message in ran.err
    assert {request.method for request in proxy.seen} == {"CONNECT"}
    assert not [request for request in proxy.seen if "authorization" in request.headers]


def test_a_proxy_that_wants_a_password_for_a_plain_call_stops_the_run(
    harness: NetworkHarness, proxy: ForwardProxy
) -> None:
    proxy.refuses = b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n"
    ran = behind(harness, HTTP_PROXY=proxy.url).apply(code=1)
    assert "HTTP 407, and not a reply of Kling's: nothing; the call was not executed" in ran.err
    assert "A proxy in between may have answered." in ran.err
    assert len(proxy.seen) == 1


@pytest.mark.parametrize(
    ("proxy", "words"),
    [
        (f"socks5://user:{PASSWORD}@127.0.0.1:1", "The environment names a SOCKS proxy"),
        (
            f"ftp://user:{PASSWORD}@127.0.0.1:1",
            "The environment names a proxy, but its value is not the URL of a proxy.",
        ),
        (
            f"http://user:{PASSWORD}@127.0.0.1:port",
            "The environment names a proxy, but its value is not the URL of a proxy.",
        ),
        ("http://", "The proxy that the environment names has no host."),
    ],
)
def test_a_proxy_that_can_t_be_used_is_reported_before_any_call(
    harness: NetworkHarness, wire: HostileWire, proxy: str, words: str
) -> None:
    ran = behind(harness, ALL_PROXY=proxy).run("plan", code=1)
    assert words in ran.err
    assert "ALL_PROXY" in ran.err
    assert PASSWORD not in ran.err
    assert wire.seen == []


# -- tunnels -----------------------------------------------------------------------------------------------------------


@pytest.mark.skipif(shutil.which("openssl") is None, reason="the openssl command makes the certificate")
def test_through_a_tunnel_nothing_readable_passes(tmp_path: Path, kling: KlingService, proxy: ForwardProxy) -> None:
    made = ["-keyout", "key.pem", "-out", "cert.pem", "-subj", "/CN=test", "-addext", "subjectAltName=IP:127.0.0.1"]
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", *made]
    subprocess.run(command, cwd=tmp_path, check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(tmp_path / "cert.pem", tmp_path / "key.pem")
    with HostileWire(kling.url, tls=context) as wire:
        env = {"HTTPS_PROXY": proxy.url, "NO_PROXY": "", "SSL_CERT_FILE": str(tmp_path / "cert.pem")}
        harness = NetworkHarness(tmp_path, kling, wire.url, env=env)
        harness.declare("narrator")
        harness.apply(code=0)
        assert harness.bought == ["narrator"]
        assert {(request.method, request.target) for request in proxy.seen} == {("CONNECT", wire.host)}
        assert not [request for request in proxy.seen if "authorization" in request.headers]
        assert KEY.encode() not in proxy.carried
        assert len(proxy.carried) > 1000
