"""What a watch shows to others, as its command starts and ends it."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from contextlib import closing

import pytest

from reconciler import system_clock
from reconciler.errors import UsageError
from reconciler.model.watch import WatchKind
from reconciler.watch.listeners import started
from tests.watch.receiver import receiver
from tests.watch.statuses import GOOD, event

SECRET = {"VOICECTL_WEBHOOK_SECRET": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "NO_PROXY": "127.0.0.1"}


def asked(address: str, path: str) -> tuple[int, bytes]:
    with closing(http.client.HTTPConnection(address, timeout=5)) as connection:
        connection.request("GET", path)
        response = connection.getresponse()
        return response.status, response.read()


def test_the_port_and_the_webhook_show_one_watch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    said: list[str] = []
    with (
        receiver() as received,
        started(
            listen="127.0.0.1:0",
            webhook=received.url,
            interval=30,
            environ=SECRET,
            clock=system_clock.SystemClock(),
            report=said.append,
        ) as listeners,
    ):
        address = said[0].split("http://")[1].split(" ")[0]
        assert asked(address, "/readyz")[0] == 503
        for listener in listeners:
            listener(event(WatchKind.LOOKED), GOOD)
            listener(event(WatchKind.DRIFTED, fingerprint="a"), GOOD)
        received.wait_for(1)
        assert asked(address, "/healthz") == asked(address, "/readyz") == (200, b'{"status": "ok", "reasons": []}\n')
        assert asked(address, "/metrics")[0] in (200, 501)
        assert json.loads(received.got[0][1])["type"] == "voicectl.drift"
    with pytest.raises(ConnectionRefusedError):
        asked(address, "/healthz")


def test_with_a_hanging_client_and_a_hanging_receiver_the_end_takes_less_than_a_second(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    said: list[str] = []
    with receiver(hanging=True) as received:
        with started(
            listen="127.0.0.1:0",
            webhook=received.url,
            interval=30,
            environ=SECRET,
            clock=system_clock.SystemClock(),
            report=said.append,
        ) as listeners:
            host, _, port = said[0].split("http://")[1].split(" ")[0].partition(":")
            client = socket.create_connection((host, int(port)))
            client.sendall(b"GET /heal")
            for listener in listeners:
                listener(event(WatchKind.DRIFTED, fingerprint="a"), GOOD)
            received.wait_for(1)
            begun = time.monotonic()
        assert time.monotonic() - begun < 1.0
        client.close()


@pytest.mark.parametrize(
    ("listen", "webhook", "environ"),
    [
        ("nonsense", "", SECRET),
        ("127.0.0.1:0", "ftp://x", SECRET),
        ("127.0.0.1:0", "https://hooks.example.com/", {}),
        ("127.0.0.1:0", "http://169.254.169.254/", SECRET),
    ],
)
def test_a_wrong_setting_starts_nothing(listen: str, webhook: str, environ: dict[str, str]) -> None:
    threads = threading.active_count()
    with (
        pytest.raises(UsageError),
        started(
            listen=listen,
            webhook=webhook,
            interval=30,
            environ=environ,
            clock=system_clock.SystemClock(),
            report=lambda _: None,
        ),
    ):
        raise AssertionError("it started")
    assert threading.active_count() == threads


def test_without_a_port_and_a_webhook_nothing_is_started() -> None:
    threads = threading.active_count()
    with started(
        listen="", webhook="", interval=30, environ={}, clock=system_clock.SystemClock(), report=lambda _: None
    ) as listeners:
        assert len(listeners) == 1
        assert threading.active_count() == threads
