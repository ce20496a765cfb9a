"""The monitoring port on real sockets: it answers, refuses, and no client can hold it up."""

from __future__ import annotations

import http.client
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from threading import Event

import pytest

from reconciler.errors import UsageError
from reconciler.watch.monitor_http import Answer, Request, plain
from reconciler.watch.monitor_server import MOST_CLIENTS, MonitorServer, open_port

LARGE = b"x" * 3_000_000  # more than the buffers of both sockets


def broken(request: Request) -> Answer:
    raise ZeroDivisionError(request.path)


PAGES: dict[str, Callable[[Request], Answer]] = {
    "/healthz": lambda _: plain(200, "ok"),
    "/large": lambda _: Answer(200, LARGE),
    "/broken": broken,
}


@pytest.fixture
def server() -> Iterator[MonitorServer]:
    served = MonitorServer(open_port("127.0.0.1:0"), PAGES)
    served.start()
    try:
        yield served
    finally:
        served.close()


def port_of(server: MonitorServer) -> int:
    return int(server.address.rpartition(":")[2])


def connected(server: MonitorServer) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port_of(server)), timeout=5)


def asked(server: MonitorServer, path: str, method: str = "GET") -> tuple[int, dict[str, str], bytes]:
    with closing(http.client.HTTPConnection("127.0.0.1", port_of(server), timeout=5)) as connection:
        connection.request(method, path)
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()


def test_a_page_is_served_without_a_version_banner(server: MonitorServer) -> None:
    status, headers, body = asked(server, "/healthz?verbose=1")
    assert (status, body) == (200, b"ok\n")
    assert "Server" not in headers


@pytest.mark.parametrize(
    ("method", "path", "status", "body"),
    [
        ("HEAD", "/healthz", 200, b""),
        ("POST", "/healthz", 405, b"Use GET or HEAD.\n"),
        ("GET", "/nothing", 404, b"Here are: /broken /healthz /large\n"),
        ("GET", "/broken", 500, b"This page could not be made.\n"),
    ],
)
def test_each_request_gets_a_plain_answer(
    server: MonitorServer, method: str, path: str, status: int, body: bytes
) -> None:
    assert asked(server, path, method)[::2] == (status, body)
    assert asked(server, "/healthz")[0] == 200  # it goes on


def test_a_large_page_arrives_whole(server: MonitorServer) -> None:
    assert asked(server, "/large")[2] == LARGE


def test_a_client_that_sends_a_body_still_gets_the_answer(server: MonitorServer) -> None:
    with connected(server) as client:
        client.sendall(b"POST /healthz HTTP/1.1\r\nContent-Length: 100000\r\n\r\n" + b"x" * 100_000)
        assert b" 405 " in client.makefile("rb").read()


def test_clients_that_send_nothing_or_read_nothing_delay_no_other(server: MonitorServer) -> None:
    with ExitStack() as stack:
        slow = [stack.enter_context(connected(server)) for _ in range(MOST_CLIENTS // 2)]
        for client in slow:
            client.sendall(b"GET /heal")
        greedy = stack.enter_context(connected(server))
        greedy.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        begun = time.monotonic()
        assert asked(server, "/healthz")[0] == 200
        assert time.monotonic() - begun < 0.5


def test_more_clients_than_allowed_replace_the_oldest(server: MonitorServer) -> None:
    with ExitStack() as stack:
        oldest = stack.enter_context(connected(server))
        oldest.sendall(b"GET /heal")
        for _ in range(MOST_CLIENTS + 5):
            stack.enter_context(connected(server))
        assert asked(server, "/healthz")[0] == 200
        assert oldest.recv(1) == b""


def test_a_client_that_is_replaced_in_the_moment_it_sends_ends_nothing() -> None:
    inside, go_on = Event(), Event()

    def slow(_: Request) -> Answer:
        inside.set()
        go_on.wait(5)
        return plain(200, "slow")

    server = MonitorServer(open_port("127.0.0.1:0"), {**PAGES, "/slow": slow})
    server.start()
    try:
        with ExitStack() as stack:
            clients = [stack.enter_context(connected(server)) for _ in range(MOST_CLIENTS)]
            clients[-1].sendall(b"GET /slow HTTP/1.1\r\n\r\n")
            assert inside.wait(5)
            stack.enter_context(connected(server))  # replaces the oldest, in the same round as its request is read
            clients[0].sendall(b"GET /healthz HTTP/1.1\r\n\r\n")
            go_on.set()
            assert clients[-1].makefile("rb").read().endswith(b"slow\n")
            assert asked(server, "/healthz")[0] == 200
    finally:
        server.close()


def test_a_slow_client_is_closed_at_its_deadline() -> None:
    ahead = [0.0]
    server = MonitorServer(open_port("127.0.0.1:0"), PAGES, monotonic=lambda: time.monotonic() + ahead[0])
    server.start()
    try:
        with connected(server) as client:
            client.sendall(b"GET /heal")
            assert asked(server, "/healthz")[0] == 200  # so the slow one was accepted before
            ahead[0] = 6.0
            assert asked(server, "/healthz")[0] == 200
            assert client.recv(1) == b""
    finally:
        server.close()


def test_the_end_waits_for_no_client(server: MonitorServer) -> None:
    with connected(server) as hanging, connected(server) as greedy:
        hanging.sendall(b"GET /heal")
        greedy.sendall(b"GET /large HTTP/1.1\r\n\r\n")
        assert asked(server, "/healthz")[0] == 200
        begun = time.monotonic()
        server.close()
        assert time.monotonic() - begun < 0.5
        assert hanging.recv(1) == b""
    with pytest.raises(ConnectionRefusedError):
        connected(server)


def test_a_port_in_use_is_a_plain_error(server: MonitorServer) -> None:
    with pytest.raises(UsageError, match="the port can't be opened: another program uses this port") as refused:
        open_port(server.address)
    assert refused.value.hint


@pytest.mark.parametrize("address", ["9780", ":9780", "localhost", "localhost:http", "localhost:70000", "::1:9780"])
def test_an_address_that_is_not_host_and_port_is_refused(address: str) -> None:
    with pytest.raises(UsageError, match="not HOST:PORT"):
        open_port(address)


def test_an_ipv6_address_has_brackets() -> None:
    try:
        port = open_port("[::1]:0")
    except UsageError:
        pytest.skip("this machine has no IPv6")
    server = MonitorServer(port, PAGES)
    assert server.address.startswith("[::1]:")
    server.close()


def test_every_address_of_both_families_is_one_setting() -> None:
    if not socket.has_dualstack_ipv6():
        pytest.skip("this machine has no IPv6")
    server = MonitorServer(open_port("[::]:0"), PAGES)
    server.start()
    assert asked(server, "/healthz")[0] == 200  # by 127.0.0.1
    server.close()


def test_a_server_that_never_started_closes_its_port() -> None:
    server = MonitorServer(open_port("127.0.0.1:0"), PAGES)
    server.close()
    open_port(server.address).close()
