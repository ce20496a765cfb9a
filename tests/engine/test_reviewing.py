"""`lifecycle: {replace: review}`: a candidate beside the voice, what is bought, and what each decision leaves."""

from __future__ import annotations

import contextlib
import hashlib
import random
from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.plan import Action, DriftKind
from reconciler.model.state import Status
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from tests.engine.simulated_run import Died, SimulatedRun, voice
from tests.support.sounds import wav

REVIEW = Lifecycle(replace="review")
HERE = frozenset({"narrator"})


def sample(name: str, lifecycle: Lifecycle = REVIEW, *, address: str = "narrator") -> Voice:
    """An entry of this sample; the voice has its name too."""
    made = voice(address, sample=name, lifecycle=lifecycle)
    return replace(made, inputs=made.inputs | {"voice_name": name})


A, B, C = sample("a"), sample("b"), sample("c")


def with_candidate(*, lifecycle: Lifecycle = REVIEW, **faults: Any) -> SimulatedRun:
    """The voice is of sample a, and b waits."""
    simulated = SimulatedRun(task_seconds=2, **faults)
    simulated.declare(sample("a", lifecycle))
    simulated.apply()
    simulated.declare(sample("b", lifecycle))
    simulated.apply()
    return simulated


def bought(simulated: SimulatedRun) -> list[str]:
    return [task.voice_name for task in simulated.made]


def current(simulated: SimulatedRun) -> str | None:
    """The sample of the current voice."""
    record = simulated.state.at("narrator")
    return record.voice_name if record is not None else None


def blocked_reason(simulated: SimulatedRun, **options: Any) -> str:
    changes = [change for change in simulated.plan(**options).changes if change.action is Action.BLOCKED]
    return changes[0].reason if changes else ""


# -- it is made, and stays ---------------------------------------------------------------------------------------------


def test_a_changed_sample_makes_a_candidate_and_the_address_keeps_its_voice() -> None:
    simulated = with_candidate()
    assert (current(simulated), sorted(simulated.living)) == ("a", ["a", "b"])
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]


def test_a_plan_with_a_candidate_changes_nothing_and_names_it() -> None:
    simulated = with_candidate()
    plan = simulated.plan()
    [waiting] = plan.candidates
    assert (plan.empty, waiting.voice_id, waiting.declared) == (True, simulated.living["b"], True)
    assert waiting.current_voice_id == simulated.living["a"]


def test_the_first_voice_of_an_entry_is_no_candidate() -> None:
    simulated = SimulatedRun()
    simulated.declare(A)
    simulated.apply()
    assert (current(simulated), simulated.plan().candidates) == ("a", ())


def test_applies_again_and_again_buy_nothing_more() -> None:
    simulated = with_candidate()
    for _ in range(3):
        simulated.apply()
    assert bought(simulated) == ["a", "b"]


def test_back_to_the_first_sample_keeps_the_candidate_and_back_again_finds_it() -> None:
    simulated = with_candidate()
    for entry in (A, B, A, B):
        simulated.declare(entry)
        simulated.apply()
        assert [waiting.declared for waiting in simulated.plan().candidates] == [entry is B]
    assert (bought(simulated), current(simulated)) == (["a", "b"], "a")


def test_a_replace_that_is_asked_for_is_made_for_review_too() -> None:
    simulated = SimulatedRun()
    simulated.declare(A)
    simulated.apply()
    first = simulated.record("narrator").voice_id
    simulated.apply(replace=HERE)
    assert (simulated.record("narrator").voice_id, bought(simulated)) == (first, ["a", "a"])
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]


def test_a_first_voice_that_is_still_being_made_is_replaced_without_review() -> None:
    """No application has it yet."""
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(A)
    simulated.die("after", "create")
    with pytest.raises(Died):
        simulated.apply()
    simulated.declare(B)
    for _ in range(3):
        simulated.apply()
    assert (bought(simulated), list(simulated.living), current(simulated)) == (["a", "b"], ["b"], "b")


def test_a_refused_sample_is_bought_once_and_the_voice_stays() -> None:
    simulated = SimulatedRun()
    simulated.declare(A)
    simulated.apply()
    simulated.declare(sample("bad"))
    for _ in range(3):
        simulated.apply()
    assert (bought(simulated), current(simulated)) == (["a", "bad"], "a")
    assert "its creation failed" in blocked_reason(simulated)


