"""What each file for applications should hold, and which voices the file on the disk names."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from reconciler.engine.output_files import FileChange, Formats, OutputFiles
from reconciler.model.manifest import Lifecycle
from reconciler.model.output_files import OutputFile
from reconciler.model.state import Record, State, Status
from reconciler.views.output_formats.registry import is_ours, rows_format

NOW = datetime(2026, 11, 20, tzinfo=UTC)
ENV, JSON = OutputFile(path="v.env", format="dotenv"), OutputFile(path="v.json", format="json")
FORMATS = Formats(
    render=lambda named, rows: rows_format(named).render(rows),
    faults=lambda named, rows: rows_format(named).faults(rows),
    is_ours=is_ours,
)


class Disk:
    """Satisfies `Folder`. `full`: it takes no more; `unreadable`: it tells nothing."""

    def __init__(self) -> None:
        self.files: dict[str, bytes] = {}
        self.writes: list[str] = []
        self.full = self.unreadable = False

    def shown(self, path: str) -> str:
        return path

    def read(self, path: str) -> bytes | None:
        if self.unreadable:
            raise PermissionError(13, "Permission denied")
        return self.files.get(path)

    def write(self, path: str, content: bytes) -> None:
        if self.full:
            raise OSError(28, "No space left on device")
        self.writes.append(path)
        self.files[path] = content

    def remove(self, path: str) -> None:
        if self.full:
            raise OSError(30, "Read-only file system")
        self.files.pop(path, None)


def record(address: str, voice_id: str | None, *, status: Status = Status.READY, key: str | None = None) -> Record:
    return Record(
        external_task_id=key or f"k-{address}",
        address=address,
        provider="kling",
        account="kling x",
        method="create",
        generation=1,
        status=status,
        created_at=NOW,
        changed_at=NOW,
        voice_id=voice_id,
    )


def state_of(*records: Record) -> State:
    bound = {r.address: r.external_task_id for r in records if r.status is not Status.DEPOSED}
    return State(lineage="l", records={r.external_task_id: r for r in records}, current=bound)


def files_on(disk: Disk, *addresses: str, declared: tuple[OutputFile, ...] = (ENV,)) -> OutputFiles:
    return OutputFiles(declared, addresses, disk, FORMATS)


HERO, OLD = record("hero", "829"), record("hero", "828", status=Status.DEPOSED, key="old")
GONE = record("hero", "829", status=Status.DELETED)
EMPTIED = State(lineage="l", records={GONE.external_task_id: GONE})  # after a destroy: tombstones stay
KEPT = replace(OLD, lifecycle=Lifecycle(keep_old=60))


def test_a_file_is_written_once_and_then_only_when_it_differs() -> None:
    disk = Disk()
    files = files_on(disk, "hero")
    assert files.update(state_of(HERO), now=NOW) == [FileChange("v.env")]
    assert files.update(state_of(HERO), now=NOW) == []
    assert files_on(disk, "hero").update(state_of(HERO), now=NOW) == []
    assert disk.writes == ["v.env"]
    assert b"HERO_VOICE_ID=829\n" in disk.files["v.env"]


def test_a_voice_that_left_the_manifest_leaves_the_file() -> None:
    disk = Disk()
    files_on(disk, "hero").update(state_of(HERO, record("gone", "830")), now=NOW)
    assert b"830" not in disk.files["v.env"]


@pytest.mark.parametrize(
    ("records", "problem"),
    [
        ((), "hero: it has not been made yet"),
        ((record("hero", None, status=Status.RUNNING),), "hero: it is running"),
        ((record("hero", None, status=Status.FAILED),), "hero: it is failed"),
        ((record("hero", None, status=Status.UNCERTAIN),), "hero: it is uncertain"),
        ((record("hero", "it's"),), "hero: HERO_VOICE_ID has a character that dotenv readers read differently"),
    ],
)
def test_a_file_that_would_lack_a_voice_is_not_written(records: tuple[Record, ...], problem: str) -> None:
    disk = Disk()
    disk.files["v.env"] = before = b"# Written by voicectl. Do not edit: it is written again.\nHERO_VOICE_ID=1\n"
    assert files_on(disk, "hero").update(state_of(*records), now=NOW) == [FileChange("v.env", problem=problem)]
    assert disk.files == {"v.env": before}


def test_of_many_missing_voices_three_are_named() -> None:
    [change] = files_on(Disk(), *"abcde").update(state_of(), now=NOW)
    missing = "it has not been made yet"
    assert change.problem == f"a: {missing}; b: {missing}; c: {missing}; and 2 more"


def test_a_sound_whose_file_is_gone_by_now_is_missing() -> None:
    rain = replace(record("audio.rain", None), url="https://x/y", expires_at=NOW)
    [change] = files_on(Disk(), "audio.rain").update(state_of(rain), now=NOW)
    assert change.problem == "audio.rain: it is expired"


def test_a_disk_that_refuses_is_a_problem_of_that_file_alone() -> None:
    disk = Disk()
    files = files_on(disk, "hero", declared=(ENV, JSON))
    disk.full = True
    full = "No space left on device"
    assert files.update(state_of(HERO), now=NOW) == [
        FileChange("v.env", problem=full, unwritable=True),
        FileChange("v.json", problem=full, unwritable=True),
    ]


def test_a_file_of_somebody_else_is_not_written_over() -> None:
    disk = Disk()
    disk.files["v.env"] = b"PATH=/bin\n"
    [change] = files_on(disk, "hero").update(state_of(HERO), now=NOW)
    assert (change.unwritable, disk.files["v.env"]) == (True, b"PATH=/bin\n")


def test_a_destroy_removes_a_file_that_would_hold_nothing() -> None:
    disk = Disk()
    files = files_on(disk, "hero", "narrator")
    files.update(state_of(HERO, record("narrator", "830")), now=NOW)
    assert files.update(state_of(HERO), now=NOW, destroy=True) == [FileChange("v.env")]
    assert files.update(EMPTIED, now=NOW, destroy=True) == [FileChange("v.env", removed=True)]
    assert files.update(state_of(), now=NOW, destroy=True) == []
    assert disk.files == {}


def test_a_file_that_can_not_be_removed_is_a_problem() -> None:
    disk = Disk()
    files = files_on(disk, "hero")
    files.update(state_of(HERO), now=NOW)
    disk.full = True
    [change] = files.update(EMPTIED, now=NOW, destroy=True)
    assert change.problem == "Read-only file system"


# -- what a file names -------------------------------------------------------------------------------------------------


def test_a_file_that_this_run_wrote_names_exactly_its_records() -> None:
    disk = Disk()
    files = files_on(disk, "hero", declared=(ENV, JSON))
    files.update(state_of(HERO, KEPT), now=NOW)
    assert files.naming([HERO, KEPT, record("other", "829")]) == [["v.env", "v.json"], ["v.env", "v.json"], []]
    files.update(state_of(HERO, OLD), now=NOW)
    assert files.naming([OLD]) == [[]]


def test_an_address_that_is_the_old_voice_id_too_does_not_keep_the_voice() -> None:
    disk = Disk()
    files = files_on(disk, "villain_01", declared=(JSON,))
    new, old = record("villain_01", "villain_02"), record("villain_01", "villain_01", status=Status.DEPOSED, key="old")
    files.update(state_of(new, old), now=NOW)
    assert b"villain_01" in disk.files["v.json"]
    assert files.naming([old]) == [[]]


def test_of_any_other_file_each_word_counts() -> None:
    disk = Disk()
    disk.files["v.env"] = b"SOMETHING=828 # old\n"
    assert files_on(disk, "hero").naming([OLD, HERO]) == [["v.env"], []]


def test_a_file_that_can_not_be_read_may_name_every_voice() -> None:
    disk = Disk()
    disk.unreadable = True
    assert files_on(disk, "hero").naming([HERO]) == [["v.env"]]


def test_no_file_names_nothing() -> None:
    assert files_on(Disk(), "hero").naming([HERO]) == [[]]
