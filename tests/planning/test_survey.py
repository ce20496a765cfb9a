"""Tests the survey: whose the voices of an account are if there is no state."""

from __future__ import annotations

import pytest

from reconciler.model.observed import Observations, RemoteVoice, TaskStatus
from reconciler.model.state import State
from reconciler.model.survey import Survey
from reconciler.planning import markers
from reconciler.planning.survey import survey
from tests.planning.cases import capabilities, manifest_of

LONG = "a_narrator_with_a_rather_long_address"  # cut to 27 characters in a key
HERE = "kling https://api-singapore.klingai.com"
ENTRY = {"provider": "kling", "create": {"voice_name": "hero"}}


def marker(address: str, *, lineage: str = "88544be2", digest: str = "00000000", generation: int = 1) -> str:
    return markers.external_task_id(lineage, address, digest, generation)


def _survey(
    declared: list[str],
    *there: str,
    status: TaskStatus = TaskStatus.READY,
    accounts: int = 1,
    state: State | None = None,
) -> Survey:
    case = {"voices": dict.fromkeys(declared, ENTRY)}
    manifest = manifest_of(case)
    marked = tuple(
        RemoteVoice(status=status, voice_id=str(number), external_task_id=key) for number, key in enumerate(there)
    )
    names = ["kling", *(f"kling_{number}" for number in range(1, accounts))]
    seen = {name: Observations(account=HERE, marked=marked) for name in names}
    able = {name: capabilities(case, "kling") for name in names}
    return survey(manifest, state or State(lineage="a" * 8), seen, able, stateless=True)


@pytest.mark.parametrize(
    ("declared", "there", "fits"),
    [
        ("hero", "hero", True),
        ("hero_2", "hero", False),  # a whole address is not the beginning of another
        ("hero", "hero_2", False),
        (LONG, LONG, True),
        (LONG + "_too", LONG, True),  # both are cut: which of them it was, only the digest says
        (LONG, LONG[:26], False),  # one character short of where it would be cut
    ],
)
def test_a_marker_fits_an_address(declared: str, there: str, fits: bool) -> None:
    found = _survey([declared], marker(there))
    assert ([held.address for held in found.ours], found.others) == (
        ([declared], {}) if fits else ([], {"88544be2": 1})
    )


def test_of_several_cut_addresses_the_digest_decides() -> None:
    declared = [LONG, f"{LONG}_too"]
    second = manifest_of({"voices": {f"{LONG}_too": ENTRY}}).voices[f"{LONG}_too"]
    [held] = _survey(declared, marker(f"{LONG}_too", digest=markers.digest_of(second))).ours
    assert (held.address, held.unchanged) == (f"{LONG}_too", True)


def test_a_voice_that_two_providers_show_is_counted_once() -> None:
    assert _survey(["hero"], marker("hero"), accounts=2).lineages == {"88544be2": 1}


def test_lineages_are_counted_the_largest_first() -> None:
    there = [marker("hero", lineage="11111111"), *(marker("hero", generation=number) for number in (1, 2))]
    assert list(_survey(["hero"], *there).lineages.items()) == [("88544be2", 2), ("11111111", 1)]


def test_a_failed_task_holds_no_voice() -> None:
    found = _survey(["hero"], marker("hero"), status=TaskStatus.FAILED)
    assert (found.ours, found.absent) == ((), {"kling": ["hero"]})


@pytest.mark.parametrize(
    "state",
    [
        State(lineage="88544be2-7f1b"),
        State(lineage="a" * 8, adopted_lineages=("88544be2",)),
        State(lineage="a" * 8, foreign_lineages=("88544be2",)),
    ],
)
def test_a_lineage_that_the_state_knows_is_left_to_the_planner(state: State) -> None:
    assert _survey(["hero"], marker("hero"), state=state).ours == ()