def test_a_protected_entry_may_have_a_candidate_and_it_is_not_accepted() -> None:
    simulated = with_candidate(lifecycle=Lifecycle(replace="review", prevent_destroy=True))
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]
    assert "prevent_destroy" in blocked_reason(simulated, accept=HERE)
    simulated.apply(accept=HERE)
    assert (current(simulated), sorted(simulated.living)) == ("a", ["a", "b"])


# -- accept ------------------------------------------------------------------------------------------------------------


def test_accept_makes_it_the_voice_and_deletes_the_old_one() -> None:
    simulated = with_candidate()
    simulated.apply(accept=HERE)
    assert (current(simulated), list(simulated.living)) == ("b", ["b"])
    assert (simulated.plan().empty, simulated.plan().candidates, bought(simulated)) == (True, (), ["a", "b"])


def test_accept_deposes_the_old_voice_in_the_write_that_binds_the_new_one() -> None:
    simulated = with_candidate()
    old = simulated.record("narrator").external_task_id
    seen = []
    simulated.hook = lambda moment, what: seen.append(simulated.state)
    simulated.apply(accept=HERE)
    for state in seen:
        held, record = state.at("narrator"), state.records[old]
        assert held is not None
        assert (held.voice_name == "b") == (record.status in (Status.DEPOSED, Status.DELETED))


def test_accept_follows_keep_old() -> None:
    simulated = with_candidate(lifecycle=Lifecycle(replace="review", keep_old=3600.0))
    simulated.apply(accept=HERE)
    assert (current(simulated), sorted(simulated.living)) == ("b", ["a", "b"])
    simulated.clock.sleep(3700)
    simulated.apply()
    assert list(simulated.living) == ["b"]


@pytest.mark.parametrize("declared", [A, C], ids=["the first sample", "a third sample"])
def test_a_candidate_that_the_entry_does_not_declare_is_not_accepted(declared: Voice) -> None:
    """It would be replaced again, and paid for again, at the next apply."""
    simulated = with_candidate()
    simulated.declare(declared)
    simulated.apply(accept=HERE)
    assert (current(simulated), sorted(simulated.living), bought(simulated)) == ("a", ["a", "b"], ["a", "b"])


def test_after_an_accept_the_first_sample_is_a_candidate_again_without_a_call_while_it_is_kept() -> None:
    keeping = Lifecycle(replace="review", keep_old=3600.0)
    simulated = with_candidate(lifecycle=keeping)
    simulated.apply(accept=HERE)
    simulated.declare(sample("a", keeping))
    simulated.apply()
    assert (current(simulated), bought(simulated)) == ("b", ["a", "b"])
    assert [waiting.voice_id for waiting in simulated.plan().candidates] == [simulated.living["a"]]


# -- reject ------------------------------------------------------------------------------------------------------------


def test_reject_deletes_it_and_keeps_the_voice() -> None:
    simulated = with_candidate()
    simulated.apply(reject=HERE)
    assert (current(simulated), list(simulated.living)) == ("a", ["a"])
    assert (simulated.plan().candidates, bought(simulated)) == ((), ["a", "b"])


def test_rejected_inputs_are_not_bought_again_until_retry() -> None:
    simulated = with_candidate()
    simulated.apply(reject=HERE)
    for entry in (B, A, B):
        simulated.declare(entry)
        simulated.apply()
    assert bought(simulated) == ["a", "b"]
    assert "was rejected" in blocked_reason(simulated)
    simulated.apply(retry=HERE)
    assert (bought(simulated), sorted(simulated.living), current(simulated)) == (["a", "b", "b"], ["a", "b"], "a")


def test_rejected_inputs_are_not_bought_without_review_either() -> None:
    simulated = with_candidate()
    simulated.apply(reject=HERE)
    simulated.declare(sample("b", Lifecycle()))
    simulated.apply()
    assert (bought(simulated), current(simulated)) == (["a", "b"], "a")


