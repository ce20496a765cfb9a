"""Starts what shows a watch to others: the monitoring port and the webhook. Both end in less than a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from socket import socket

from reconciler.errors import UsageError
from reconciler.model.redactor import Redactor
from reconciler.model.watch import WatchListener
from reconciler.protocols.clock import Clock
from reconciler.watch.latest_status import LatestStatus
from reconciler.watch.monitor_pages import pages
from reconciler.watch.monitor_server import MonitorServer, open_port
from reconciler.watch.webhook import Webhook
from reconciler.watch.webhook_secret import key_source
from reconciler.watch.webhook_sender import WebhookSender
from reconciler.watch.webhook_url import parse


@contextmanager
def started(
    *,
    listen: str,
    must_listen: bool = True,
    webhook: str,
    interval: float,
    environ: Mapping[str, str],
    clock: Clock,
    report: Callable[[str], None],
) -> Iterator[tuple[WatchListener, ...]]:
    """The listeners, while they run. `listen` and `webhook` may be empty: then there is no port, or no webhook.

    `interval`: seconds between two looks. `report` gets sentences for people. Raises UsageError: a port may be in use.
    Unless it `must_listen`, the watch then goes on without it.
    """
    latest = LatestStatus(clock)
    listeners: list[WatchListener] = [latest]
    with ExitStack() as stack:
        deliveries = None
        if webhook:
            sending = _webhook(webhook, environ, clock, report)
            stack.callback(sending.close)
            listeners.append(sending)
            deliveries = sending.results
        port = _port(listen, must_listen, report) if listen else None
        if port is not None:
            server = MonitorServer(port, pages(latest.snapshot, interval, deliveries=deliveries))
            stack.callback(server.close)
            server.start()
            report(f"Probes and metrics: http://{server.address} (/healthz, /readyz, /metrics).")
        if webhook:
            sending.start()
        yield tuple(listeners)


def _port(listen: str, must_listen: bool, report: Callable[[str], None]) -> socket | None:
    try:
        return open_port(listen)
    except UsageError as error:
        if must_listen:
            raise
        report(f"Probes and metrics are not served. {error.detail} To serve them elsewhere: --listen HOST:PORT.")
        return None


def _webhook(address: str, environ: Mapping[str, str], clock: Clock, report: Callable[[str], None]) -> Webhook:
    url = parse(address)
    keys = key_source(environ)
    redact = Redactor(lambda: (url.url,))
    return Webhook(WebhookSender(url), to=url.shown, keys=keys, redact=redact, clock=clock, report=report)
