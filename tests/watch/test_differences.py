"""What one look finds, compared with the next."""

from __future__ import annotations

from reconciler.model.plan import Action, Change, Drift, DriftKind, Plan
from reconciler.watch.differences import addresses, counted, differences, fingerprint, said

PLAN = Plan(
    plan_id="p",
    lineage="0123",
    serial=1,
    manifest="voices.yaml",
    changes=(
        Change(address="a", provider="kling", action=Action.CREATE),
        Change(address="b", provider="down", action=Action.BLOCKED),
        Change(address="c", provider="kling", action=Action.BLOCKED),
    ),
    drift=(Drift(address="a", provider="kling", kind=DriftKind.GONE),),
)


def test_what_is_blocked_because_its_account_can_not_be_read_is_no_difference() -> None:
    found = differences(PLAN, {"down"})
    assert found == {("gone", "a"), ("create", "a"), ("blocked", "c")}
    assert addresses(found) == ("a", "c")
    assert said(counted(found)) == "1 blocked, 1 create, 1 gone"


def test_the_same_differences_have_the_same_fingerprint_in_every_process() -> None:
    one, other = frozenset({("gone", "b"), ("gone", "a")}), frozenset({("gone", "a"), ("gone", "b")})
    assert fingerprint(one) == fingerprint(other) == "a7bba8750c2b89d7"
    assert fingerprint("a", "b") != fingerprint("ab")
