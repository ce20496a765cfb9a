"""Each promise is broken on purpose, in a copy, and the suite must see it.

A sabotage is one wrong line that a hurried change might bring. What the list lacks is not proven; a sabotage that
survives is a missing test.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.sabotage.planting import ROOT, OutOfDate, Run, Sabotage, copied, listed, plant, run

pytestmark = pytest.mark.slow

SABOTAGES = listed()
# What broken code ends with, instead of code that does harm: it would be caught by anything, and so proves nothing.
STUMBLES = {"AttributeError", "ImportError", "ModuleNotFoundError", "NameError", "TypeError", "UnboundLocalError"}


@pytest.mark.parametrize("sabotage", SABOTAGES, ids=lambda sabotage: sabotage.name)
def test_the_suite_fails_when(
    sabotage: Sabotage, tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    copy = copied(tmp_path)
    plant(sabotage, copy)
    record_property("sabotage", sabotage.name)
    ran = run(copy, [sabotage.caught_by])
    assert Path(ran.package) == copy / "reconciler", ran.output
    assert ran.code == 1, f"SURVIVED, so a test is missing in {sabotage.caught_by}. {sabotage.harm}\n{ran.output}"
    [(test, why)] = ran.failed.items()
    assert why not in STUMBLES, ran.output
    record_property("caught by", test)


def test_with_nothing_planted_all_that_catches_them_passes(tmp_path: Path) -> None:
    copy = copied(tmp_path)
    ran = run(copy, sorted({sabotage.caught_by for sabotage in SABOTAGES}))
    assert (ran.code, ran.failed, Path(ran.package)) == (0, {}, copy / "reconciler"), ran.output


def test_no_sabotage_is_listed_twice() -> None:
    changes = {(s.file, s.there, s.instead) for s in SABOTAGES}
    assert len(changes) == len({s.name for s in SABOTAGES}) == len(SABOTAGES)


# -- what watches must be watched --------------------------------------------------------------------------------------

FEW = Sabotage(
    name="ten are few",
    harm="Nobody is asked.",
    file="reconciler/planning/policy.py",
    there="FEW = 10",
    instead="FEW = 10  # as before",
    caught_by="tests/planning/test_policy.py",
)


def planted(tmp_path: Path, **other: str) -> Run:
    sabotage = FEW.model_copy(update=other)
    copy = copied(tmp_path)
    plant(sabotage, copy)
    return run(copy, [sabotage.caught_by])


def test_a_change_that_does_no_harm_survives(tmp_path: Path) -> None:
    assert planted(tmp_path).code == 0


def test_an_import_that_breaks_is_no_test_that_fails(tmp_path: Path) -> None:
    ran = planted(tmp_path, instead="FEW = TEN")
    assert (ran.code, ran.failed) != (1, {})
    assert ran.code > 1


@pytest.mark.parametrize(("there", "times"), [("FEW = 11", 0), ("FEW", 3)])
def test_a_text_that_does_not_stand_there_once_asks_for_an_update(tmp_path: Path, there: str, times: int) -> None:
    with pytest.raises(OutOfDate, match=f"{times} times.*write the sabotage anew"):
        planted(tmp_path, there=there)


def test_the_project_itself_is_never_touched(tmp_path: Path) -> None:
    before = (ROOT / FEW.file).read_bytes()
    planted(tmp_path, instead="FEW = 11")
    assert (ROOT / FEW.file).read_bytes() == before
