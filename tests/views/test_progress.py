"""The block below a running apply."""

from __future__ import annotations

from collections.abc import Callable
from functools import reduce

from reconciler.model.events import Event, Kind, Tally
from reconciler.views import progress


def test_progress_reads_as_its_golden_file_says(golden: Callable[[str, str], None]) -> None:
    tally = Tally(total=50, done=22, running=3, failed=1, blocked=1, calls=27, seconds=12.5)
    running = [("narrator", "create", 3.2), ("hero", "replace", 71.0), ("extra", "delete", 0.1)]
    golden("progress.txt", progress.lines(tally, running, left=13.2))


def test_before_there_is_an_estimate_none_is_shown() -> None:
    assert progress.lines(Tally(total=5, running=5), []).splitlines() == [
        "[........................] 0/5  0 done, 5 running",
        "0.0 s, 0 calls, 0.0 a second",
    ]


def test_an_estimate_is_reported_in_round_numbers() -> None:
    told = [progress.lines(Tally(total=5, done=1), [], left=left).split(", ")[-1] for left in (0.4, 1.2, 61.0, 4000.0)]
    assert told == ["a moment left", "about 2 s left", "about 1 min 5 s left", "about 1 h 7 min left"]


def test_at_the_end_nothing_is_left() -> None:
    assert progress.lines(Tally(total=2, done=2, calls=4, seconds=2), []).splitlines() == [
        "[########################] 2/2  2 done, 0 running",
        "2.0 s, 4 calls, 2.0 a second",
    ]


def test_an_empty_run_is_a_full_bar() -> None:
    assert progress.lines(Tally(), []).startswith("[########################] 0/0")


def test_the_longest_running_eight_are_named_and_the_rest_counted() -> None:
    running = [(f"v{i}", "create", float(i)) for i in range(20)]
    rows = progress.lines(Tally(total=20, running=20), running).splitlines()[2:]
    assert rows[0] == "  v19  create  19.0 s"
    assert rows[-1] == "  and 12 more"
    assert len(rows) == 9


def test_a_tally_is_counted_on_from_the_events() -> None:
    happened = [Kind.BLOCKED, Kind.STARTED, Kind.ACCEPTED, Kind.DONE, Kind.STARTED, Kind.SLOWED, Kind.FAILED]
    events = [Event(kind=kind, address="narrator") for kind in happened]
    assert reduce(progress.after, events, Tally(total=3)) == Tally(total=3, done=1, failed=1, blocked=1, calls=2)


def test_an_events_own_tally_counts_more_than_the_count() -> None:
    told = Tally(total=9, done=8)
    assert progress.after(Tally(total=3), Event(kind=Kind.DONE, tally=told)) == told
