"""Webhooks from the event to the receiver: signed, retried under one id, never twice, and never in the way."""

from __future__ import annotations

import gc
import json
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta

import pytest

from reconciler import system_clock
from reconciler.model.redactor import Redactor
from reconciler.model.watch import WatchKind
from reconciler.watch.standard_webhooks import keys_in
from reconciler.watch.webhook import MOST_WAITING, Webhook
from reconciler.watch.webhook_sender import WebhookSender
from reconciler.watch.webhook_url import parse
from tests.watch.receiver import OK, receiver
from tests.watch.statuses import AT, EMPTY, event

SECRET = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
DRIFT = event(
    WatchKind.DRIFTED,
    message="2 voices are gone",
    addresses=("hero", "narrator"),
    counts={"gone": 2},
    fingerprint="a",
)
RECOVERED = event(WatchKind.RECOVERED, message="everything is as declared")
FAILS = (503, {"Retry-After": "0"})
QUICK = (0.01, 0.01, 0.01)  # seconds between the tries
SLOW = (60.0, 60.0)


@contextmanager
def webhook(url: str, said: list[str] | None = None, *, pauses: tuple[float, ...] = QUICK) -> Iterator[Webhook]:
    to = parse(url)
    made = Webhook(
        WebhookSender(to, proxies={}),
        to=to.shown,
        keys=lambda: keys_in(SECRET),
        redact=Redactor(lambda: (to.url,)),
        clock=system_clock.SystemClock(),
        report=([] if said is None else said).append,
        pauses=pauses,
    )
    made.start()
    try:
        yield made
    finally:
        made.close()


def test_a_drift_arrives_signed_and_says_what_drifted() -> None:
    webhooks = pytest.importorskip("standardwebhooks", reason="needs the extra [dev]")
    with receiver() as received, webhook(received.url) as send:
        send(DRIFT, EMPTY)
        received.wait_for(1)
    headers, body = received.got[0]
    assert webhooks.Webhook(SECRET).verify(body, headers) == {
        "type": "voicectl.drift",
        "timestamp": "2026-01-02T03:04:05.000Z",
        "data": {
            "manifest": "voices.yaml",
            "message": "2 voices are gone",
            "provider": None,
            "counts": {"gone": 2},
            "addresses": ["hero", "narrator"],
            "address_count": 2,
        },
    }
    assert headers["content-type"] == "application/json"


def test_a_receiver_that_fails_twice_gets_the_same_webhook_a_third_time() -> None:
    with receiver(FAILS, FAILS) as received, webhook(received.url) as send:
        send(DRIFT, EMPTY)
        received.wait_for(3)
    assert len({(headers["webhook-id"], body) for headers, body in received.got}) == 1
    assert send.results() == {"delivered": 1, "failed": 0, "dropped": 0}


def test_two_webhooks_have_two_ids_and_keep_their_order() -> None:
    with receiver(FAILS) as received, webhook(received.url) as send:
        send(DRIFT, EMPTY)
        send(RECOVERED, EMPTY)
        received.wait_for(3)
    assert [json.loads(body)["type"] for _, body in received.got] == [
        "voicectl.drift",
        "voicectl.drift",
        "voicectl.recovered",
    ]
    assert len({headers["webhook-id"] for headers, _ in received.got}) == 2


def test_the_same_trouble_is_sent_once_until_it_ends() -> None:
    with receiver() as received, webhook(received.url) as send:
        for each in (DRIFT, DRIFT, RECOVERED, RECOVERED, DRIFT):
            send(each, EMPTY)
        received.wait_for(3)
    assert [json.loads(body)["type"] for _, body in received.got] == [
        "voicectl.drift",
        "voicectl.recovered",
        "voicectl.drift",
    ]


@pytest.mark.parametrize("status", [400, 401, 404, 302])
def test_a_refusal_is_not_tried_again_and_is_reported_without_the_address(status: int) -> None:
    said: list[str] = []
    with receiver((status, {"Location": "http://127.0.0.1:1/"})) as received, webhook(received.url, said) as send:
        send(DRIFT, EMPTY)
        send(RECOVERED, EMPTY)  # it shows that the first one is done
        received.wait_for(2)
    assert send.results() == {"delivered": 1, "failed": 1, "dropped": 0}
    assert len(said) == 1
    assert said[0].startswith(f"A webhook to 127.0.0.1 was not delivered: HTTP {status}")
    assert "T0KEN" not in said[0]