def test_a_renamed_entry_remembers_what_was_rejected() -> None:
    simulated = with_candidate()
    simulated.apply(reject=HERE)
    simulated.declare(sample("a", address="hero"))
    simulated.apply()
    simulated.declare(sample("b", address="hero"))
    simulated.apply()
    assert bought(simulated) == ["a", "b"]


def test_reject_buys_no_third_sample() -> None:
    simulated = with_candidate()
    simulated.declare(C)
    simulated.apply(reject=HERE)
    assert (list(simulated.living), bought(simulated)) == (["a"], ["a", "b"])
    simulated.apply()
    assert (bought(simulated), current(simulated)) == (["a", "b", "c"], "a")


def test_a_candidate_that_is_still_being_made_can_be_rejected() -> None:
    simulated = SimulatedRun(task_seconds=2)
    simulated.declare(A)
    simulated.apply()
    simulated.declare(B)
    simulated.die("after", "create")
    with pytest.raises(Died):
        simulated.apply()
    simulated.apply(reject=HERE)
    assert (list(simulated.living), bought(simulated), current(simulated)) == (["a"], ["a", "b"], "a")
    simulated.apply()
    assert bought(simulated) == ["a", "b"]


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_without_a_candidate_there_is_nothing_to_decide(verb: str) -> None:
    simulated = SimulatedRun()
    simulated.declare(A)
    simulated.apply()
    decided: dict[str, Any] = {verb: HERE}
    assert blocked_reason(simulated, **decided) == "it has no candidate"
    simulated.apply(**decided)
    assert list(simulated.living) == ["a"]


# -- a third sample, a removed entry, a destroy ------------------------------------------------------------------------


def test_a_third_sample_asks_because_it_pays() -> None:
    simulated = with_candidate()
    simulated.declare(C)
    simulated.apply()
    assert (bought(simulated), sorted(simulated.living)) == (["a", "b"], ["a", "b"])
    assert "a candidate of other inputs waits" in blocked_reason(simulated)
    simulated.apply(replace=HERE)
    assert (bought(simulated), sorted(simulated.living), current(simulated)) == (["a", "b", "c"], ["a", "c"], "a")


def test_a_third_sample_that_is_refused_keeps_the_candidate() -> None:
    simulated = with_candidate()
    simulated.declare(sample("bad"))
    simulated.apply(replace=HERE)
    assert sorted(simulated.living) == ["a", "b"]
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]


def test_a_removed_entry_loses_both() -> None:
    simulated = with_candidate()
    simulated.declare()
    simulated.apply(allow_deletes=1)
    assert simulated.living == {}


def test_a_destroy_deletes_both() -> None:
    simulated = with_candidate()
    simulated.apply(destroy=True)
    assert simulated.living == {}


def test_a_renamed_entry_takes_its_candidate_along() -> None:
    simulated = with_candidate()
    simulated.declare(sample("a", address="hero"))
    simulated.apply()
    simulated.declare(sample("b", address="hero"))
    simulated.apply()
    assert (bought(simulated), simulated.at_status(Status.CANDIDATE)) == (["a", "b"], ["hero"])
    simulated.apply(accept=frozenset({"hero"}))
    assert list(simulated.living) == ["b"]


def test_an_entry_that_is_renamed_with_the_inputs_of_its_candidate_is_still_the_same() -> None:
    simulated = with_candidate()
    simulated.declare(sample("b", address="hero"))
    simulated.apply()
    assert (bought(simulated), sorted(simulated.living)) == (["a", "b"], ["a", "b"])
    assert [waiting.address for waiting in simulated.plan().candidates] == ["hero"]


# -- without review any more, and gone ---------------------------------------------------------------------------------


def test_without_review_the_next_apply_takes_the_candidate_and_pays_nothing() -> None:
    simulated = with_candidate()
    simulated.declare(sample("b", Lifecycle()))
    assert [change.calls for change in simulated.plan().changes] == [(1, 0)]
    simulated.apply()
    assert (current(simulated), list(simulated.living), bought(simulated)) == ("b", ["b"], ["a", "b"])


def test_where_the_voice_is_gone_the_candidate_is_asked_about_and_nothing_is_bought() -> None:
    simulated = with_candidate()
    simulated.world.delete_outside(simulated.living["a"])
    simulated.apply(allow_recreates=1)
    assert bought(simulated) == ["a", "b"]
    assert "waits for review" in blocked_reason(simulated)
    simulated.apply(accept=HERE)
    assert (current(simulated), list(simulated.living)) == ("b", ["b"])


