"""A plan says which files its apply writes, removes or can't write; what it says is what the apply does."""

from __future__ import annotations

import pytest

from reconciler.engine.output_files import OutputFiles
from reconciler.engine.output_plan import with_outputs
from reconciler.model.output_files import OutputFile
from reconciler.model.plan import Action, Change, FieldChange, Plan, PlannedOutput
from reconciler.model.state import State, Status
from tests.engine.test_output_files import ENV, FORMATS, HERO, JSON, NOW, Disk, record, state_of

WRITTEN, REMOVED = PlannedOutput(path="v.env"), PlannedOutput(path="v.env", removed=True)


def planned(
    *changes: Change,
    state: State,
    disk: Disk | None = None,
    addresses: tuple[str, ...] = ("hero",),
    declared: tuple[OutputFile, ...] = (ENV,),
    destroy: bool = False,
) -> tuple[PlannedOutput, ...]:
    plan = Plan(plan_id="p", lineage="l", serial=1, manifest="voices.yaml", changes=changes, destroy=destroy)
    files = OutputFiles(declared, addresses, disk or Disk(), FORMATS)
    return with_outputs(plan, files, state, now=NOW).outputs


def change(action: Action, address: str = "hero", *, source: str | None = None, field: str = "") -> Change:
    fields = (FieldChange(name=field),) if field else ()
    return Change(address=address, provider="kling", action=action, source=source, fields=fields)


def written(*, declared: tuple[OutputFile, ...] = (ENV,)) -> Disk:
    """The disk after an apply of the one voice."""
    disk = Disk()
    OutputFiles(declared, ("hero",), disk, FORMATS).update(state_of(HERO), now=NOW)
    return disk


def test_without_files_a_plan_stays_as_it_is() -> None:
    plan = Plan(plan_id="p", lineage="l", serial=1, manifest="voices.yaml")
    assert with_outputs(plan, None, state_of(), now=NOW) is plan


def test_a_file_that_is_as_it_should_be_is_not_mentioned() -> None:
    assert planned(state=state_of(HERO), disk=written()) == ()


def test_a_missing_file_is_written() -> None:
    assert planned(state=state_of(HERO)) == (WRITTEN,)


@pytest.mark.parametrize("action", [Action.CREATE, Action.CLONE, Action.RESUME, Action.RECOVER])
def test_a_file_is_written_after_its_first_voice_is_made(action: Action) -> None:
    assert planned(change(action), state=state_of()) == (WRITTEN,)


@pytest.mark.parametrize("action", [Action.REPLACE, Action.DELETE, Action.MOVE])
def test_a_change_of_one_of_its_voices_writes_the_file(action: Action) -> None:
    assert planned(change(action, source="old"), state=state_of(HERO), disk=written()) == (WRITTEN,)


def test_a_change_of_another_voice_does_not() -> None:
    declared = (OutputFile(path="v.env", format="dotenv", addresses=("hero",)),)
    made = change(Action.CREATE, "other")
    disk = written(declared=declared)
    assert planned(made, state=state_of(HERO), disk=disk, addresses=("hero", "other"), declared=declared) == ()


def test_an_update_writes_only_the_files_that_show_it() -> None:
    disk = written(declared=(ENV, JSON))
    labels = change(Action.UPDATE, field="labels.tier")
    assert planned(labels, state=state_of(HERO), disk=disk, declared=(ENV, JSON)) == (PlannedOutput(path="v.json"),)
    unseen = change(Action.UPDATE, field="lifecycle.keep_old")
    assert planned(unseen, state=state_of(HERO), disk=disk, declared=(ENV, JSON)) == ()


def test_a_voice_that_the_plan_does_not_make_is_a_problem() -> None:
    failed = record("other", None, status=Status.FAILED)
    blocked = change(Action.BLOCKED, "other")
    found = planned(blocked, state=state_of(HERO, failed), addresses=("hero", "other"))
    assert found == (PlannedOutput(path="v.env", problem="other: it is failed"),)


def test_a_file_of_somebody_else_is_a_problem_before_anything_is_paid() -> None:
    disk = Disk()
    disk.files["v.env"] = b"THEIRS=1\n"
    [found] = planned(change(Action.CREATE), state=state_of(), disk=disk)
    assert found.problem.startswith("a file is there that voicectl did not write")


def test_a_destroy_removes_the_file_and_does_not_mention_one_that_is_not_there() -> None:
    gone = change(Action.DELETE)
    assert planned(gone, state=state_of(HERO), disk=written(), destroy=True) == (REMOVED,)
    assert planned(gone, state=state_of(HERO), destroy=True) == ()


def test_a_destroy_that_leaves_a_voice_writes_the_file() -> None:
    state = state_of(HERO, record("other", "830"))
    changes = (change(Action.DELETE), change(Action.BLOCKED, "other"))
    assert planned(*changes, state=state, disk=written(), addresses=("hero", "other"), destroy=True) == (WRITTEN,)
