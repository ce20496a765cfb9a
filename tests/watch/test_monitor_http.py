"""Requests of the monitoring port, by a table."""

from __future__ import annotations

import pytest

from reconciler.watch.monitor_http import LARGEST_HEAD, Answer, Request, parse, plain, rendered


@pytest.mark.parametrize(
    ("received", "status"),
    [
        (b"POST /healthz HTTP/1.1\r\n\r\n", 405),
        (b"DELETE / HTTP/1.1\r\n\r\n", 405),
        (b"GET /healthz HTTP/2.0\r\n\r\n", 505),
        (b"GET /healthz\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\r\n\r\n", 400),  # a TLS client
        (b"GET http://other.example/healthz HTTP/1.1\r\n\r\n", 400),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD, 431),
        (b"GET / HTTP/1.1\r\nX: " + b"x" * LARGEST_HEAD + b"\r\n\r\n", 431),
    ],
)
def test_a_faulty_request_gets_its_answer(received: bytes, status: int) -> None:
    answer = parse(received)
    assert isinstance(answer, Answer)
    assert answer.status == status


def test_a_request_is_read_without_its_query_and_its_body() -> None:
    received = b"GET /metrics?x=1 HTTP/1.1\r\nAccept: text/plain\r\nno header\r\n\r\nbody"
    assert parse(received) == Request("GET", "/metrics", {"accept": "text/plain"})


@pytest.mark.parametrize("received", [b"", b"GET / HT", b"GET / HTTP/1.1\r\n", b"GET / HTTP/1.1\r\nA: b\r\n"])
def test_an_incomplete_request_is_waited_for(received: bytes) -> None:
    assert parse(received) is None


def test_an_answer_names_no_server_and_a_head_has_no_body() -> None:
    assert rendered(plain(200, "ok"), head_only=False) == (
        b"HTTP/1.1 200 OK\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: 3\r\n"
        b"Cache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\nok\n"
    )
    assert rendered(plain(200, "ok"), head_only=True).endswith(
        b"Content-Length: 3\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n"
    )
    assert b"\r\nAllow: GET, HEAD\r\n" in rendered(plain(405, "no"), head_only=False)