def test_a_candidate_that_was_deleted_outside_is_made_again_as_a_voice_is() -> None:
    simulated = with_candidate()
    simulated.world.delete_outside(simulated.living["b"])
    simulated.apply()
    assert (bought(simulated), sorted(simulated.living), current(simulated)) == (["a", "b", "b"], ["a", "b"], "a")
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]


def test_a_candidate_that_was_deleted_outside_and_is_not_declared_leaves_the_state() -> None:
    simulated = with_candidate()
    simulated.world.delete_outside(simulated.living["b"])
    simulated.declare(A)
    simulated.apply()
    assert (simulated.at_status(Status.CANDIDATE), bought(simulated)) == ([], ["a", "b"])


def test_a_list_that_hides_the_candidate_deletes_and_buys_nothing() -> None:
    simulated = with_candidate()
    simulated.turn(empty_list=True)
    simulated.apply()
    simulated.turn(empty_list=False)
    simulated.apply()
    assert (bought(simulated), simulated.at_status(Status.CANDIDATE)) == (["a", "b"], ["narrator"])


def test_a_candidate_that_is_gone_or_renamed_is_drift() -> None:
    simulated = with_candidate()
    simulated.world.rename_outside(simulated.living["b"], "another")
    assert [(found.address, found.kind) for found in simulated.plan().drift] == [("narrator", DriftKind.RENAMED)]
    simulated.world.delete_outside(simulated.living["another"])
    assert [(found.address, found.kind) for found in simulated.plan().drift] == [("narrator", DriftKind.GONE)]


# -- kill -9 -----------------------------------------------------------------------------------------------------------

DECISIONS: dict[str, tuple[Voice, dict[str, Any], list[str], str]] = {
    # what is declared, the options of the run -> the voices that live at its end, and the current one
    "make": (B, {}, ["a", "b"], "a"),
    "accept": (B, {"accept": HERE}, ["b"], "b"),
    "reject": (B, {"reject": HERE}, ["a"], "a"),
    "third": (C, {"replace": HERE}, ["a", "c"], "a"),
}


def _moments(run: Callable[[SimulatedRun], object], simulated: SimulatedRun) -> int:
    count = 0

    def hook(moment: str, what: str) -> None:
        nonlocal count
        count += 1

    simulated.hook = hook
    run(simulated)
    return count


def _at(simulated: SimulatedRun, number: int) -> None:
    """The next run dies at its write or call of this number."""
    left = number

    def hook(moment: str, what: str) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            simulated.hook = lambda moment, what: None
            simulated.workers.die(random.Random(number))
            raise Died

    simulated.hook = hook


@pytest.mark.parametrize("decision", DECISIONS)
def test_killed_at_each_point_the_same_command_ends_it_and_nothing_is_bought_twice(decision: str) -> None:
    declared, options, living, voice_now = DECISIONS[decision]

    def begun() -> SimulatedRun:
        if decision != "make":
            simulated = with_candidate()
        else:
            simulated = SimulatedRun(task_seconds=2)
            simulated.declare(A)
            simulated.apply()
        simulated.declare(declared)
        return simulated

    points = _moments(lambda simulated: simulated.apply(**options), begun())
    assert points > 5
    for point in range(1, points + 1):
        simulated = begun()
        _at(simulated, point)
        with pytest.raises(Died):
            simulated.apply(**options)
        simulated.hook = lambda moment, what: None
        again = options if decision != "third" or simulated.plan().candidates[0].declared is False else {}
        simulated.apply(**again)
        simulated.apply()
        outcome = sorted(simulated.living), current(simulated), Counter(bought(simulated)).most_common(1)[0][1]
        assert outcome == (living, voice_now, 1), f"killed at {point} of {points}"


STEPS = ["declare a", "declare b", "declare c", "apply", "apply", "accept", "reject", "lost reply", "killed", "removed"]


