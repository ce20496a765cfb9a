"""When the probes say yes, and when they say no: by a table of events and of the seconds after them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from reconciler.model.watch import WatchKind, WatchStatus
from reconciler.watch.latest_status import LatestStatus
from reconciler.watch.probes import health, readiness
from tests.support.clock import FakeClock
from tests.watch.statuses import AT, EMPTY, GOOD, event

APPLIES = replace(GOOD, paid_limit=5)
PENDING = replace(APPLIES, changes={("kling", "create"): 2})
BLOCKED = replace(APPLIES, changes={("kling", "blocked"): 2, ("kling", "create"): 0})


@pytest.mark.parametrize(
    ("kind", "status", "seconds", "healthy", "ready"),
    [
        (WatchKind.STARTED, EMPTY, 0, True, False),
        (WatchKind.LOOKED, GOOD, 59, True, True),
        (WatchKind.LOOKED, GOOD, 91, True, False),  # three intervals of 30 s
        (WatchKind.LOOKED, GOOD, 301, False, False),  # no look takes so long
        (WatchKind.LOOK_FAILED, EMPTY, 10, True, False),
        (WatchKind.BACKING_OFF, GOOD, 1199, True, False),  # a cloud that is down restarts no pod
        (WatchKind.BACKING_OFF, GOOD, 1201, False, False),
        (WatchKind.LOOKED, PENDING, 1889, True, True),  # tasks are waited for
        (WatchKind.LOOKED, PENDING, 1891, True, False),
        (WatchKind.LOOKED, PENDING, 2101, False, False),
        (WatchKind.LOOKED, APPLIES, 2099, True, False),  # it may have begun to apply
        (WatchKind.LOOKED, BLOCKED, 91, True, False),
        (WatchKind.MANIFEST_BROKEN, replace(GOOD, manifest_broken=True), 10, True, True),
        (WatchKind.STOPPED, GOOD, 0, True, False),
    ],
)
def test_the_probes_follow_from_the_last_event(
    kind: WatchKind, status: WatchStatus, seconds: float, *, healthy: bool, ready: bool
) -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(kind), status)
    clock.pass_(seconds)
    assert health(latest.snapshot(), 30.0).is_good is healthy
    assert readiness(latest.snapshot(), 30.0).is_good is ready


def test_a_long_interval_leaves_three_rounds() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.LOOKED), GOOD)
    clock.pass_(1799)
    assert health(latest.snapshot(), 600.0).is_good
    clock.pass_(2)
    assert health(latest.snapshot(), 600.0).reasons == (
        "voices.yaml: no look ended for 1801 s; at most 1800 s are expected.",
    )


def test_a_broken_manifest_while_the_state_is_down_does_not_shorten_the_time() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.BACKING_OFF), GOOD)
    latest(event(WatchKind.MANIFEST_BROKEN), replace(GOOD, manifest_broken=True))
    clock.pass_(900)
    assert health(latest.snapshot(), 30.0).is_good
    latest(event(WatchKind.LOOKED), GOOD)
    clock.pass_(301)
    assert not health(latest.snapshot(), 30.0).is_good


def test_a_loop_that_never_reports_is_not_healthy_after_the_limit() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    assert health(latest.snapshot(), 30.0).is_good
    assert readiness(latest.snapshot(), 30.0).reasons == ("No look has ended yet.",)
    clock.pass_(301)
    assert health(latest.snapshot(), 30.0).reasons == ("The loop reported nothing since it started 301 s ago.",)


def test_one_stale_manifest_of_two_is_named() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.LOOKED, "games.yaml"), replace(GOOD, manifest="games.yaml"))
    clock.pass_(100)
    latest(event(WatchKind.LOOKED, "film.yaml"), replace(GOOD, manifest="film.yaml"))
    assert readiness(latest.snapshot(), 30.0).reasons == (
        "games.yaml: the last good look was 100 s ago; at most 90 s are expected.",
    )


def test_failed_looks_keep_the_loop_healthy_and_make_it_unready() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.LOOKED), GOOD)
    for _ in range(10):
        clock.pass_(30)
        latest(event(WatchKind.LOOK_FAILED), replace(GOOD, failures=1))
    assert health(latest.snapshot(), 30.0).is_good
    assert not readiness(latest.snapshot(), 30.0).is_good


def test_a_wall_clock_that_jumps_changes_no_answer() -> None:
    clock = FakeClock()
    latest = LatestStatus(clock)
    latest(event(WatchKind.LOOKED), GOOD)
    clock.ahead = -86400
    latest(event(WatchKind.LOOKED), replace(GOOD, last_good_look=AT - timedelta(days=1)))
    assert readiness(latest.snapshot(), 30.0).is_good
