"""In a run, the files are written before a voice that they name is deleted. In simulated time, on a real disk."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest

from reconciler.engine.output_files import OutputFiles
from reconciler.engine.output_folder import OutputFolder
from reconciler.engine.session import Session
from reconciler.model.events import Kind
from reconciler.model.manifest import Lifecycle
from reconciler.model.output_files import OutputFile
from reconciler.model.state import Status
from tests.engine.simulated_run import SimulatedRun, voice
from tests.engine.test_output_files import FORMATS

ENV = OutputFile(path="v.env", format="dotenv")


class WithFiles(SimulatedRun):
    """A simulated run whose manifest declares one file."""

    folder: Path
    file = ENV

    def session(self) -> Session:
        files = OutputFiles((self.file,), tuple(self.voices), OutputFolder(self.folder), FORMATS)
        return dataclasses.replace(super().session(), outputs=files)

    @property
    def ids(self) -> list[str]:
        """The ids in the file."""
        lines = (self.folder / "v.env").read_text().splitlines()[1:]
        return [line.partition("=")[2] for line in lines]

    def note_ids_at_deletes(self) -> list[list[str]]:
        noted: list[list[str]] = []
        self.hook = lambda moment, what: noted.append(self.ids) if (moment, what) == ("before", "delete") else None
        return noted


@pytest.fixture
def simulated(tmp_path: Path) -> WithFiles:
    simulated = WithFiles(task_seconds=2)
    simulated.folder = tmp_path
    return simulated


def declare(simulated: WithFiles, count: int, *, sample: str = "", lifecycle: Lifecycle | None = None) -> None:
    voices = [voice(f"v{n}", sample=f"{sample}{n}", lifecycle=lifecycle) for n in range(count)]
    simulated.declare(*voices)


def test_fifty_replaces_write_the_file_a_few_times_and_delete_each_old_voice(simulated: WithFiles) -> None:
    declare(simulated, 50)
    simulated.apply()
    noted = simulated.note_ids_at_deletes()
    declare(simulated, 50, sample="second")
    applied = simulated.apply()
    assert (applied.tally.done, simulated.count("delete")) == (50, 50)
    assert sorted(simulated.ids) == sorted(simulated.living_ids)
    assert {len(ids) for ids in noted} == {50}
    assert len(simulated.told(Kind.WRITTEN)) < 50


def test_no_time_is_lost_by_waiting_for_the_file(simulated: WithFiles, tmp_path: Path) -> None:
    plain = SimulatedRun(task_seconds=2)
    took: list[float] = []
    for run in (simulated, plain):
        run.declare(voice("v"))
        run.apply()
        run.declare(voice("v", sample="second"))
        took.append(run.apply().tally.seconds)
    assert took[0] == pytest.approx(took[1], abs=0.1)


def test_a_creation_that_fails_holds_the_deletions_and_ends_the_run_at_once(simulated: WithFiles) -> None:
    declare(simulated, 3)
    simulated.apply()
    before = simulated.ids
    simulated.declare(voice("v0", sample="second"), voice("v1", sample="1"), voice("new", sample="bad"))
    applied = simulated.apply()
    assert simulated.count("delete") == 0
    assert simulated.ids == before
    assert applied.tally.failed == 3  # the creation, the replace, and the deletion of v2
    assert [change.problem for change in applied.unwritten] == ["new: it is failed"]
    assert applied.tally.seconds < 10
    assert simulated.at_status(Status.DEPOSED) == ["v0", "v2"]


def test_the_next_run_deletes_what_was_held(simulated: WithFiles) -> None:
    declare(simulated, 2)
    simulated.apply()
    simulated.declare(voice("v0", sample="second"), voice("v1", sample="1"), voice("new", sample="bad"))
    simulated.apply()
    simulated.declare(voice("v0", sample="second"), voice("v1", sample="1"))
    applied = simulated.apply()
    assert (applied.unwritten, simulated.at_status(Status.DEPOSED)) == ((), [])
    assert sorted(simulated.ids) == sorted(simulated.living_ids)


def test_an_interrupted_run_deletes_nothing_that_the_file_names(simulated: WithFiles) -> None:
    declare(simulated, 1)
    simulated.apply()
    [old] = simulated.ids
    simulated.declare(voice("v0", sample="second"), voice("new"))
    simulated.apply(stop=lambda: "interrupted" if len(simulated.made) == 3 else None)
    assert old in simulated.living_ids
    assert simulated.ids == [old]
    simulated.apply()
    assert sorted(simulated.ids) == sorted(simulated.living_ids)


def test_create_before_destroy_false_goes_on_without_the_file_and_writes_it_at_the_end(simulated: WithFiles) -> None:
    first = Lifecycle(create_before_destroy=False)
    declare(simulated, 3, lifecycle=first)
    simulated.apply()
    declare(simulated, 3, sample="second", lifecycle=first)
    applied = simulated.apply()
    assert (applied.tally.done, applied.unwritten) == (3, ())
    assert sorted(simulated.ids) == sorted(simulated.living_ids)


def test_a_creation_that_no_file_selects_delays_no_deletion(simulated: WithFiles) -> None:
    simulated.file = OutputFile(path="v.env", format="dotenv", addresses=("v*",))
    simulated.declare(voice("v0"))
    simulated.apply()
    simulated.declare(voice("v0", sample="second"), voice("other", sample="bad"))
    applied = simulated.apply()
    assert (simulated.count("delete"), applied.tally.failed, applied.unwritten) == (1, 1, ())


def test_a_deletion_whose_voice_no_file_names_does_not_wait(simulated: WithFiles) -> None:
    declare(simulated, 1)
    simulated.apply()
    (simulated.folder / "v.env").unlink()
    simulated.declare(voice("new", sample="bad"))
    applied = simulated.apply(allow_deletes=1)
    assert (simulated.count("delete"), applied.tally.failed) == (1, 1)


def test_a_destroy_removes_the_file_first(simulated: WithFiles) -> None:
    declare(simulated, 3)
    simulated.apply()
    there: list[bool] = []
    file = simulated.folder / "v.env"
    simulated.hook = lambda moment, what: there.append(file.exists()) if what == "delete" else None
    simulated.apply(destroy=True)
    assert set(there) == {False}
    assert simulated.living_ids == []
