"""Retries, times and messages of the HTTP client, for any cloud."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Callable, Iterator

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.account import Timeouts
from reconciler.providers.http.client import HttpClient, HttpResponse, retry_read
from tests.support.clock import FakeClock


def raising(*errors: CloudError) -> Callable[[], str]:
    """Raises these errors one after another, then succeeds."""
    left = list(errors)

    def read() -> str:
        if left:
            raise left.pop(0)
        return "read"

    return read


def test_a_read_that_fails_three_times_succeeds_at_the_fourth(clock: FakeClock) -> None:
    assert retry_read(raising(*[OutcomeUnknown("lost")] * 3), clock=clock) == "read"
    assert clock.slept == [0.1, 1.0, 2.0]


def test_a_read_that_fails_four_times_fails(clock: FakeClock) -> None:
    with pytest.raises(OutcomeUnknown):
        retry_read(raising(*[OutcomeUnknown("lost")] * 4), clock=clock)


def test_a_refused_read_is_not_repeated(clock: FakeClock) -> None:
    with pytest.raises(Rejected):
        retry_read(raising(Rejected("no")), clock=clock)
    assert clock.slept == []


@pytest.mark.parametrize(("retry_after", "waited"), [(None, 0.5), (0.1, 0.5), (7.0, 7.0), (86400.0, 60.0)])
def test_a_throttled_read_waits_as_retry_after_says_up_to_a_limit(
    clock: FakeClock, retry_after: float | None, waited: float
) -> None:
    retry_read(raising(Throttled("later", retry_after=retry_after)), clock=clock)
    assert clock.slept == [waited]


@pytest.mark.parametrize(
    ("header", "seconds"),
    [
        ("7", 7.0),
        ("0.5", 0.5),
        ("Fri, 02 Jan 2026 03:04:35 GMT", 30.0),
        ("Fri, 02 Jan 2026 03:00:00 GMT", None),
        ("-1", None),
        ("inf", None),
        ("nan", None),
        ("soon", None),
        ("", None),
    ],
)
def test_retry_after_is_seconds_or_a_date(header: str, seconds: float | None) -> None:
    headers = httpx.Headers({"Retry-After": header, "Date": "Fri, 02 Jan 2026 03:04:05 GMT"})
    assert HttpResponse("GET /", 429, headers, b"").retry_after == seconds


def test_a_closed_port_is_unsent(clock: FakeClock) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        http = HttpClient(f"http://127.0.0.1:{closed.getsockname()[1]}", Timeouts(), clock=clock)
        with pytest.raises(Rejected) as caught:
            http.send("POST", "/v1", headers={}, content=b"{}")
        http.close()
    assert caught.value.unsent


def test_a_server_without_tls_is_unsent(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as plain:
        http = HttpClient(f"https://127.0.0.1:{plain.getsockname()[1]}", Timeouts(connect=0.2), clock=clock)
        with pytest.raises(Rejected) as caught:
            http.send("POST", "/v1", headers={}, content=b"{}")
        http.close()
    assert caught.value.unsent


def test_a_server_that_never_answers_leaves_it_unknown(clock: FakeClock) -> None:
    with socket.create_server(("127.0.0.1", 0)) as silent:
        http = HttpClient(f"http://127.0.0.1:{silent.getsockname()[1]}", Timeouts(read=0.1), clock=clock)
        with pytest.raises(
            OutcomeUnknown, match=r"no answer within 0.1 s \(timeouts.read\); the call may have been executed"
        ):
            http.send("POST", "/v1", headers={}, content=b"{}")
        http.close()


def test_an_answer_that_drips_for_ever_is_given_up(clock: FakeClock) -> None:
    class Drip(httpx.SyncByteStream):
        def __iter__(self) -> Iterator[bytes]:
            while True:
                clock.pass_(59)
                yield b" "

    mount = httpx.MockTransport(lambda _: httpx.Response(200, stream=Drip()))
    http = HttpClient("http://x", Timeouts(operation=600), clock=clock, mount=mount)
    with pytest.raises(OutcomeUnknown, match=r"no whole answer within 600 s \(timeouts.operation\)"):
        http.send("GET", "/", headers={})


def test_words_of_others_are_shown_without_secrets_on_one_line(clock: FakeClock) -> None:
    http = HttpClient(
        "http://x",
        Timeouts(),
        clock=clock,
        secrets=lambda: ["s3cr3t-key"],
        mount=httpx.MockTransport(lambda _: httpx.Response(200)),
    )
    text = "bearer abc.def\n\x1b[2Js3cr3t-key https://a/b?X=1&Y=2 why? eyJhbGciOi.eyJpc3Mi.c2ln end"
    assert http.redact(text) == "bearer *** [2J*** https://a/b?*** why? *** end"


def test_httpx_comes_without_its_command_line() -> None:
    code = (
        "import sys, reconciler.providers.http.client as t; print('rich' in sys.modules, 'httpx._main' in sys.modules)"
    )
    child = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert child.stdout == "False False\n"
