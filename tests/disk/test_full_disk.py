"""A full disk: before the intents are written no call is made; later no answer of a cloud is lost."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.disk.harnesses import NEW, OLD, bought, finishes, to_type
from tests.support.cli_harness import CliHarness, voice
from tests.support.moments import Watched
from tests.support.small_disk import SmallDisk


def test_full_from_the_start_no_call_is_made(small: CliHarness, disk: SmallDisk, kling: Watched) -> None:
    disk.fill()
    kling.calls.clear()
    refused = small.apply(code=1)
    assert "No space left on device" in refused.err
    assert kling.calls == []
    disk.make_room()
    finishes(small, kling)


def test_full_before_the_intents_are_written_nothing_is_bought(
    small: CliHarness, disk: SmallDisk, kling: Watched
) -> None:
    kling.during("list", disk.fill)  # while the plan lists, under the lock
    refused = small.apply(code=1)
    assert "could not be written: No space left on device" in refused.err
    assert "Check the disk, then run the command again." in refused.err
    assert "Applied: 6 not begun" in refused.out
    assert bought(kling) == sorted(OLD)
    disk.make_room()
    finishes(small, kling)


@pytest.mark.parametrize("pushed", [True, False], ids=["the copy is pushed", "the copy is never pushed"])
def test_full_while_answers_come_in_every_one_of_them_is_in_the_copy(
    small: CliHarness, disk: SmallDisk, kling: Watched, elsewhere: Path, pushed: bool
) -> None:
    more = [f"more-{number}" for number in range(30)]  # their answers fill a page
    account = {"type": "kling", "endpoint": kling.url, "rate_limit": {"create": 100}}  # all intents in one append
    small.write({a: voice(a) for a in (*OLD, *more)}, providers={"kling": account})
    kling.task_seconds = 60.0
    kling.during("create", disk.fill)
    refused = small.apply(code=1)
    paid = {str(task.task_id) for task in kling.tasks}
    assert len(OLD) < len(paid) < len([*OLD, *more])
    copy = elsewhere / "voices.state.rescue.json"
    assert f"A copy with all that the clouds have answered is in {copy}." in refused.err
    assert not [task_id for task_id in paid if task_id not in copy.read_text()]
    assert re.search(
        r"^Applied: \d+ still running, \d+ not begun.*To continue, run voicectl apply again", refused.out, re.MULTILINE
    )
    assert to_type(refused) == ["state", "push", str(copy)]

    disk.make_room()
    kling.task_seconds = 0.0
    for task in kling.tasks:
        task.seconds = 0.0
    if pushed:
        small.voicectl(*to_type(refused), code=0)
    finishes(small, kling, *OLD, *more)


def test_with_free_space_again_everything_is_saved_and_no_copy_stays(
    small: CliHarness, disk: SmallDisk, kling: Watched, elsewhere: Path
) -> None:
    kling.during("create", disk.fill)
    kling.during("create", disk.make_room, nth=len(NEW), after=True)
    small.apply(code=None)
    assert list(elsewhere.iterdir()) == []
    finishes(small, kling)


def test_full_at_the_last_write_the_next_run_has_nothing_left_to_do(
    small: CliHarness, disk: SmallDisk, kling: Watched, elsewhere: Path
) -> None:
    disk.fill(leave=3)  # one page for the lock, two for the journal, none for the snapshot
    refused = small.apply(code=1)
    assert "Applied: 6 done" in refused.out
    assert "The state could not be saved" in refused.err
    assert (elsewhere / "voices.state.rescue.json").exists()
    assert small.voicectl("plan", "--detailed-exitcode").code == 0
    disk.make_room()
    small.voicectl(*to_type(refused), code=0)
    finishes(small, kling)


@pytest.mark.parametrize("leave", range(8))
def test_with_any_room_left_nothing_is_bought_twice(
    small: CliHarness, disk: SmallDisk, kling: Watched, leave: int
) -> None:
    disk.fill(leave=leave)
    ran = small.apply(code=None)
    assert "bug" not in ran.err
    assert ran.code == (0 if ran.err == "" else 1)
    assert small.voicectl("state", "list").code == 0
    disk.make_room()
    finishes(small, kling)


@pytest.mark.parametrize(("pages", "left"), [(0, []), (3, ["new.yaml"])], ids=["no manifest", "no schema"])
def test_init_leaves_no_part_of_a_file(small: CliHarness, disk: SmallDisk, pages: int, left: list[str]) -> None:
    disk.fill(leave=pages)
    begun = small.voicectl("-f", "new.yaml", "init", code=int(not left))
    assert [path.name for path in sorted(disk.folder.glob("*.yaml")) if path.name != "voices.yaml"] == left
    assert not (disk.folder / "manifest.schema.json").exists()
    assert "Wrote new.yaml. " in begun.err if left else "No space left on device" in begun.err
    disk.make_room()
