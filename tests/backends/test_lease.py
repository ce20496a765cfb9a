"""How a lease is kept, and what ends it. The clock is passed in; the thread is tried with short leases."""

from __future__ import annotations

import threading
from math import inf

import pytest

from reconciler.backends.lease import RenewedLease, Unlimited
from reconciler.errors import Fenced, StateError


class Store:
    """Counts renewals, and fails them as told."""

    def __init__(self) -> None:
        self.renewals = 0
        self.fails: Exception | None = None
        self.renewed = threading.Event()

    def renew(self) -> None:
        if self.fails is not None:
            raise self.fails
        self.renewals += 1
        self.renewed.set()


def lease_at(now: list[float], store: Store, *, ttl: float = 60.0) -> RenewedLease:
    return RenewedLease(7, ttl, store.renew, since=now[0], clock=lambda: now[0])


def test_the_holder_counts_a_lease_as_over_before_anybody_else_does() -> None:
    now = [100.0]
    lease = lease_at(now, Store())
    assert (lease.fence, lease.left()) == (7, 50.0)
    now[0] += 49
    assert lease.left() == 1.0
    now[0] += 11
    assert lease.left() == -10.0


def test_a_renewal_counts_from_its_start() -> None:
    now = [100.0]
    store = Store()
    lease = lease_at(now, store)
    now[0] = 115.0
    lease.renew()
    assert lease.left() == 50.0
    lease.renewed(114.0)  # an earlier request
    assert lease.left() == 50.0
    lease.renewed(120.0)
    assert lease.left() == 55.0


def test_a_lease_that_ran_out_can_be_renewed() -> None:
    now = [0.0]
    lease = lease_at(now, Store())
    now[0] = 1000.0
    assert lease.left() < 0
    assert lease.lost is None
    lease.renew()
    assert lease.left() == 50.0


def test_only_a_takeover_ends_a_lease() -> None:
    now = [0.0]
    store = Store()
    lease = lease_at(now, store)
    store.fails = StateError("The store does not answer.")
    with pytest.raises(StateError):
        lease.renew()
    assert lease.lost is None
    store.fails = Fenced("bob@elsewhere took over.")
    with pytest.raises(Fenced):
        lease.renew()
    assert lease.lost == "bob@elsewhere took over."


def test_a_refused_append_ends_a_lease_too() -> None:
    lease = lease_at([0.0], Store())
    lease.take_over(Fenced("bob@elsewhere took over."))
    assert lease.lost == "bob@elsewhere took over."


def test_a_thread_renews_until_the_end_of_the_context() -> None:
    store = Store()
    with RenewedLease(1, 0.08, store.renew, since=0.0, clock=lambda: 0.0) as lease:
        assert store.renewed.wait(5)
    lease.wait()
    after = store.renewals
    assert not any(thread.name == "voicectl-lease" for thread in threading.enumerate())
    assert store.renewals == after


def test_a_thread_tries_again_after_a_failed_renewal() -> None:
    store = Store()
    store.fails = OSError("no route")
    with RenewedLease(1, 0.08, store.renew, since=0.0, clock=lambda: 0.0) as lease:
        store.fails = None
        assert store.renewed.wait(5)
        assert lease.lost is None


def test_a_lock_of_the_operating_system_never_ends() -> None:
    assert Unlimited().left() == inf
    assert Unlimited().lost is None
