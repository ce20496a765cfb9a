"""The rounds of a watch: what it reports, what it calls, what it leaves alone."""

from __future__ import annotations

from itertools import pairwise

import httpx

from reconciler.model.watch import WatchKind
from reconciler.providers.kling.account import KlingAccount
from tests.engine.simulated_run import voice
from tests.watch.watched import INTERVAL, Watched

LOOKED, DRIFTED, APPLIED, RECOVERED = WatchKind.LOOKED, WatchKind.DRIFTED, WatchKind.APPLIED, WatchKind.RECOVERED


def test_what_is_declared_is_made_and_what_was_deleted_is_made_again() -> None:
    watched = Watched("a", "b", most_paid=10)
    assert watched.kinds() == [LOOKED, DRIFTED, APPLIED]
    assert watched.kinds() == [LOOKED, RECOVERED]
    watched.run.world.delete_outside("a")
    assert watched.kinds() == [LOOKED, DRIFTED, APPLIED]
    assert watched.kinds(2) == [LOOKED, RECOVERED, LOOKED]
    assert sorted(watched.run.living) == ["a", "b"]
    assert len(watched.run.made) == 3


def test_a_watch_that_does_not_apply_writes_nothing_and_takes_no_lock() -> None:
    watched = Watched("a", "b", applies=False)
    watched.run.apply()
    watched.run.world.delete_outside("a")
    happened = len(watched.run.order("write", "append", "create", "delete"))
    watched.run.backend.lock = None  # type: ignore[assignment,method-assign]  # whoever takes it fails
    assert watched.kinds(3) == [LOOKED, DRIFTED, LOOKED, LOOKED]
    assert len(watched.run.order("write", "append", "create", "delete")) == happened
    assert watched.status.paid_limit is None


def test_a_round_with_nothing_to_do_reads_the_list_once_and_takes_no_lock() -> None:
    watched = Watched("a", "b")
    watched.round(2)
    watched.run.backend.lock = None  # type: ignore[assignment,method-assign]  # whoever takes it fails
    before = len(watched.run.happened)
    watched.round(5)
    assert [h.what for h in watched.run.happened[before:]] == ["list"] * 10  # one page, and the empty one after it


def test_a_sample_that_its_cloud_refuses_is_bought_once() -> None:
    watched = Watched("a", fail=1.0)
    assert watched.kinds() == [LOOKED, DRIFTED, WatchKind.APPLY_FAILED]
    assert set(watched.kinds(20)) <= {LOOKED, DRIFTED}
    watched.restart()
    watched.round(5)
    assert len(watched.run.made) == 1


def test_a_change_is_reported_once_and_again_after_a_restart() -> None:
    watched = Watched("a", applies=False)
    assert watched.kinds(3) == [LOOKED, DRIFTED, LOOKED, LOOKED]
    watched.restart()
    assert watched.kinds() == [LOOKED, DRIFTED]
    assert len({event.fingerprint for event in watched.events if event.kind is DRIFTED}) == 1


def test_an_account_that_is_down_backs_off_and_the_other_one_is_served() -> None:
    watched = Watched(applies=True, most_paid=10)
    watched.run.accounts["down"] = KlingAccount(type="kling", region="beijing")
    watched.run.declare(voice("a"), voice("b"), voice("d", provider="down"))
    watched.version += 1
    watched.restart()
    watched.round(2)
    assert sorted(watched.run.living) == ["a", "b", "d"]
    calls: list[str] = []

    def hook(moment: str, what: str) -> None:
        if moment == "before" and watched.run.sent is not None and "beijing" in watched.run.sent.url.host:
            calls.append(what)
            raise httpx.ConnectError("no route")

    watched.run.hook = hook
    events = watched.round(30)
    failed = [event for event in events if event.kind is WatchKind.LOOK_FAILED]
    assert {event.provider for event in failed} == {"down"}
    assert 4 <= len(failed) <= 8
    rounds_with_calls = len(failed)
    assert len(calls) <= 4 * rounds_with_calls
    watched.run.world.delete_outside("a")
    watched.round(2)
    assert "a" in watched.run.living
    watched.run.hook = lambda moment, what: None
    assert WatchKind.RECOVERED in watched.kinds(12)


