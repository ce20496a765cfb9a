"""Starts what shows a watch to others: the monitoring port and the webhook. Both end in less than a second."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager

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
    webhook: str,
    interval: float,
    environ: Mapping[str, str],
    clock: Clock,
    report: Callable[[str], None],
) -> Iterator[tuple[WatchListener, ...]]:
    """The listeners, while they run. `listen` and `webhook` may be empty: then there is no port, or no webhook.

    `interval`: seconds between two looks. `report` gets sentences for people. Raises UsageError: a port may be in use.
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
        if listen:
            server = MonitorServer(open_port(listen), pages(latest.snapshot, interval, deliveries=deliveries))
            stack.callback(server.close)
            server.start()
            report(f"Probes and metrics: http://{server.address} (/healthz, /readyz, /metrics).")
        if webhook:
            sending.start()
        yield tuple(listeners)


def _webhook(address: str, environ: Mapping[str, str], clock: Clock, report: Callable[[str], None]) -> Webhook:
    url = parse(address)
    keys = key_source(environ)
    redact = Redactor(lambda: (url.url,))
    return Webhook(WebhookSender(url), to=url.shown, keys=keys, redact=redact, clock=clock, report=report)
