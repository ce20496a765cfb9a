"""Breaks each promise on purpose, in a copy of the project; the tests must fail then.

A sabotage is one wrong line, as a hurried change might bring it. A sabotage that survives means that a test is missing.
The list proves nothing about promises that it does not break.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sabotage.planting import ROOT, OutOfDate, Sabotage, copied, listed, planted, run

pytestmark = pytest.mark.slow

SABOTAGES = listed()
PARTS = 6  # of the tests that catch them, for workers that share the run without a sabotage
# Exceptions of code that does not run at all: any test would catch it, so it proves nothing.
STUMBLES = {"AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "TypeError", "UnboundLocalError"}


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copied(tmp_path_factory.mktemp("copy"))


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_the_suite_fails_when(sabotage: Sabotage, copy: Path, record_property: Callable[[str, object], None]) -> None:
    record_property("sabotage", sabotage.name)
    with planted(sabotage, copy):
        ran = run(copy, [sabotage.caught_by])
    if ran.code in (0, 5) and "needs the extra" in ran.output:
        pytest.skip(f"{sabotage.caught_by} needs an extra")
    assert ran.code == 1, f"SURVIVED, so a test is missing in {sabotage.caught_by}. {sabotage.harm}\n{ran.output}"
    assert Path(ran.package) == copy / "reconciler"
    [(test, why)] = ran.failed.items()
    assert why not in STUMBLES, ran.output
    record_property("caught by", test)


@pytest.mark.parametrize("part", range(PARTS))
def test_with_nothing_planted_all_that_catches_them_passes(part: int, copy: Path) -> None:
    ran = run(copy, sorted({sabotage.caught_by for sabotage in SABOTAGES})[part::PARTS])
    assert (ran.code, ran.failed, Path(ran.package)) == (0, {}, copy / "reconciler"), ran.output


def test_no_sabotage_is_listed_twice() -> None:
    changes = {(s.file, s.there, s.instead) for s in SABOTAGES}
    assert len(changes) == len({s.name for s in SABOTAGES}) == len(SABOTAGES)


# -- tests of the sabotage runner --------------------------------------------------------------------------------------

FEW = Sabotage(
    name="ten are few",
    harm="Nobody is asked.",
    file="reconciler/planning/policy.py",
    there="FEW = 10",
    instead="FEW = 10  # as before",
    caught_by="tests/planning/test_policy.py",
)


def test_a_harmless_change_survives(copy: Path) -> None:
    with planted(FEW, copy):
        assert run(copy, [FEW.caught_by]).code == 0


def test_code_that_can_not_be_imported_is_not_a_test_that_fails(copy: Path) -> None:
    with planted(FEW.model_copy(update={"instead": "FEW = TEN"}), copy):
        ran = run(copy, [FEW.caught_by])
    assert ran.code > 1
    assert ran.failed == {}


@pytest.mark.parametrize(("there", "times"), [("FEW = 11", 0), ("FEW", 3)])
def test_a_text_that_is_not_found_exactly_once_asks_for_an_update(copy: Path, there: str, times: int) -> None:
    stale = FEW.model_copy(update={"there": there})
    with pytest.raises(OutOfDate, match=f"{times} times.*write the sabotage anew"), planted(stale, copy):
        pass


def test_what_was_planted_is_taken_out_again_and_was_never_in_the_project(copy: Path) -> None:
    mine, its = ROOT / FEW.file, copy / FEW.file
    before = mine.read_bytes(), its.read_bytes()
    with planted(FEW, copy):
        assert (mine.read_bytes(), its.read_bytes() == before[1]) == (before[0], False)
    assert (mine.read_bytes(), its.read_bytes()) == before
