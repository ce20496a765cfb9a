"""The metrics, read by Prometheus's own parser."""

from __future__ import annotations

import gc
import tracemalloc
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.watch import WatchKind
from reconciler.watch.latest_status import LatestStatus
from tests.support.clock import FakeClock
from tests.watch.statuses import AT, GOOD, event

parser = pytest.importorskip("prometheus_client.parser", reason="needs the extra [metrics]")
from reconciler.watch.metrics import Metrics  # noqa: E402 - it needs the extra

FULL = replace(
    GOOD,
    voices={("kling", "ready"): 40, ("kling", "failed"): 1, ("vod", "ready"): 3},
    drift={("kling", "gone"): 2},
    changes={("kling", "create"): 2},
    calls={("kling", "read"): 100, ("kling", "paid"): 7, ("vod", "other"): 1},
    refusals={"daily_limit": 4},
    failures=3,
    lock="other",
    next_expiry=AT + timedelta(days=1),
    paid_today=6,
    paid_limit=44,
)


Sample = tuple[str, tuple[tuple[str, str], ...]]


def samples(metrics: Metrics) -> dict[Sample, float]:
    """(name, labels) -> value, without the metrics of the process."""
    _, body = metrics.page("")
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in parser.text_string_to_metric_families(body.decode())
        for sample in family.samples
        if sample.name.startswith("voicectl_")
    }


def of(name: str, **labels: str) -> Sample:
    return name, tuple(sorted({"manifest": "voices.yaml", **labels}.items()))


def scraped(clock: FakeClock, latest: LatestStatus, deliveries: Mapping[str, int] | None = None) -> dict[Sample, float]:
    return samples(Metrics(latest.snapshot, "1.2.3", None if deliveries is None else lambda: deliveries))


def test_every_fact_of_a_status_is_a_metric() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.LOOKED), FULL)
    clock.pass_(30)
    assert scraped(clock, latest, {"delivered": 2}) == {
        of("voicectl_voices", provider="kling", status="ready"): 40,
        of("voicectl_voices", provider="kling", status="failed"): 1,
        of("voicectl_voices", provider="vod", status="ready"): 3,
        of("voicectl_drift_voices", provider="kling", kind="gone"): 2,
        of("voicectl_planned_changes", provider="kling", action="create"): 2,
        of("voicectl_calls_total", provider="kling", kind="read"): 100,
        of("voicectl_calls_total", provider="kling", kind="paid"): 7,
        of("voicectl_calls_total", provider="vod", kind="other"): 1,
        of("voicectl_paid_calls_total", provider="kling"): 7,
        of("voicectl_refusals_total", reason="daily_limit"): 4,
        of("voicectl_failures_total"): 3,
        of("voicectl_paid_calls_today"): 6,
        of("voicectl_paid_calls_daily_limit"): 44,
        of("voicectl_last_good_look_age_seconds"): 30,
        of("voicectl_last_good_look_timestamp_seconds"): AT.timestamp(),
        of("voicectl_next_expiry_timestamp_seconds"): (AT + timedelta(days=1)).timestamp(),
        of("voicectl_state_lock", holder="free"): 0,
        of("voicectl_state_lock", holder="ours"): 0,
        of("voicectl_state_lock", holder="other"): 1,
        of("voicectl_manifest_broken"): 0,
        ("voicectl_build_info", (("version", "1.2.3"),)): 1,
        ("voicectl_webhooks_total", (("result", "delivered"),)): 2,
    }


def test_a_drift_that_is_gone_is_not_shown_any_more() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.DRIFTED), FULL)
    assert of("voicectl_drift_voices", provider="kling", kind="gone") in scraped(clock, latest)
    latest(event(WatchKind.RECOVERED), replace(FULL, drift={}))
    assert [name for name, _ in scraped(clock, latest) if name == "voicectl_drift_voices"] == []


def test_without_a_good_look_the_age_counts_from_the_start() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.LOOK_FAILED), replace(FULL, last_good_look=None, paid_limit=None))
    clock.pass_(90)
    found = scraped(clock, latest)
    assert found[of("voicectl_last_good_look_age_seconds")] == 90
    assert of("voicectl_last_good_look_timestamp_seconds") not in found
    assert of("voicectl_paid_calls_daily_limit") not in found


def test_hostile_names_stay_inside_their_label() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    hostile = 'a"} 1\nvoicectl_voices{x="\\'
    latest(event(WatchKind.LOOKED, hostile), replace(GOOD, manifest=hostile, voices={(hostile, "ready"): 5}))
    found = scraped(clock, latest)
    assert found[of("voicectl_voices", manifest=hostile, provider=hostile, status="ready")] == 5


def test_a_scraper_that_asks_for_openmetrics_gets_it() -> None:
    openmetrics = pytest.importorskip("prometheus_client.openmetrics.parser")
    latest = LatestStatus(FakeClock())
    latest(event(WatchKind.LOOKED), FULL)
    content_type, body = Metrics(latest.snapshot, "1.2.3").page("application/openmetrics-text; version=1.0.0")
    assert content_type.startswith("application/openmetrics-text")
    names = {family.name for family in openmetrics.text_string_to_metric_families(body.decode())}
    assert {"voicectl_calls", "voicectl_voices", "voicectl_build"} <= names


@pytest.mark.parametrize(
    "accept",
    [
        "application/openmetrics-text; version=abc",
        "application/openmetrics-text; version=1.0.0; escaping=none-such",
        "application/openmetrics-text; version=9.9.9",
        "text/plain; version=1.0.0; escaping=none-such",
        "\x00;;;,,,;version=",
    ],
)
def test_an_odd_accept_header_gets_an_answer_too(accept: str) -> None:
    latest = LatestStatus(FakeClock())
    latest(event(WatchKind.LOOKED), FULL)
    content_type, body = Metrics(latest.snapshot, "1.2.3").page(accept)
    assert "none-such" not in content_type
    assert b"voicectl_manifest_broken" in body


def test_the_process_is_measured_too() -> None:
    _, body = Metrics(LatestStatus(FakeClock()).snapshot, "1.2.3").page("")
    assert b"\nprocess_resident_memory_bytes " in body


def test_memory_stays_flat_over_10_000_events() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    metrics = Metrics(latest.snapshot, "1.2.3")

    def rounds(count: int) -> int:
        for number in range(count):
            clock.pass_(1)
            seen = AT + timedelta(seconds=number)
            latest(
                event(WatchKind.LOOKED, at=seen), replace(FULL, last_good_look=seen, drift={("kling", "gone"): number})
            )
            if number % 500 == 0:
                metrics.page("")
        gc.collect()
        return tracemalloc.get_traced_memory()[0]

    tracemalloc.start()
    try:
        before = rounds(1000)
        assert rounds(10_000) - before < 10_000  # bytes: less than one for each event
    finally:
        tracemalloc.stop()
