"""The pages of the monitoring port: /healthz, /readyz, and /metrics where the extra [metrics] is installed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping

from reconciler import __version__
from reconciler.watch import probes
from reconciler.watch.latest_status import Snapshot
from reconciler.watch.monitor_http import Answer, Request, plain
from reconciler.watch.monitor_server import Page

_WITHOUT_EXTRA = "/metrics needs prometheus-client: pip install 'voicectl[metrics]'"


def pages(
    snapshot: Callable[[], Snapshot], interval: float, *, deliveries: Callable[[], Mapping[str, int]] | None = None
) -> dict[str, Page]:
    """The pages by their path. `interval`: seconds between two looks. `deliveries`: result -> webhooks."""
    return {
        "/healthz": lambda _: _probe(probes.health(snapshot(), interval)),
        "/readyz": lambda _: _probe(probes.readiness(snapshot(), interval)),
        "/metrics": _metrics(snapshot, deliveries),
    }


def _probe(verdict: probes.Verdict) -> Answer:
    document = {"status": "ok" if verdict.is_good else "failing", "reasons": list(verdict.reasons)}
    body = json.dumps(document, ensure_ascii=False) + "\n"
    return Answer(200 if verdict.is_good else 503, body.encode(errors="replace"), "application/json")


def _metrics(snapshot: Callable[[], Snapshot], deliveries: Callable[[], Mapping[str, int]] | None) -> Page:
    """The library is loaded now, and not at the first scrape: the memory of the process then stays flat."""
    try:
        from reconciler.watch.metrics import Metrics
    except ImportError:
        return lambda _: plain(501, _WITHOUT_EXTRA)
    metrics = Metrics(snapshot, __version__, deliveries)

    def page(request: Request) -> Answer:
        content_type, body = metrics.page(request.headers.get("accept", ""))
        return Answer(200, body, content_type)

    return page
