"""Another program changes the state files while an apply runs: the error is clear, and the next runs repair it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.disk.harnesses import EVERY, OLD, begin, bought, finishes, finishes_from_an_older_state, to_type
from tests.support.cli_harness import CliHarness
from tests.support.moments import Watched

Meddling = Callable[[Path], object]


def removed(folder: Path) -> None:
    (folder / "voices.state.json").unlink()


def made_a_folder(folder: Path) -> None:
    (folder / "voices.state.json").unlink()
    (folder / "voices.state.json").mkdir()


def replaced_by_a_newer_one(folder: Path) -> None:
    state = json.loads((folder / "voices.state.json").read_text())
    _replace(folder, json.dumps(state | {"serial": state["serial"] + 5}).encode())


def replaced_by_an_older_one(folder: Path) -> None:
    _replace(folder, (folder / "voices.state.backup").read_bytes())


def _replace(folder: Path, content: bytes) -> None:
    beside = folder / "another"
    beside.write_bytes(content)
    beside.replace(folder / "voices.state.json")


@pytest.fixture
def begun(cli: CliHarness) -> CliHarness:
    begin(cli)
    return cli


# -- before the intents are written: nothing is bought -----------------------------------------------------------------


@pytest.mark.parametrize("meddling", [removed, made_a_folder, replaced_by_a_newer_one, replaced_by_an_older_one])
def test_between_load_and_the_first_write_it_stops_before_anything_is_bought(
    begun: CliHarness, kling: Watched, meddling: Meddling
) -> None:
    kling.during("list", lambda: meddling(begun.folder))
    refused = begun.apply(code=1)
    assert str(begun.folder / "voices.state.json") in refused.err
    assert bought(kling) == sorted(OLD)


def test_removed_before_the_first_write_the_named_copy_puts_it_right(begun: CliHarness, kling: Watched) -> None:
    kling.during("list", lambda: removed(begun.folder))
    refused = begun.apply(code=1)
    assert "was removed since this run read it" in refused.err
    begun.voicectl(*to_type(refused), code=0)
    finishes_from_an_older_state(begun, kling)


@pytest.mark.parametrize("meddling", [replaced_by_a_newer_one, replaced_by_an_older_one])
def test_replaced_before_the_first_write_the_next_run_continues_from_what_is_there(
    begun: CliHarness, kling: Watched, meddling: Meddling
) -> None:
    kling.during("list", lambda: meddling(begun.folder))
    assert "was changed by another program since this run read it" in begun.apply(code=1).err
    finishes_from_an_older_state(begun, kling)


def test_a_state_that_another_run_wrote_meanwhile_is_not_written_over_by_an_import(
    cli: CliHarness, kling: Watched
) -> None:
    [found] = kling.add_foreign("hero")
    cli.declare("narrator", "third")
    cli.apply()
    cli.declare("narrator", "third", "hero")
    kling.during("list", lambda: replaced_by_a_newer_one(cli.folder))
    assert "The state was changed during this run" in cli.voicectl("import", "hero", found, code=1).err
    cli.voicectl("import", "hero", found, code=0)
    assert set(cli.voicectl("output", "--json", code=0).json) == {"narrator", "third", "hero"}


# -- later: every answer is kept, and the suggested command continues --------------------------------------------------


@pytest.mark.parametrize("moment", ["submit", "poll"])
@pytest.mark.parametrize("meddling", [removed, replaced_by_a_newer_one, replaced_by_an_older_one])
def test_a_disk_that_fills_up_leaves_a_rescue_copy_and_the_hint_continues_from_it(
    begun: CliHarness, kling: Watched, meddling: Meddling, moment: str
) -> None:
    kling.task_seconds = 0.5
    kling.during("create", lambda: meddling(begun.folder), nth=2 if moment == "submit" else 6, after=moment == "poll")
    refused = begun.apply(code=1)
    assert "The state could not be saved" in refused.err
    assert "look at that first" in refused.err
    copy = begun.folder / "voices.state.rescue.json"
    assert f"is in {copy}." in refused.err
    assert not [task.task_id for task in kling.tasks if task.task_id not in copy.read_text()]
    begun.voicectl(*to_type(refused), code=0)
    finishes(begun, kling)


def test_a_folder_in_its_place_is_taken_away_and_the_copy_is_pushed(begun: CliHarness, kling: Watched) -> None:
    kling.during("create", lambda: made_a_folder(begun.folder), nth=2)
    refused = begun.apply(code=1)
    assert "voices.state.json could not be written: Is a directory." in refused.err
    (begun.folder / "voices.state.json").rmdir()
    push = to_type(refused)
    assert f"voicectl state push --force {push[-1]}" in begun.voicectl(*push, code=1).err
    begun.voicectl(*push, "--force", code=0)
    finishes(begun, kling)


@pytest.mark.parametrize("meddling", [removed, replaced_by_a_newer_one, replaced_by_an_older_one])
def test_a_run_without_the_rescue_copy_shows_what_to_do(begun: CliHarness, kling: Watched, meddling: Meddling) -> None:
    kling.during("create", lambda: meddling(begun.folder), nth=2)
    begun.apply(code=1)
    paid = bought(kling)
    refused = begun.apply(code=1)
    assert "voicectl state push --force FILE" in refused.err
    assert str(begun.folder / "voices.state.backup") in refused.err
    assert bought(kling) == paid
    begun.voicectl("state", "push", "--force", "voices.state.backup", code=0)
    finishes_from_an_older_state(begun, kling)


def test_without_its_journal_the_run_stops_and_the_next_one_shows_how_to_rebuild_it(
    begun: CliHarness, kling: Watched
) -> None:
    kling.during("create", (begun.folder / "voices.state.journal").unlink, nth=2)
    assert "The state could not be saved" in begun.apply(code=1).err
    finishes_from_an_older_state(begun, kling)


def test_without_the_whole_folder_the_answers_are_kept_elsewhere(
    begun: CliHarness, kling: Watched, elsewhere: Path
) -> None:
    away = begun.folder.with_name("away")
    kling.during("create", lambda: begun.folder.rename(away), nth=2)
    refused = begun.apply(code=1)
    assert "The state could not be saved" in refused.err
    copies = [*elsewhere.glob("*.rescue.json"), *away.glob("*.rescue.json"), *begun.folder.glob("*.rescue.json")]
    assert [copy for copy in copies if str(copy) in refused.err]
    if begun.folder.exists():
        for left in begun.folder.iterdir():
            left.unlink()
        begun.folder.rmdir()
    away.rename(begun.folder)
    finishes(begun, kling)


# -- the lock's file ---------------------------------------------------------------------------------------------------


def test_a_removed_lock_file_does_not_stop_the_run(begun: CliHarness, kling: Watched) -> None:
    kling.during("create", (begun.folder / "voices.state.lock").unlink, nth=2)
    finishes(begun, kling)


def test_two_runs_that_a_removed_lock_file_let_in_together_buy_nothing_twice(begun: CliHarness, kling: Watched) -> None:
    def let_another_in() -> None:
        (begun.folder / "voices.state.lock").unlink()
        begun.apply(code=None)

    kling.during("create", let_another_in, nth=3)
    begun.apply(code=None)
    begun.apply(code=None)
    assert bought(kling) == sorted(EVERY)
    assert set(begun.voicectl("output", "--json", code=0).json) == set(EVERY)
    assert begun.voicectl("plan", "--detailed-exitcode").code == 0