def test_a_receiver_that_is_gone_gets_nothing_more() -> None:
    said: list[str] = []
    with receiver((410, {})) as received, webhook(received.url, said) as send:
        send(DRIFT, EMPTY)
        received.wait_for(1)
        _until(lambda: said != [])
        send(RECOVERED, EMPTY)
        send(event(WatchKind.APPLY_FAILED, fingerprint="b"), EMPTY)
    assert len(received.got) == 1
    assert said == ["127.0.0.1 wants no webhooks any more (HTTP 410): none is sent until the next start."]


def test_after_its_last_try_a_webhook_is_given_up_and_the_trouble_may_be_sent_again() -> None:
    said: list[str] = []
    with receiver(*[FAILS] * 4) as received, webhook(received.url, said) as send:
        send(DRIFT, EMPTY)
        _until(lambda: said != [])
        assert said == ["A webhook to 127.0.0.1 was not delivered: HTTP 503."]
        send(DRIFT, EMPTY)
        received.wait_for(5)
    assert send.results() == {"delivered": 1, "failed": 1, "dropped": 0}


def test_a_receiver_that_hangs_delays_neither_the_loop_nor_the_end() -> None:
    said: list[str] = []
    with receiver(hanging=True) as received:
        with webhook(received.url, said) as send:
            begun = time.monotonic()
            for number in range(1000):
                send(event(WatchKind.DRIFTED, fingerprint=str(number)), EMPTY)
            assert time.monotonic() - begun < 0.5
            received.wait_for(1)
            begun = time.monotonic()
        assert time.monotonic() - begun < 1.0
    assert send.results()["dropped"] == 1000 - MOST_WAITING
    assert said == [f"Webhooks to 127.0.0.1 that were not delivered before the end: {MOST_WAITING}."]


def test_what_waits_for_its_next_try_gets_one_more_at_the_end() -> None:
    with receiver(FAILS, OK) as received:
        with webhook(received.url, pauses=SLOW) as send:
            send(DRIFT, EMPTY)
            received.wait_for(1)
            begun = time.monotonic()
        assert time.monotonic() - begun < 0.9
    assert send.results()["delivered"] == 1


def test_at_the_end_a_failing_receiver_is_not_hammered() -> None:
    said: list[str] = []
    with receiver(*[FAILS] * 50) as received, webhook(received.url, said, pauses=SLOW) as send:
        send(DRIFT, EMPTY)
        send(event(WatchKind.REFUSED, fingerprint="b"), EMPTY)
        received.wait_for(1)
        send.close()
        assert len(received.got) == 3  # the first one twice, the second one once
    assert said[0] == "Webhooks to 127.0.0.1 that were not delivered before the end: 2."


def test_a_log_that_fails_ends_no_thread() -> None:
    with receiver((404, {})) as received, webhook(received.url) as send:
        send._report = lambda _: [][0]  # planted
        send(DRIFT, EMPTY)
        received.wait_for(1)
        _until(lambda: send.results()["failed"] == 1)
        send(DRIFT, EMPTY)
        received.wait_for(2)


def test_a_defect_while_sending_ends_no_thread() -> None:
    said: list[str] = []
    with receiver() as received, webhook(received.url, said) as send:
        real = send._sender.send
        send._sender.send = lambda *_, **__: 1 / 0  # type: ignore[method-assign, assignment]  # planted
        send(DRIFT, EMPTY)
        _until(lambda: said != [])
        send._sender.send = real  # type: ignore[method-assign]  # the defect is gone
        send(RECOVERED, EMPTY)
        send(DRIFT, EMPTY)
        received.wait_for(1)
    assert said == ["A webhook to 127.0.0.1 was not delivered: an error of voicectl (ZeroDivisionError)."]


@pytest.mark.slow
def test_memory_stays_flat_over_10_000_events() -> None:
    with receiver(hanging=True) as received, webhook(received.url) as send:

        def rounds(count: int, first: int) -> int:
            for number in range(first, first + count):
                at = AT + timedelta(seconds=number)
                send(event(WatchKind.DRIFTED, at=at, fingerprint=str(number)), EMPTY)
            gc.collect()
            return tracemalloc.get_traced_memory()[0]

        tracemalloc.start()
        try:
            before = rounds(1000, 0)
            assert rounds(10_000, 1000) - before < 100_000  # bytes: ten for each event
        finally:
            tracemalloc.stop()


def _until(true: Callable[[], bool]) -> None:
    until = time.monotonic() + 5
    while not true():
        assert time.monotonic() < until
        time.sleep(0.005)