@given(story=st.lists(st.sampled_from(STEPS), max_size=14), seed=st.integers(0, 50), keep=st.booleans())
@example(story=["declare b", "apply", "declare c", "apply", "reject", "apply", "accept"], seed=1, keep=False)
@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow], database=None)
def test_whatever_is_decided_a_voice_that_exists_is_never_bought_again(story: list[str], seed: int, keep: bool) -> None:
    lifecycle = Lifecycle(replace="review", keep_old=1e6 if keep else None)
    simulated = SimulatedRun(task_seconds=1, seed=seed)
    simulated.declare(sample("a", lifecycle))
    simulated.apply()
    twice: list[str] = []

    def watch(moment: str, what: str) -> None:
        if (moment, what) == ("after", "create"):
            names = Counter(task.voice_name for task in simulated.made if task.deleted_at is None)
            twice.extend(name for name, count in names.items() if count > 1)

    for number, step in enumerate([*story, "apply"]):
        simulated.hook = watch
        match step.split():
            case ["declare", name]:
                simulated.declare(sample(name, lifecycle))
            case ["apply"]:
                simulated.apply()
            case [("accept" | "reject") as verb]:
                before = current(simulated)
                decided: dict[str, Any] = {verb: HERE}
                simulated.apply(**decided)
                assert verb == "accept" or current(simulated) == before
            case ["lost", "reply"]:
                simulated.turn(reply_lost=1.0)
                simulated.apply()
                simulated.turn(reply_lost=0.0)
            case ["killed"]:
                _at(simulated, 1 + (seed + number) % 12)
                with contextlib.suppress(Died):
                    simulated.apply()
            case _:  # removed, and declared again
                simulated.declare()
                simulated.apply(allow_deletes=1 if simulated.state.current else None)
                simulated.apply()
                assert keep or simulated.living == {}  # keep_old holds
                simulated.declare(sample("a", lifecycle))
        assert not twice, story[: number + 1]
        assert sum(r.status is Status.CANDIDATE for r in simulated.state.records.values()) <= 1


# -- where the cloud deletes nothing -----------------------------------------------------------------------------------


@pytest.fixture
def at_trtc(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> SimulatedRun:
    """A voice of TRTC, and a candidate beside it. TRTC has no list and no delete."""
    monkeypatch.chdir(tmp_path)
    simulated = SimulatedRun()
    simulated.accounts = {"trtc": TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1)}
    for name in ("a", "b"):
        simulated.declare(at_trtc_of(tmp_path, name))
        simulated.apply()
    return simulated


def at_trtc_of(folder: Path, name: str) -> Voice:
    sound = wav(10 if name == "a" else 11)
    (folder / f"{name}.wav").write_bytes(sound)
    local = {"file": f"{name}.wav", "sha256": hashlib.sha256(sound).hexdigest()}
    return Voice(
        address="narrator",
        provider="trtc",
        type="tencent-trtc",
        method="clone",
        inputs={"voice_name": f"voice_{name}", "prompt_audio": local},
        files={"prompt_audio": f"{name}.wav"},
        lifecycle=REVIEW,
    )


def test_where_nothing_can_be_deleted_a_rejected_candidate_is_abandoned(at_trtc: SimulatedRun, tmp_path: Path) -> None:
    at_trtc.apply(reject=HERE)
    assert (current(at_trtc), at_trtc.at_status(Status.ABANDONED)) == ("voice_a", ["narrator"])
    for _ in range(2):
        at_trtc.apply()
    assert (len(at_trtc.made), at_trtc.plan().candidates) == (2, ())
    assert "was rejected" in blocked_reason(at_trtc)
    at_trtc.apply(retry=HERE)
    assert (len(at_trtc.made), at_trtc.at_status(Status.CANDIDATE)) == (2, ["narrator"])


def test_where_nothing_can_be_deleted_accept_abandons_the_old_voice(at_trtc: SimulatedRun, tmp_path: Path) -> None:
    at_trtc.apply(accept=HERE)
    assert (current(at_trtc), at_trtc.at_status(Status.ABANDONED)) == ("voice_b", ["narrator"])
    at_trtc.declare(at_trtc_of(tmp_path, "a"))
    at_trtc.apply()
    assert (current(at_trtc), at_trtc.at_status(Status.CANDIDATE), len(at_trtc.made)) == ("voice_b", ["narrator"], 2)
