"""`lifecycle: {replace: review}`, and what comes in between: protection, kills, other accounts, an expired consent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from reconciler.engine import import_resolve
from reconciler.engine.session import Request
from reconciler.errors import PlanStale, SafetyStop
from reconciler.model.consent import Consent
from reconciler.model.manifest import Lifecycle, Safety, Voice
from reconciler.model.plan import Action
from reconciler.model.state import Status
from reconciler.planning.scope import Scope
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.sandbox.kling.responses import PRESETS
from tests.engine.simulated_run import Died, SimulatedRun
from tests.engine.test_found_at_tencent import of_vod
from tests.engine.test_reviewing import (
    HERE,
    REVIEW,
    A,
    B,
    C,
    at_trtc_of,
    blocked_reason,
    bought,
    current,
    sample,
    with_candidate,
)

OFFICIAL = next(iter(PRESETS))


def killed_after_the_call(simulated: SimulatedRun, **options: Any) -> None:
    """The run dies when the cloud has accepted the creation."""
    simulated.die("after", "create")
    with pytest.raises(Died):
        simulated.apply(**options)


def killed_third(declared: Voice) -> SimulatedRun:
    """The voice is of sample a, b waits, and a run that pays for another voice is killed."""
    simulated = with_candidate()
    simulated.declare(declared)
    killed_after_the_call(simulated, replace=HERE)
    return simulated


# -- prevent_destroy ---------------------------------------------------------------------------------------------------


def test_a_protected_voice_stays_when_the_entry_asks_for_no_review_any_more() -> None:
    simulated = with_candidate(lifecycle=Lifecycle(replace="review", prevent_destroy=True))
    simulated.declare(sample("b", Lifecycle(prevent_destroy=True)))
    assert "prevent_destroy" in blocked_reason(simulated)
    simulated.apply()
    assert (current(simulated), sorted(simulated.living), bought(simulated)) == ("a", ["a", "b"], ["a", "b"])


# -- a killed third sample ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("declared", [A, B, C], ids=["a", "b", "c"])
@pytest.mark.parametrize("third", [B, C], ids=["b again", "c"])
def test_what_a_killed_replace_has_paid_for_takes_the_place_of_the_candidate(third: Voice, declared: Voice) -> None:
    simulated = killed_third(third)
    simulated.declare(declared)
    for _ in range(2):
        simulated.apply()
    name = third.inputs["voice_name"]
    assert (bought(simulated), current(simulated), sorted(simulated.living)) == (["a", "b", name], "a", ["a", name])
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]
    [waiting] = simulated.plan().candidates
    assert waiting.voice_id == simulated.living[name]


def test_an_accept_leaves_the_creation_of_a_third_voice_alone() -> None:
    simulated = killed_third(C)
    simulated.declare(B)
    simulated.apply(accept=HERE)
    assert current(simulated) == "b"
    simulated.apply()
    assert (bought(simulated), sorted(simulated.living)) == (["a", "b", "c"], ["b", "c"])
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]


def test_a_reject_ends_the_candidate_and_the_creation_of_a_third_voice() -> None:
    simulated = killed_third(C)
    simulated.apply(reject=HERE)
    assert (list(simulated.living), current(simulated)) == (["a"], "a")
    simulated.apply()
    assert bought(simulated) == ["a", "b", "c"]


# -- a candidate on another account ------------------------------------------------------------------------------------

BEIJING = KlingAccount(type="kling", region="beijing")


def at(provider: str, entry: Voice) -> Voice:
    return replace(entry, provider=provider)


def with_candidate_elsewhere() -> SimulatedRun:
    """The candidate is on another account than the voice, and the entry declares the first sample again."""
    simulated = SimulatedRun(task_seconds=2)
    simulated.accounts = {"kling": KlingAccount(type="kling"), "beijing": BEIJING}
    for entry in (A, at("beijing", B), A):
        simulated.declare(entry)
        simulated.apply()
    assert simulated.at_status(Status.CANDIDATE) == ["narrator"]
    return simulated


def test_a_candidate_whose_provider_is_not_declared_is_not_replaced_and_nothing_is_bought() -> None:
    simulated = with_candidate_elsewhere()
    del simulated.accounts["beijing"]
    simulated.declare(C)
    simulated.apply(replace=HERE)
    assert (bought(simulated), current(simulated)) == (["a", "b"], "a")
    assert "its candidate is at the provider beijing" in blocked_reason(simulated, replace=HERE)


def test_a_reject_is_blocked_while_the_provider_of_the_candidate_is_not_declared() -> None:
    simulated = with_candidate_elsewhere()
    del simulated.accounts["beijing"]
    simulated.apply(reject=HERE)
    assert "its candidate is at the provider beijing" in blocked_reason(simulated, reject=HERE)
    simulated.accounts["beijing"] = BEIJING
    simulated.apply(reject=HERE)
    assert (list(simulated.living), current(simulated)) == (["a"], "a")


def test_a_candidate_of_another_account_is_accepted_and_the_old_voice_is_deleted_there() -> None:
    simulated = with_candidate_elsewhere()
    simulated.declare(at("beijing", B))
    simulated.apply(accept=HERE)
    assert (list(simulated.living), simulated.record("narrator").provider) == (["b"], "beijing")


# -- a candidate that the list does not show ---------------------------------------------------------------------------


def test_candidates_that_a_list_hides_are_neither_bought_again_nor_forgotten() -> None:
    """As voices: what a list hides of many voices at once is probably not deleted."""
    names = [f"voice{number:02}" for number in range(12)]
    simulated = SimulatedRun()
    simulated.safety = Safety()
    simulated.declare(*(sample(f"{name}-1", address=name) for name in names))
    simulated.apply()
    simulated.declare(*(sample(f"{name}-2", address=name) for name in names))
    simulated.apply()
    for voice in [v for v in simulated.world.voices() if v.voice_name.endswith("-2")]:
        simulated.world.delete_outside(voice.voice_id)
    simulated.apply()
    assert len(bought(simulated)) == 24
    assert len(simulated.at_status(Status.CANDIDATE)) == 12
    simulated.declare(*(sample(f"{name}-1", address=name) for name in names))
    simulated.apply()
    assert len(simulated.at_status(Status.CANDIDATE)) == 12


# -- consent -----------------------------------------------------------------------------------------------------------


def without_consent(entry: Voice, when_expired: str) -> Voice:
    consent = Consent.model_validate({"owner": "The speaker", "expires": "2020-01-01", "when_expired": when_expired})
    return replace(entry, consent=consent)


@pytest.mark.parametrize("when_expired", ["error", "delete"])
def test_without_consent_reject_deletes_the_candidate_only(when_expired: str) -> None:
    simulated = with_candidate()
    simulated.declare(without_consent(B, when_expired))
    assert [change.action for change in simulated.plan(reject=HERE).changes] == [Action.DELETE]
    simulated.apply(reject=HERE)
    assert list(simulated.living) == ["a"]


@pytest.mark.parametrize("when_expired", ["error", "delete"])
def test_without_consent_nothing_is_accepted_and_accept_deletes_nothing(when_expired: str) -> None:
    simulated = with_candidate()
    simulated.declare(without_consent(B, when_expired))
    assert "the consent of The speaker ended" in blocked_reason(simulated, accept=HERE)
    simulated.apply(accept=HERE)
    assert (sorted(simulated.living), current(simulated)) == (["a", "b"], "a")


# -- the voice of a candidate under another method ---------------------------------------------------------------------


def test_a_candidate_that_the_entry_declares_as_existing_is_never_deleted_as_a_candidate() -> None:
    simulated = with_candidate()
    chosen = simulated.living["b"]
    simulated.declare(Voice("narrator", "kling", "kling", "existing", {"voice_id": chosen}, lifecycle=Lifecycle()))
    simulated.apply()
    assert (simulated.record("narrator").voice_id, list(simulated.living)) == (chosen, ["b"])
    assert simulated.plan().candidates == ()
    simulated.apply(reject=HERE)
    assert (list(simulated.living), bought(simulated)) == (["b"], ["a", "b"])


def test_an_official_voice_in_place_of_a_reviewed_one_asks_nothing_about_payment() -> None:
    simulated = with_candidate()
    simulated.declare(Voice("narrator", "kling", "kling", "preset", {"voice_id": OFFICIAL}))
    simulated.apply()
    assert (simulated.record("narrator").voice_id, list(simulated.living)) == (OFFICIAL, ["b"])
    simulated.apply(reject=HERE)
    assert simulated.living == {}


# -- labels and the lifecycle of a voice whose candidate waits ---------------------------------------------------------


def test_labels_and_protection_are_kept_for_the_voice_while_its_candidate_waits() -> None:
    simulated = with_candidate()
    protected = Lifecycle(replace="review", prevent_destroy=True)
    simulated.declare(replace(sample("b", protected), labels={"tier": "gold"}))
    simulated.apply()
    record = simulated.record("narrator")
    assert (record.labels, record.lifecycle.prevent_destroy, record.voice_name) == ({"tier": "gold"}, True, "a")
    assert record.sent["voice_url"] == A.inputs["voice_url"]
    assert (simulated.plan().empty, len(simulated.plan().candidates)) == (True, 1)

    simulated.declare()
    simulated.apply(allow_deletes=1)
    assert sorted(simulated.living) == ["a", "b"]


def test_an_entry_that_begins_to_ask_for_review_with_its_new_sample_is_settled_by_one_apply() -> None:
    simulated = SimulatedRun()
    simulated.declare(sample("a", Lifecycle()))
    simulated.apply()
    simulated.declare(replace(B, labels={"tier": "gold"}))
    simulated.apply()
    assert (simulated.plan().empty, simulated.record("narrator").labels) == (True, {"tier": "gold"})


# -- how much at once --------------------------------------------------------------------------------------------------


def test_many_candidates_that_are_taken_at_once_are_stopped_as_many_replaces_are() -> None:
    names = [f"voice{number:02}" for number in range(12)]
    simulated = SimulatedRun()
    for number in "12":
        simulated.declare(*(sample(f"{name}-{number}", address=name) for name in names))
        simulated.apply()
    simulated.safety = Safety()
    simulated.declare(*(sample(f"{name}-2", Lifecycle(), address=name) for name in names))
    with pytest.raises(SafetyStop, match="12 of 12 recorded voices"):
        simulated.apply()
    assert len(simulated.living) == 24
    simulated.apply(allow_deletes=12)
    assert len(simulated.living) == 12


def test_one_accept_needs_no_count_whatever_the_limit_is() -> None:
    names = [f"voice{number:02}" for number in range(12)]
    simulated = SimulatedRun()
    for number in "12":
        simulated.declare(*(sample(f"{name}-{number}", address=name) for name in names))
        simulated.apply()
    simulated.safety = Safety(max_delete_percent=0)
    simulated.apply(accept=frozenset({"voice03"}), scope=Scope(("voice03",)))
    assert len(simulated.living) == 23


def test_a_plan_of_one_voice_counts_and_names_the_candidates_of_this_voice_only() -> None:
    simulated = SimulatedRun()
    for number in "12":
        simulated.declare(*(sample(f"{name}-{number}", address=name) for name in ("hero", "villain", "guide")))
        simulated.apply()
    only = simulated.plan(scope=Scope(("guide",)))
    assert ([waiting.address for waiting in only.candidates], only.unchanged) == (["guide"], 1)


# -- plans that were saved ---------------------------------------------------------------------------------------------


def test_a_saved_plan_of_a_candidate_makes_no_current_voice() -> None:
    """The voice is deleted outside of voicectl after the review, so the same creation would become current."""
    simulated = SimulatedRun()
    simulated.declare(A, sample("h", address="hero"))
    simulated.apply()
    simulated.declare(B, sample("h", address="hero"))
    saved = simulated.plan()
    simulated.world.delete_outside(simulated.living["a"])
    with pytest.raises(PlanStale):
        simulated.apply(saved)
    assert bought(simulated) == ["a", "h"]


# -- at Tencent: a first use that is paid, and replies that no cloud can tell about ------------------------------------


def at_vod(method: str, name: str) -> Voice:
    own: dict[str, Any] = {
        "clone-minimax": {"audio": {"url": f"https://cdn.example.com/{name}.mp3"}, "activate": {"text": "Hello."}},
        "clone": {"voice_id": f"voice_of_{name}", "audio": {"url": f"https://cdn.example.com/{name}.mp3"}},
        "task": {"prompt": name},
    }
    entry = of_vod(method)
    return replace(entry, inputs=entry.inputs | own[method], lifecycle=REVIEW)


def with_candidate_at_vod(method: str) -> tuple[SimulatedRun, frozenset[str]]:
    simulated = SimulatedRun()
    simulated.accounts = {"vod": TencentVodAccount(type="tencent-vod", sub_app_id=1)}
    for name in ("a", "b"):
        simulated.declare(at_vod(method, name))
        simulated.apply()
    return simulated, frozenset({at_vod(method, "a").address})


def killed_before_the_first_use() -> SimulatedRun:
    simulated = SimulatedRun()
    simulated.accounts = {"vod": TencentVodAccount(type="tencent-vod", sub_app_id=1)}
    simulated.declare(at_vod("clone-minimax", "a"))
    simulated.apply()
    simulated.declare(at_vod("clone-minimax", "b"))
    simulated.die("before", "TextToSpeechSync")
    with pytest.raises(Died):
        simulated.apply()
    return simulated


def test_a_candidate_that_a_killed_run_did_not_use_is_used_by_the_next_apply_as_its_cloud_would_drop_it() -> None:
    simulated = killed_before_the_first_use()
    [change] = simulated.plan().changes
    assert (change.action, change.calls, len(simulated.plan().candidates)) == (Action.UPDATE, (1, 1), 1)
    simulated.apply()
    assert simulated.plan().empty
    assert (simulated.count("TextToSpeechSync"), len(simulated.made)) == (2, 2)


def test_an_accept_that_pays_for_a_first_use_does_not_say_that_nothing_is_paid() -> None:
    simulated = killed_before_the_first_use()
    [change] = simulated.plan(accept=frozenset({"a"})).changes
    assert change.calls == (2, 1)
    assert "nothing is paid" not in change.reason


@pytest.mark.parametrize("method", ["clone", "clone-minimax", "task"])
def test_at_vod_nothing_is_bought_again_whatever_is_decided(method: str) -> None:
    simulated, here = with_candidate_at_vod(method)
    simulated.apply()
    simulated.apply(reject=here)
    simulated.apply()
    assert (len(simulated.made), simulated.at_status(Status.CANDIDATE)) == (2, [])
    assert "was rejected" in blocked_reason(simulated)
    simulated, here = with_candidate_at_vod(method)
    simulated.apply(accept=here)
    simulated.apply()
    assert (len(simulated.made), simulated.plan().changes) == (2, ())


def test_a_voice_id_of_the_user_s_that_both_samples_have_is_refused_before_it_is_paid() -> None:
    simulated, _ = with_candidate_at_vod("clone")
    third = at_vod("clone", "c")
    simulated.declare(replace(third, inputs=third.inputs | {"voice_id": "voice_of_a"}))
    simulated.apply(replace=frozenset({"a"}))
    assert "a voice_id can't be used twice" in blocked_reason(simulated, replace=frozenset({"a"}))
    assert (len(simulated.made), simulated.at_status(Status.CANDIDATE)) == (2, ["a"])


def uncertain_candidate(folder: Path) -> SimulatedRun:
    """TRTC's reply about the second sample is lost, and nothing can look the voice up."""
    simulated = SimulatedRun()
    simulated.accounts = {"trtc": TencentTrtcAccount(type="tencent-trtc", sdk_app_id=1)}
    simulated.declare(at_trtc_of(folder, "a"))
    simulated.apply()
    simulated.declare(at_trtc_of(folder, "b"))
    simulated.turn(reply_lost=1.0)
    simulated.apply()
    simulated.turn(reply_lost=0.0)
    assert simulated.at_status(Status.UNCERTAIN) == ["narrator"]
    return simulated


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize("declared", ["a", "b"])
def test_an_uncertain_creation_that_is_resolved_is_the_candidate_whatever_is_declared(
    folder: Path, declared: str
) -> None:
    simulated = uncertain_candidate(folder)
    simulated.declare(at_trtc_of(folder, declared))
    simulated.apply()
    assert len(simulated.made) == 2
    made = simulated.made[-1].voice_id or ""
    import_resolve.resolve(simulated.session(), "narrator", Request(), voice_id=made, retry=False)
    simulated.apply()
    assert (len(simulated.made), current(simulated), simulated.at_status(Status.CANDIDATE)) == (
        2,
        "voice_a",
        ["narrator"],
    )
    simulated.declare(at_trtc_of(folder, "b"))
    simulated.apply(accept=HERE)
    assert simulated.record("narrator").voice_id == made


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_an_uncertain_creation_is_decided_on_only_after_the_user_resolved_it(folder: Path, verb: str) -> None:
    simulated = uncertain_candidate(folder)
    decided: dict[str, Any] = {verb: HERE}
    [change] = [change for change in simulated.plan(**decided).changes if change.action is Action.BLOCKED]
    assert "resolve" in str(change.hint)
    simulated.apply(**decided)
    assert (len(simulated.made), current(simulated)) == (2, "voice_a")


