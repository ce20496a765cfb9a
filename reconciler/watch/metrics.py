"""The metrics of `voicectl watch` in the formats of Prometheus. The only place that calls prometheus-client, an extra.

Each scrape is made from the latest statuses, so nothing is kept between two scrapes, and what is gone is not shown any
more. No address is a label: a thousand voices would be a thousand time series.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import datetime

from prometheus_client.core import CollectorRegistry, CounterMetricFamily, GaugeMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics import exposition as openmetrics
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

from reconciler.model.watch import WatchStatus
from reconciler.watch.latest_status import ManifestSeen, Snapshot

_TEXT = "text/plain; version=0.0.4; charset=utf-8"
_OPENMETRICS = "application/openmetrics-text; version=1.0.0; charset=utf-8"
_LOCKS = ("free", "ours", "other")
_PAID = "paid"
_Pairs = Callable[[WatchStatus], Mapping[tuple[str, str], int]]


class Metrics:
    """`snapshot` is called at each scrape, and so is `deliveries`: result -> webhooks. `version` is voicectl's."""

    def __init__(
        self, snapshot: Callable[[], Snapshot], version: str, deliveries: Callable[[], Mapping[str, int]] | None = None
    ) -> None:
        self._registry = CollectorRegistry(auto_describe=False)
        self._registry.register(_Statuses(snapshot, version, deliveries))
        ProcessCollector(registry=self._registry)  # memory, CPU time and file descriptors; Linux only

    def page(self, accept: str) -> tuple[str, bytes]:
        """The content type and the body: OpenMetrics if the client asks for it, else Prometheus's text."""
        if "application/openmetrics-text" in accept:
            body: bytes = openmetrics.generate_latest(self._registry)  # type: ignore[no-untyped-call]  # it has no types
            return _OPENMETRICS, body
        return _TEXT, generate_latest(self._registry)


class _Statuses(Collector):
    def __init__(
        self, snapshot: Callable[[], Snapshot], version: str, deliveries: Callable[[], Mapping[str, int]] | None
    ) -> None:
        self._snapshot = snapshot
        self._version = version
        self._deliveries = deliveries

    def collect(self) -> Iterator[Metric]:
        snapshot = self._snapshot()
        seen = [snapshot.manifests[name] for name in sorted(snapshot.manifests)]
        statuses = [each.status for each in seen]
        yield from _of_voices(statuses)
        yield from _of_calls(statuses)
        yield from _of_looks(snapshot, seen)
        yield InfoMetricFamily("voicectl_build", "The version of voicectl.", value={"version": self._version})
        if self._deliveries is not None:
            sent = CounterMetricFamily("voicectl_webhooks", "Webhooks by their result.", labels=["result"])
            for result, count in sorted(self._deliveries().items()):
                sent.add_metric([result], count)
            yield sent


def _of_voices(statuses: list[WatchStatus]) -> Iterator[Metric]:
    gauges: tuple[tuple[str, str, str, _Pairs], ...] = (
        ("voicectl_voices", "Current voices by the status of their records.", "status", lambda s: s.voices),
        ("voicectl_drift_voices", "Voices that drifted, at the last good look.", "kind", lambda s: s.drift),
        ("voicectl_planned_changes", "Planned changes, at the last good look.", "action", lambda s: s.changes),
    )
    for name, text, label, pairs in gauges:
        gauge = GaugeMetricFamily(name, text, labels=["manifest", "provider", label])
        for status in statuses:
            for (provider, key), count in sorted(pairs(status).items()):
                gauge.add_metric([status.manifest, provider, key], count)
        yield gauge
    expiry = GaugeMetricFamily(
        "voicectl_next_expiry_timestamp_seconds", "When the first voice or file expires.", labels=["manifest"]
    )
    for status in statuses:
        _add_time(expiry, status.manifest, status.next_expiry)
    yield expiry


def _of_calls(statuses: list[WatchStatus]) -> Iterator[Metric]:
    calls = CounterMetricFamily(
        "voicectl_calls", "Calls that were made, by kind: read, paid or other.", labels=["manifest", "provider", "kind"]
    )
    paid = CounterMetricFamily("voicectl_paid_calls", "Paid calls that were made.", labels=["manifest", "provider"])
    refusals = CounterMetricFamily(
        "voicectl_refusals", "Applies that were stopped before their first call.", labels=["manifest", "reason"]
    )
    for status in statuses:
        for (provider, kind), count in sorted(status.calls.items()):
            calls.add_metric([status.manifest, provider, kind], count)
            if kind == _PAID:
                paid.add_metric([status.manifest, provider], count)
        for reason, count in sorted(status.refusals.items()):
            refusals.add_metric([status.manifest, reason], count)
    yield from (calls, paid, refusals)
    yield _counter("voicectl_failures", "Looks and applies that failed.", ((s.manifest, s.failures) for s in statuses))
    yield _gauge(
        "voicectl_paid_calls_today",
        "Paid calls of this UTC day, also of other runs.",
        ((s.manifest, s.paid_today) for s in statuses),
    )
    yield _gauge(
        "voicectl_paid_calls_daily_limit",
        "The most paid calls a UTC day.",
        ((s.manifest, s.paid_limit) for s in statuses if s.paid_limit is not None),
    )


def _of_looks(snapshot: Snapshot, seen: list[ManifestSeen]) -> Iterator[Metric]:
    yield _gauge(
        "voicectl_last_good_look_age_seconds",
        "Seconds since every account was looked at; since the start, if there was no such look yet.",
        ((each.status.manifest, snapshot.seconds_since_good_look(each)) for each in seen),
    )
    looked = GaugeMetricFamily(
        "voicectl_last_good_look_timestamp_seconds", "When every account was looked at.", labels=["manifest"]
    )
    lock = GaugeMetricFamily(
        "voicectl_state_lock", "1 for who holds the lock of the state: nobody, this watch, or another run.",
        labels=["manifest", "holder"],
    )  # fmt: skip
    for each in seen:
        _add_time(looked, each.status.manifest, each.status.last_good_look)
        for holder in _LOCKS:
            lock.add_metric([each.status.manifest, holder], each.status.lock == holder)
    yield from (looked, lock)
    yield _gauge(
        "voicectl_manifest_broken",
        "1 if the manifest has errors, and the last good one is in force.",
        ((each.status.manifest, each.status.manifest_broken) for each in seen),
    )


def _gauge(name: str, text: str, rows: Iterable[tuple[str, float]]) -> Metric:
    gauge = GaugeMetricFamily(name, text, labels=["manifest"])
    for manifest, number in rows:
        gauge.add_metric([manifest], number)
    return gauge


def _counter(name: str, text: str, rows: Iterable[tuple[str, float]]) -> Metric:
    counter = CounterMetricFamily(name, text, labels=["manifest"])
    for manifest, number in rows:
        counter.add_metric([manifest], number)
    return counter


def _add_time(gauge: GaugeMetricFamily, manifest: str, moment: datetime | None) -> None:
    if moment is not None:
        gauge.add_metric([manifest], moment.timestamp())
