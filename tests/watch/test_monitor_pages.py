"""The pages of the monitoring port, as a kubelet and a scraper get them."""

from __future__ import annotations

import builtins
import json
from dataclasses import replace

import pytest

from reconciler.model.watch import WatchKind
from reconciler.watch.latest_status import LatestStatus
from reconciler.watch.monitor_http import Request
from reconciler.watch.monitor_pages import pages
from tests.support.clock import FakeClock
from tests.watch.statuses import GOOD, event


def asked(latest: LatestStatus, path: str) -> tuple[int, object]:
    answer = pages(latest.snapshot, 30.0)[path](Request("GET", path, {}))
    return answer.status, json.loads(answer.body)


def test_a_fresh_watch_is_healthy_and_ready() -> None:
    latest = LatestStatus(FakeClock())
    latest(event(WatchKind.LOOKED), GOOD)
    assert asked(latest, "/healthz") == asked(latest, "/readyz") == (200, {"status": "ok", "reasons": []})


def test_a_failing_probe_says_why() -> None:
    latest = LatestStatus(FakeClock())
    latest(event(WatchKind.LOOK_FAILED, "tōne.yaml"), replace(GOOD, manifest="tōne.yaml", last_good_look=None))
    assert asked(latest, "/readyz") == (
        503,
        {"status": "failing", "reasons": ["tōne.yaml: no look has ended well yet."]},
    )


def test_without_the_extra_the_metrics_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    real = builtins.__import__

    def imported(name: str, *rest: object) -> object:
        if name == "reconciler.watch.metrics":
            raise ImportError(name)
        return real(name, *rest)  # type: ignore[arg-type]  # passed on as they came

    monkeypatch.setattr(builtins, "__import__", imported)
    served = pages(LatestStatus(FakeClock()).snapshot, 30.0)
    answer = served["/metrics"](Request("GET", "/metrics", {}))
    assert (answer.status, answer.body) == (
        501,
        b"/metrics needs prometheus-client: pip install 'voicectl[metrics]'\n",
    )
    assert served["/healthz"](Request("GET", "/healthz", {})).status == 200


def test_with_the_extra_the_metrics_are_served() -> None:
    pytest.importorskip("prometheus_client", reason="needs the extra [metrics]")
    latest = LatestStatus(FakeClock())
    latest(event(WatchKind.LOOKED), GOOD)
    answer = pages(latest.snapshot, 30.0)["/metrics"](Request("GET", "/metrics", {}))
    assert answer.status == 200
    assert answer.content_type.startswith("text/plain; version=")
    assert b"voicectl_build_info" in answer.body
