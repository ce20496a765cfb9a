"""Never more paid calls a day than allowed: over restarts, deaths, other runs and lost replies."""

from __future__ import annotations

from datetime import date

import pytest

from reconciler.model.paid_calls import PaidCalls
from reconciler.model.watch import WatchKind
from tests.engine.simulated_run import Died, voice
from tests.watch.watched import Watched

HOURS = 3600.0
TODAY = date(2026, 1, 2)  # the clock of the tests begins at 03:04 UTC


def test_as_many_as_allowed_are_made_and_the_rest_waits_for_tomorrow() -> None:
    watched = Watched("a", "b", "c", most_paid=2)
    events = watched.round(10)
    assert len(watched.run.made) == 2
    (refused,) = [event for event in events if event.kind is WatchKind.REFUSED]
    assert (refused.counts, refused.addresses) == ({"daily_limit": 1}, ("c",))
    assert refused.message == "1 change waits for tomorrow (UTC): at most 2 paid calls a day are allowed"
    assert watched.status.refusals == {"daily_limit": 1}
    watched.run.clock.pass_(21 * HOURS)
    watched.round()
    assert len(watched.run.made) == 3
    assert watched.status.paid_today == 1


def test_the_default_is_one_a_voice() -> None:
    watched = Watched("a", "b", "c")
    watched.round(2)
    watched.run.world.delete_outside("a")
    watched.round(5)
    assert len(watched.run.made) == 3
    assert watched.status.paid_limit == 3


def test_a_restart_forgets_nothing() -> None:
    watched = Watched("a", "b", "c", most_paid=2)
    for _ in range(4):
        watched.round(2)
        watched.restart()
    assert len(watched.run.made) == 2


def test_the_calls_of_a_plain_apply_count() -> None:
    watched = Watched("a", "b", most_paid=3)
    watched.run.apply()
    watched.run.declare(voice("a"), voice("b"), voice("c"), voice("d"))
    watched.version += 1
    watched.round(5)
    assert len(watched.run.made) == 3


@pytest.mark.parametrize("moment", ["before", "after"])
def test_a_run_that_is_killed_around_a_call_has_counted_it(moment: str) -> None:
    watched = Watched("a", "b", "c", most_paid=2)
    calls = []

    def hook(now: str, what: str) -> None:
        if (now, what) == (moment, "create"):
            calls.append(what)
            watched.run.hook = lambda moment, what: None
            raise Died

    watched.run.hook = hook
    with pytest.raises(Died):
        watched.round()
    counted = watched.run.state.paid_calls
    assert counted is not None
    assert counted.count == 2  # both intents were durable before the first call
    watched.restart()
    watched.round(6)
    assert len(watched.run.made) <= 2


def test_the_count_is_in_the_write_of_the_intent_and_costs_no_other() -> None:
    watched = Watched("a", "b", most_paid=9)
    watched.run.apply()
    before = len(watched.run.order("append", "write"))
    other = Watched("a", "b", most_paid=9)
    other.round()
    assert len(other.run.order("append", "write")) == before
    assert other.run.state.paid_calls == PaidCalls(TODAY, 2)


def test_a_lost_reply_is_not_paid_again_beyond_the_limit() -> None:
    watched = Watched("a", "b", "c", "d", most_paid=4, reply_lost=0.5)
    watched.round(10)
    assert sorted(watched.run.living) == ["a", "b", "c", "d"]
    assert len(watched.run.made) == 4


def test_a_refused_call_is_given_back() -> None:
    watched = Watched("a", "b", most_paid=2, pack_exhausted=True)
    watched.round(3)
    counted = watched.run.state.paid_calls
    assert counted is not None
    assert counted.count == 0
    watched.run.turn(pack_exhausted=False)
    watched.round(20)
    assert sorted(watched.run.living) == ["a", "b"]


def test_a_replace_that_is_not_allowed_any_more_deletes_nothing() -> None:
    watched = Watched("a", "b", most_paid=2)
    watched.round(2)
    watched.run.declare(voice("a", sample="other"), voice("b"))
    watched.version += 1
    watched.round(3)
    assert sorted(watched.run.living) == ["a", "b"]
    assert watched.run.count("delete") == 0


def test_no_limit_counts_all_the_same() -> None:
    watched = Watched("a")
    watched.run.apply()
    assert watched.run.state.paid_calls == PaidCalls(TODAY, 1)
