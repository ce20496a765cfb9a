"""The count of the day's paid calls: by whom it grows, and when it begins again."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.model import statefile
from reconciler.model.paid_calls import PaidCalls, added, made_on
from reconciler.model.state import State

TODAY, TOMORROW, YESTERDAY = date(2026, 1, 2), date(2026, 1, 3), date(2026, 1, 1)


@pytest.mark.parametrize(
    ("counted", "more", "then"),
    [
        (None, PaidCalls(TODAY, 1), PaidCalls(TODAY, 1)),  # a state of an older voicectl
        (PaidCalls(TODAY, 3), PaidCalls(TODAY, 1), PaidCalls(TODAY, 4)),
        (PaidCalls(YESTERDAY, 9), PaidCalls(TODAY, 1), PaidCalls(TODAY, 1)),
        (PaidCalls(TODAY, 3), PaidCalls(TODAY, -1), PaidCalls(TODAY, 2)),  # proven not to be made
        (PaidCalls(TODAY, 3), PaidCalls(YESTERDAY, -1), PaidCalls(TODAY, 3)),  # that one does not count any more
        (PaidCalls(YESTERDAY, 3), PaidCalls(TODAY, -1), PaidCalls(YESTERDAY, 3)),
        (None, PaidCalls(TODAY, -1), None),
        (PaidCalls(TOMORROW, 3), PaidCalls(TODAY, 1), PaidCalls(TOMORROW, 4)),  # another machine's clock is ahead
        (PaidCalls(date(2099, 1, 1), 3), PaidCalls(TODAY, 1), PaidCalls(TODAY, 1)),  # that clock was wrong
    ],
)
def test_the_count_after_a_change(counted: PaidCalls | None, more: PaidCalls, then: PaidCalls | None) -> None:
    assert added(counted, more) == then


@pytest.mark.parametrize(
    ("counted", "made"),
    [
        (None, 0),
        (PaidCalls(YESTERDAY, 3), 0),
        (PaidCalls(TODAY, 3), 3),
        (PaidCalls(TOMORROW, 3), 3),
        (PaidCalls(date(2099, 1, 1), 3), 0),
    ],
)
def test_what_counts_today(counted: PaidCalls | None, made: int) -> None:
    assert made_on(counted, TODAY) == made


def test_a_state_keeps_the_count_in_snapshots_and_in_journal_entries() -> None:
    before = State(lineage="0123", serial=1)
    after = before.with_changes(paid_calls=PaidCalls(TODAY, 2)).numbered(2)
    assert statefile.load(statefile.dump(after)).paid_calls == PaidCalls(TODAY, 2)
    assert b"paid_calls" not in statefile.dump(before)
    line = statefile.entry(before, after, touched=())
    assert statefile.fold(before, [line]).paid_calls == PaidCalls(TODAY, 2)