def test_an_uncertain_creation_that_is_forgotten_or_retried_leaves_the_voice(folder: Path) -> None:
    simulated = uncertain_candidate(folder)
    import_resolve.resolve(simulated.session(), "narrator", Request(), voice_id=None, retry=True)
    simulated.apply()
    assert (len(simulated.made), current(simulated), simulated.at_status(Status.CANDIDATE)) == (
        3,
        "voice_a",
        ["narrator"],
    )


# -- rejected, refused, and asked for again ----------------------------------------------------------------------------


def test_a_retry_of_rejected_inputs_that_is_killed_goes_on_without_another_question() -> None:
    simulated = with_candidate()
    simulated.apply(reject=HERE)
    killed_after_the_call(simulated, retry=HERE)
    simulated.apply()
    assert (bought(simulated), simulated.at_status(Status.CANDIDATE)) == (["a", "b", "b"], ["narrator"])


def test_what_was_rejected_once_and_accepted_later_is_made_again_as_any_voice() -> None:
    simulated = with_candidate()
    simulated.apply(reject=HERE)
    simulated.apply(retry=HERE)
    simulated.apply(accept=HERE)
    simulated.world.delete_outside(simulated.living["b"])
    simulated.apply(allow_recreates=1)
    assert (bought(simulated), current(simulated)) == (["a", "b", "b", "b"], "b")


