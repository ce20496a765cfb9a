"""`lifecycle: {replace: review}` where something comes in between: protection, kills, other accounts, expired consent."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from reconciler.model.consent import Consent
from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.plan import Action
from reconciler.model.state import Status
from reconciler.providers.kling.account import KlingAccount
from tests.engine.simulated_run import Died, SimulatedRun
from tests.engine.test_reviewing import HERE, REVIEW, A, B, C, blocked_reason, bought, current, sample, with_candidate

PROTECTED = {"prevent_destroy": True}


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
