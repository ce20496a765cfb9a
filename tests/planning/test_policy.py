"""Tests the safety thresholds, when a saved plan is refused, and which of its changes still run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from reconciler.errors import PlanSpent, PlanStale
from reconciler.hints import hint, way
from reconciler.model.manifest import Safety
from reconciler.model.plan import Action, Plan
from reconciler.model.state import State
from reconciler.planning import policy
from tests.planning import cases
from tests.support.hints import in_words

TEN = [f"v{n}" for n in range(10)]


def _of_ten(*, removed: int = 0, changed: int = 0, gone: int = 0, safety: dict[str, float] | None = None) -> Plan:
    """Ten recorded voices, some of them removed, changed, or deleted outside of voicectl."""
    left, renamed, lost = TEN[:removed], TEN[removed : removed + changed], TEN[-gone:] if gone else []
    return cases.plan(
        {
            "voices": {v: {"create": {"voice_name": "Other"}} if v in renamed else {} for v in TEN if v not in left},
            "records": {f"{v}@1": "ready" for v in TEN},
            "seen": {f"{v}@1": "absent" for v in lost},
            "safety": safety or {},
        }
    )


def test_three_of_ten_is_not_over_thirty_percent() -> None:
    assert _of_ten(removed=3).stops == ()


def test_four_of_ten_stops_and_names_its_number() -> None:
    (stop,) = _of_ten(removed=4).stops
    assert stop.what == "4 of 10 recorded voices would be deleted, replaced or forgotten, and the limit is 30 %"
    assert stop.hint == hint(way("If you want that", "--allow-deletes", 4))


def test_deletions_and_replacements_count_together() -> None:
    assert len(_of_ten(removed=2, changed=2).stops) == 1


def test_too_many_voices_to_be_bought_again_are_blocked_and_the_rest_continues() -> None:
    plan = _of_ten(removed=3, gone=4)
    assert plan.stops == ()
    assert (plan.summary["delete"], plan.summary["create"], plan.summary["blocked"]) == (3, 0, 4)
    (said,) = {change.hint for change in plan.changes if change.action is Action.BLOCKED}
    assert said == hint(way("If they are really deleted", "--allow-recreates", 4))


def test_three_of_ten_that_are_gone_are_bought_again() -> None:
    assert _of_ten(gone=3).summary["create"] == 3


def test_the_manifest_sets_how_many_may_be_bought_again() -> None:
    assert _of_ten(gone=1, safety={"max_recreate_percent": 0}).summary["blocked"] == 1
    assert _of_ten(gone=9, safety={"max_recreate_percent": 90}).summary["create"] == 9


def test_the_manifest_sets_the_percentages() -> None:
    assert len(_of_ten(removed=1, safety={"max_delete_percent": 0}).stops) == 1
    assert _of_ten(removed=9, safety={"max_delete_percent": 90}).stops == ()


def test_with_nine_voices_no_percentage_is_checked() -> None:
    nine = TEN[:9]
    plan = cases.plan({"voices": {"v0": {}}, "records": {f"{v}@1": "ready" for v in nine}})
    assert plan.stops == ()


def test_destroy_is_the_request_itself() -> None:
    case = {"voices": {v: {} for v in TEN}, "records": {f"{v}@1": "ready" for v in TEN}, "options": {"destroy": True}}
    plan = cases.plan(case)
    assert plan.summary["delete"] == 10
    assert plan.stops == ()


def test_cleaning_up_after_a_replace_counts_as_nothing() -> None:
    records = {f"{v}@2": "ready" for v in TEN} | {f"{v}@1": "deposed" for v in TEN}
    plan = cases.plan({"voices": {v: {} for v in TEN}, "records": records})
    assert plan.summary["delete"] == 10
    assert plan.stops == ()


def test_forgetting_a_creation_that_failed_loses_no_voice() -> None:
    records = {f"{v}@1": "failed" if n < 4 else "ready" for n, v in enumerate([*TEN, "w0", "w1", "w2", "w3"])}
    plan = cases.plan({"voices": {v: {} for v in [*TEN, "w0", "w1", "w2", "w3"][4:]}, "records": records})
    assert plan.summary["forget"] == 4
    assert plan.stops == ()


# --- a saved plan -------------------------------------------------------------------------------------------------

CHANGED: dict[str, Any] = {"voices": {"n": {"create": {"voice_name": "New"}}}, "records": {"n@1": "ready"}}


def _fresh(plan: Plan, state: State, **update: Any) -> State:
    return policy.check_fresh(plan, state.model_copy(update=update), manifest="voices.yaml")


def test_a_plan_is_good_for_the_state_it_was_made_from() -> None:
    state = cases.state_of(CHANGED)
    assert _fresh(cases.plan(CHANGED), state) == state


def test_a_plan_is_refused_when_the_serial_moved_on() -> None:
    with pytest.raises(PlanStale, match=r"serial 7 of the state\. The state is at serial 8 now"):
        _fresh(cases.plan(CHANGED), cases.state_of(CHANGED), serial=8)


def test_a_plan_is_refused_on_another_lineage() -> None:
    with pytest.raises(PlanStale, match="another state"):
        _fresh(cases.plan(CHANGED), cases.state_of(CHANGED), lineage="deadbeef-0000")


def test_a_plan_is_refused_for_another_manifest() -> None:
    with pytest.raises(PlanStale, match=r"made for voices\.yaml"):
        policy.check_fresh(cases.plan(CHANGED), cases.state_of(CHANGED), manifest="others.yaml")


def test_a_plan_can_be_applied_only_once() -> None:
    plan = cases.plan(CHANGED)
    with pytest.raises(PlanSpent):
        _fresh(plan, cases.state_of(CHANGED), applied=plan.plan_id)


def test_a_plan_whose_run_was_interrupted_continues_whatever_the_serial() -> None:
    plan = cases.plan(CHANGED)
    assert _fresh(plan, cases.state_of(CHANGED), applying=plan.plan_id, serial=12).serial == 12


def test_a_plan_made_before_there_was_a_state_begins_its_lineage() -> None:
    plan = replace(cases.plan({"voices": {"n": {}}}), serial=0)
    assert policy.check_fresh(plan, State(lineage="another"), manifest="voices.yaml").lineage == plan.lineage


def _restricted(approved: dict[str, Any], fresh: dict[str, Any], *, resumed: bool = False) -> list[tuple[str, Action]]:
    plan = policy.restrict_to(cases.plan(fresh), cases.plan(approved), resumed=resumed)
    assert plan.plan_id == cases.plan(approved).plan_id
    return [(change.address, change.action) for change in plan.changes]


def test_the_same_plan_made_now_runs_whole() -> None:
    assert _restricted(CHANGED, CHANGED) == [("n", Action.REPLACE)]


def test_what_was_not_reviewed_does_not_run() -> None:
    more = {"voices": {**CHANGED["voices"], "extra": {}}, "records": CHANGED["records"]}
    assert _restricted(CHANGED, more) == [("n", Action.REPLACE)]


def test_inputs_that_changed_since_the_review_are_refused() -> None:
    other = {"voices": {"n": {"create": {"voice_name": "Newer"}}}, "records": {"n@1": "ready"}}
    with pytest.raises(PlanStale, match=r"n: the reviewed change \(replace\) does not fit any more"):
        _restricted(CHANGED, other)
    with pytest.raises(PlanStale, match=r"n: the reviewed change \(replace\) does not fit any more"):
        _restricted(CHANGED, other, resumed=True)


def test_a_reviewed_creation_that_is_not_needed_any_more_is_refused_beside_a_deletion() -> None:
    approved = {"voices": {"new": {}}, "records": {"old@1": "ready"}}
    with pytest.raises(PlanStale, match=r"new: the reviewed change \(create\) does not fit any more"):
        _restricted(approved, {"voices": {}, "records": {"old@1": "ready"}})


def test_a_deletion_of_what_is_declared_again_is_refused() -> None:
    approved = {"voices": {"hero": {}}, "records": {"hero@1": "ready", "n@1": "ready"}}
    with pytest.raises(PlanStale, match=r"n: the reviewed change \(delete\) does not fit any more"):
        _restricted(approved, {"voices": {"hero": {}, "n": {}}, "records": approved["records"]})


@pytest.mark.parametrize("resumed", [False, True])
def test_a_creation_that_moved_to_another_account_since_the_review_is_refused(resumed: bool) -> None:
    here, there = ({"voices": {"n": {}}, "providers": {"kling": f"kling https://{host}.example.com"}} for host in "ab")
    with pytest.raises(PlanStale, match=r"n: the reviewed change \(create\) does not fit any more"):
        _restricted(here, there, resumed=resumed)


@pytest.mark.parametrize("unkept", [{}, {"create_before_destroy": False}])
def test_a_replace_that_would_delete_otherwise_than_reviewed_is_refused(unkept: dict[str, Any]) -> None:
    def lived(lifecycle: dict[str, Any]) -> dict[str, Any]:
        entry = {"create": {"voice_name": "Newer"}, "lifecycle": lifecycle}
        return {"voices": {"n": entry}, "records": {"n@1": "ready"}}

    with pytest.raises(PlanStale, match=r"n: the reviewed change \(replace\) does not fit any more"):
        _restricted(lived({"keep_old": "24h"}), lived(unkept))


def test_labels_that_changed_since_the_review_are_refused() -> None:
    def labelled(tier: str) -> dict[str, Any]:
        return {"voices": {"n": {"labels": {"tier": tier}}}, "records": {"n@1": "ready"}}

    assert _restricted(labelled("gold"), labelled("gold")) == [("n", Action.UPDATE)]
    with pytest.raises(PlanStale, match=r"n: the reviewed change \(update\) does not fit any more"):
        _restricted(labelled("gold"), labelled("silver"))


def test_a_voice_that_is_gone_by_now_is_forgotten_instead_of_deleted() -> None:
    approved = {"voices": {"hero": {}}, "records": {"hero@1": "ready", "n@1": "ready"}}
    assert _restricted(approved, {**approved, "seen": {"n@1": "absent"}}) == [("n", Action.FORGET)]


def test_what_can_not_be_checked_now_is_blocked_instead_of_made() -> None:
    seen = {**CHANGED, "seen": {"n@1": "unknown: HTTP 503"}}
    assert _restricted(CHANGED, seen) == [("n", Action.BLOCKED)]


BLOCKED: dict[str, dict[str, Any]] = {  # what a plan can be blocked by, each at the address n
    "an official voice that is gone": {
        "voices": {"n": {"preset": {"voice_id": "829"}}},
        "records": {"n@1": {"status": "ready", "preset": {"voice_id": "829"}}},
        "seen": {"n@1": "absent"},
    },
    "an official voice that is not listed": {"voices": {"n": {"preset": {"voice_id": "829"}}}},
    "an existing voice that is not listed": {"voices": {"n": {"existing": {"voice_id": "850"}}}},
    "a creation that failed": {"voices": {"n": {}}, "records": {"n@1": "failed"}},
    "an uncertain creation": {"voices": {"n": {}}, "records": {"n@1": "uncertain"}},
    "a voice that can't be looked at": {
        "voices": {"n": {}},
        "records": {"n@1": "ready"},
        "seen": {"n@1": "unknown: HTTP 503"},
    },
    "prevent_destroy": {
        "voices": {"n": {"create": {"voice_name": "Newer"}, "lifecycle": {"prevent_destroy": True}}},
        "records": {"n@1": "ready"},
    },
    "prevent_destroy of a removed entry": {
        "voices": {},
        "records": {"n@1": {"status": "ready", "lifecycle": {"prevent_destroy": True}}},
    },
}


@pytest.mark.parametrize("resumed", [False, True])
@pytest.mark.parametrize("why", BLOCKED)
def test_what_is_blocked_in_a_saved_plan_stays_blocked(why: str, resumed: bool) -> None:
    assert _restricted(BLOCKED[why], BLOCKED[why], resumed=resumed) == [("n", Action.BLOCKED)]


def test_what_was_blocked_and_is_free_now_is_not_done_and_says_that_it_waits_for_a_review() -> None:
    approved, fresh = cases.plan(BLOCKED["a creation that failed"]), cases.plan({"voices": {"n": {}}})
    (change,) = policy.restrict_to(fresh, approved, resumed=False).changes
    assert (change.action, change.key, change.found) == (Action.BLOCKED, None, None)
    assert (
        change.reason == "it was blocked in the saved plan; the change that is possible now (create) was not reviewed"
    )
    assert in_words(change.hint) == "Review it: voicectl plan --out FILE"


def test_what_was_blocked_and_is_in_order_now_is_not_a_change() -> None:
    fine = {**BLOCKED["a voice that can't be looked at"], "seen": {}}
    assert _restricted(BLOCKED["a voice that can't be looked at"], fine) == []


def test_what_is_blocked_only_now_is_shown_too() -> None:
    reviewed: dict[str, Any] = {"voices": {"n": {}}, "records": {"n@1": "ready"}}
    assert _restricted(reviewed, {**reviewed, "seen": {"n@1": "unknown: HTTP 503"}}) == [("n", Action.BLOCKED)]


def test_a_continued_replace_finishes_what_was_begun() -> None:
    new = {"create": {"voice_name": "New"}}
    begun = {**CHANGED, "records": {"n@1": "ready", "n@2": {"status": "running", "beside": True, **new}}}
    assert _restricted(CHANGED, begun, resumed=True) == [("n", Action.REPLACE)]
    bound = {**CHANGED, "records": {"n@1": "deposed", "n@2": {"status": "ready", **new}}}
    assert _restricted(CHANGED, bound, resumed=True) == [("n", Action.DELETE)]


def test_a_continued_run_does_not_repeat_what_is_done() -> None:
    done = {**CHANGED, "records": {"n@1": "deleted", "n@2": {"status": "ready", **CHANGED["voices"]["n"]}}}
    assert _restricted(CHANGED, done, resumed=True) == []


def test_a_continued_run_replaces_only_once() -> None:
    approved = {"voices": {"n": {}}, "records": {"n@1": "ready"}, "options": {"replace": ["n"]}}
    done = {**approved, "records": {"n@1": "deleted", "n@2": "ready"}}
    assert [c.action for c in cases.plan(done).changes] == [Action.REPLACE]
    assert _restricted(approved, done, resumed=True) == []


def test_a_continued_run_retries_only_once() -> None:
    approved = {"voices": {"n": {}}, "records": {"n@1": "failed"}, "options": {"retry": ["n"]}}
    failed_again = {**approved, "records": {"n@1": {"status": "failed", "beside": True}, "n@2": "failed"}}
    assert [c.action for c in cases.plan(failed_again).changes] == [Action.CREATE]
    assert _restricted(approved, failed_again, resumed=True) == []


def test_a_saved_plan_keeps_its_own_stops() -> None:
    approved = _of_ten(removed=4)
    assert policy.restrict_to(approved, approved, resumed=False).stops == approved.stops


def test_losing_counts_what_takes_a_voice_from_its_address() -> None:
    case = {"voices": {"n": {"create": {"voice_name": "New"}}}, "records": {"n@1": "ready", "old@1": "ready"}}
    lost = policy.removing(cases.plan(case).changes, cases.state_of(case))
    assert sorted(change.address for change in lost) == ["n", "old"]


def test_a_threshold_is_passed_by_its_number_only() -> None:
    plan = _of_ten(removed=4)
    state = cases.state_of({"records": {f"{v}@1": "ready" for v in TEN}})
    assert policy.check(plan.changes, state, Safety(), allow_deletes=4, declared=6) == ()
    assert len(policy.check(plan.changes, state, Safety(), allow_deletes=5, declared=6)) == 1