def test_a_changed_manifest_is_in_force_and_a_broken_one_is_not() -> None:
    watched = Watched("a", "c", most_paid=10)
    watched.round(2)
    watched.broken, watched.version = True, 1
    assert watched.kinds(2) == [WatchKind.MANIFEST_BROKEN, LOOKED, LOOKED]
    assert watched.is_broken()
    assert "voices.yaml:3:5" in next(e.message for e in watched.events if e.kind is WatchKind.MANIFEST_BROKEN)
    watched.run.world.delete_outside("a")
    watched.round()
    assert "a" in watched.run.living
    watched.broken, watched.version = False, 2
    watched.run.declare(voice("a"), voice("b"), voice("c"))
    assert WatchKind.MANIFEST_CHANGED in watched.kinds()
    assert sorted(watched.run.living) == ["a", "b", "c"]
    assert not watched.is_broken()
    assert watched.opened == 2


def test_the_status_counts_what_is_there() -> None:
    watched = Watched("a", "b", most_paid=5)
    watched.round(2)
    status = watched.status
    assert status.voices == {("kling", "ready"): 2}
    assert status.changes == status.drift == {}
    assert (status.calls["kling", "paid"], status.paid_today, status.paid_limit) == (2, 2, 5)
    assert status.calls["kling", "read"] == watched.run.count("list") + watched.run.count("get")
    assert status.last_good_look == status.last_look is not None
    assert status.lock == "free"


def test_a_look_while_another_run_holds_the_lock_reports_no_drift_and_applies_nothing() -> None:
    watched = Watched("a", "b", most_paid=9)
    holder = watched.run.store()
    watched.round(2)
    watched.run.world.delete_outside("a")
    held = holder.locked("apply")
    with held:
        from reconciler.engine.lock_owner import LockOwner
        from reconciler.protocols.backend import Held

        info = LockOwner("ann", "elsewhere", 7).holder("id", "apply", watched.run.clock.now())
        watched.run.backend.holder = lambda: Held(info)  # type: ignore[method-assign]  # what the store says
        watched.watch = watched.started()
        assert watched.kinds() == [LOOKED]
        assert watched.status.lock == "other"
    watched.run.backend.holder = lambda: None  # type: ignore[method-assign]  # as above
    assert watched.kinds() == [LOOKED, DRIFTED, APPLIED]


def test_a_watch_looks_once_an_interval() -> None:
    watched = Watched("a")
    watched.round(2)
    before = len(watched.run.times("list"))
    watched.round(3)
    new = sorted(set(watched.run.times("list")[before:]))
    assert [later - earlier for earlier, later in pairwise(new)] == [INTERVAL, INTERVAL]


def test_a_long_task_is_waited_for_over_several_rounds_and_delays_no_other_voice() -> None:
    watched = Watched("a", "b", "c", most_paid=9)
    watched.round(2)
    watched.run.turn(task_seconds=500)
    watched.run.world.delete_outside("a")
    watched.round()
    watched.run.turn(task_seconds=2)
    watched.run.world.delete_outside("b")
    watched.round()
    assert sorted(watched.run.living) == ["b", "c"]
    kinds = watched.kinds(10)
    assert sorted(watched.run.living) == ["a", "b", "c"]
    assert WatchKind.APPLY_FAILED not in {event.kind for event in watched.events}
    assert RECOVERED in kinds
    assert len(watched.run.made) == 5


def test_a_voice_that_is_deleted_while_it_is_made_is_made_again() -> None:
    watched = Watched("a", "b", "c", most_paid=9)
    watched.round(2)
    watched.run.turn(task_seconds=20)
    watched.run.world.delete_outside("a")
    polls: list[str] = []

    def hook(moment: str, what: str) -> None:
        """Once a poll has seen the task, somebody deletes its voice."""
        polls.append(what)
        if moment == "after" and what in ("get", "list") and "create" in polls:
            watched.run.hook = lambda moment, what: None
            watched.run.world._db.execute("UPDATE creations SET deleted_at = 1 WHERE number = 4")

    watched.run.hook = hook
    watched.round(3)
    assert sorted(watched.run.living) == ["a", "b", "c"]
    assert len(watched.run.made) == 5