def test_a_third_sample_that_was_refused_says_so_and_retry_is_enough_to_pay_again() -> None:
    simulated = with_candidate()
    simulated.declare(sample("bad"))
    simulated.apply(replace=HERE)
    simulated.apply()
    assert bought(simulated) == ["a", "b", "bad"]
    assert "its creation failed" in blocked_reason(simulated)
    simulated.apply(retry=HERE)
    assert (bought(simulated), sorted(simulated.living)) == (["a", "b", "bad", "bad"], ["a", "b"])


@pytest.mark.parametrize("verb", ["accept", "reject"])
def test_a_refused_sample_is_no_candidate_to_decide_on(verb: str) -> None:
    simulated = SimulatedRun()
    for entry in (A, sample("bad")):
        simulated.declare(entry)
        simulated.apply()
    decided: dict[str, Any] = {verb: HERE}
    assert blocked_reason(simulated, **decided) == "it has no candidate"


# -- only the state ----------------------------------------------------------------------------------------------------


def test_a_refresh_takes_over_what_the_account_shows_of_a_candidate_and_keeps_the_voice() -> None:
    simulated = with_candidate()
    simulated.world.rename_outside(simulated.living["b"], "another")
    simulated.apply(refresh_only=True)
    assert (simulated.plan().drift, simulated.at_status(Status.CANDIDATE)) == ((), ["narrator"])
    simulated.world.delete_outside(simulated.living["another"])
    simulated.apply(refresh_only=True)
    assert (simulated.at_status(Status.CANDIDATE), current(simulated)) == ([], "a")
