"""The files of a local state, and how damaged or foreign files are treated."""

from __future__ import annotations

import os
import resource
import threading
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.errors import StateConflict, StateDamaged, StateTooNew
from reconciler.protocols.backend import ANY_VERSION, Blob, Stamp
from tests.support.children import in_child
from tests.support.hints import in_words

STAMP = Stamp("abcdef12", 1)


def local(folder: Path) -> LocalBackend:
    return LocalBackend(folder / "voices.state.json")


def entries(folder: Path) -> tuple[bytes, ...]:
    blob = local(folder).read()
    assert blob is not None
    return blob.entries


@pytest.fixture
def journalled(tmp_path: Path) -> Path:
    """A folder with a state whose entries are `one`, `two` and `three`, one line each."""
    backend = local(tmp_path)
    version = backend.write(b"{}", None, STAMP)
    for entry in (b"one", b"two", b"three"):
        version = backend.append([entry], version, STAMP)
    return tmp_path


def test_a_finished_write_leaves_the_snapshot_and_the_one_before_it(tmp_path: Path) -> None:
    backend = local(tmp_path)
    version = backend.append([b"e"], backend.write(b"1", None, STAMP), STAMP)
    backend.write(b"2", version, STAMP)
    assert {p.name: p.read_bytes() for p in tmp_path.iterdir()} == {
        "voices.state.json": b"2",
        "voices.state.backup": b"1",
    }


def test_new_files_are_for_their_owner_only(journalled: Path) -> None:
    local(journalled).write(b"2", ANY_VERSION, STAMP)
    modes = {p.name: p.stat().st_mode & 0o777 for p in journalled.iterdir()}
    assert modes == {"voices.state.json": 0o600, "voices.state.backup": 0o600}


def test_a_journal_is_for_its_owner_only(journalled: Path) -> None:
    assert (journalled / "voices.state.journal").stat().st_mode & 0o777 == 0o600


def test_a_mode_that_the_user_chose_is_kept(tmp_path: Path) -> None:
    version = local(tmp_path).write(b"1", None, STAMP)
    (tmp_path / "voices.state.json").chmod(0o660)
    local(tmp_path).write(b"2", version, STAMP)
    assert (tmp_path / "voices.state.json").stat().st_mode & 0o777 == 0o660


def test_paths_may_have_spaces_and_any_letters(tmp_path: Path) -> None:
    backend = LocalBackend(tmp_path / "our voices 声音" / "prod é.state.json")
    version = backend.append([b"e"], backend.write(b"{}", None, STAMP), STAMP)
    assert backend.read() == Blob(b"{}", version, (b"e",))


def test_a_linked_state_is_written_where_the_link_points(tmp_path: Path) -> None:
    shared, here = tmp_path / "shared", tmp_path / "here"
    shared.mkdir()
    here.mkdir()
    link = here / "voices.state.json"
    link.symlink_to(shared / "voices.state.json")
    backend = LocalBackend(link)
    version = backend.append([b"e"], backend.write(b"1", None, STAMP), STAMP)
    backend.write(b"2", version, STAMP)
    assert link.is_symlink()
    assert sorted(p.name for p in shared.iterdir()) == ["voices.state.backup", "voices.state.json"]
    assert (shared / "voices.state.json").read_bytes() == b"2"


def test_the_next_append_goes_over_a_torn_last_line(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    whole = journal.read_bytes()
    last_line = whole.rindex(b"\n", 0, -1) + 1
    for length in range(last_line, len(whole)):
        journal.write_bytes(whole[:length])
        backend = local(journalled)
        blob = backend.read()
        assert blob is not None
        assert blob.entries == (b"one", b"two")
        backend.append([b"four"], blob.version, STAMP)
        assert entries(journalled) == (b"one", b"two", b"four")


def test_every_torn_journal_reads_as_the_lines_before_the_tear(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    whole = journal.read_bytes()
    for length in range(len(whole)):
        journal.write_bytes(whole[:length])
        assert entries(journalled) == (b"one", b"two", b"three")[: max(whole[:length].count(b"\n") - 1, 0)]
        journal.write_bytes(whole[:length] + b"\0" * (len(whole) - length))  # what a power cut leaves
        assert entries(journalled) == (b"one", b"two", b"three")[: max(whole[:length].count(b"\n") - 1, 0)]


def test_a_last_line_with_a_wrong_byte_is_healed(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    journal.write_bytes(journal.read_bytes().replace(b"three", b"thrxe"))
    assert entries(journalled) == (b"one", b"two")


def test_a_wrong_byte_in_an_earlier_line_is_damage(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    whole = journal.read_bytes()
    for place in range(len(whole.splitlines(keepends=True)[0]), whole.index(b"three") - 18):
        journal.write_bytes(whole[:place] + b"~" + whole[place + 1 :])
        with pytest.raises(StateDamaged):
            local(journalled).read()


def test_damage_says_which_line_and_what_to_do(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    journal.write_bytes(journal.read_bytes().replace(b"one", b"eno"))
    with pytest.raises(StateDamaged) as caught:
        local(journalled).read()
    assert caught.value.detail == "line 2 of the journal is bad, and others follow it."
    assert "voicectl state push --force" in in_words(caught.value.hint)


def test_a_line_that_was_taken_out_is_damage(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join([lines[0], lines[1], lines[3], lines[3]]))
    with pytest.raises(StateDamaged):
        local(journalled).read()


def test_a_journal_of_a_later_voicectl_is_not_guessed_at(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    journal.write_bytes(journal.read_bytes().replace(b'"journal":1', b'"journal":2'))
    with pytest.raises(StateTooNew):
        local(journalled).read()


def test_a_journal_that_was_folded_already_is_ignored_and_goes_with_the_next_write(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    left_behind = journal.read_bytes()
    local(journalled).write(b"folded", ANY_VERSION, STAMP)
    journal.write_bytes(left_behind)
    blob = local(journalled).read()
    assert blob is not None
    assert (blob.data, blob.entries) == (b"folded", ())
    local(journalled).write(b"next", blob.version, STAMP)
    assert not journal.exists()
    assert (journalled / "voices.state.backup").read_bytes() == b"folded"


def test_a_journal_that_was_folded_already_gives_way_to_the_next_append(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    left_behind = journal.read_bytes()
    version = local(journalled).write(b"folded", ANY_VERSION, STAMP)
    journal.write_bytes(left_behind)
    local(journalled).append([b"new"], version, STAMP)
    assert entries(journalled) == (b"new",)


def test_a_state_that_was_replaced_under_its_journal_is_not_believed(journalled: Path) -> None:
    (journalled / "voices.state.json").write_bytes(b"an older one")
    with pytest.raises(StateDamaged, match=r"was replaced while voices\.state\.journal still continued it"):
        local(journalled).read()


def test_a_state_that_was_removed_under_its_journal_is_not_taken_for_none(journalled: Path) -> None:
    (journalled / "voices.state.json").unlink()
    with pytest.raises(StateDamaged, match=r"is gone while voices\.state\.journal still continued it"):
        local(journalled).read()


def test_a_write_over_anything_keeps_a_damaged_journal_aside(journalled: Path) -> None:
    journal = journalled / "voices.state.journal"
    damaged = journal.read_bytes().replace(b"one", b"eno")
    journal.write_bytes(damaged)
    local(journalled).write(b"pushed", ANY_VERSION, STAMP)
    assert entries(journalled) == ()
    assert (journalled / "voices.state.journal.damaged").read_bytes() == damaged


@pytest.mark.parametrize("change", ["removed", "replaced", "appended"])
def test_a_change_by_another_run_is_a_conflict(tmp_path: Path, change: str) -> None:
    backend = local(tmp_path)
    version = backend.write(b"1", None, STAMP)
    if change == "removed":
        (tmp_path / "voices.state.json").unlink()
    elif change == "replaced":
        (tmp_path / "voices.state.json").write_bytes(b"2")
    else:
        local(tmp_path).append([b"e"], version, STAMP)
    with pytest.raises(StateConflict) as caught:
        backend.append([b"mine"], version, STAMP)
    assert f"voicectl state {'push' if change == 'removed' else 'pull'}" in in_words(caught.value.hint)


@pytest.mark.parametrize("change", ["removed", "replaced"])
def test_a_snapshot_that_changes_during_an_append_is_noticed_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    backend, snapshot, real = local(tmp_path), tmp_path / "voices.state.json", os.fsync
    version = backend.append([b"e"], backend.write(b"1", None, STAMP), STAMP)

    def fsync(opened: int) -> None:
        real(opened)
        if change == "removed":
            snapshot.unlink()
        else:
            snapshot.write_bytes(b"2")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", fsync)
        version = backend.append([b"mine"], version, STAMP)
    with pytest.raises(StateDamaged):
        backend.append([b"more"], version, STAMP)


def test_a_file_that_was_only_touched_is_the_same_state(tmp_path: Path) -> None:
    backend = local(tmp_path)
    version = backend.write(b"1", None, STAMP)
    os.utime(tmp_path / "voices.state.json", (1, 1))
    backend.append([b"e"], version, STAMP)
    assert entries(tmp_path) == (b"e",)


def test_one_append_is_one_fsync_however_many_entries(journalled: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backend = local(journalled)
    blob = backend.read()
    assert blob is not None
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", synced.append)
    backend.append([b"e"] * 20, blob.version, STAMP)
    assert len(synced) == 1


@pytest.mark.parametrize("entry", [b"", b"a\nb", b"a\x1eb"])
def test_an_entry_of_more_than_one_line_is_a_bug(tmp_path: Path, entry: bytes) -> None:
    backend = local(tmp_path)
    version = backend.write(b"{}", None, STAMP)
    with pytest.raises(ValueError, match="one line"):
        backend.append([entry], version, STAMP)


def test_a_full_disk_fails_a_write_and_keeps_the_old_content(journalled: Path) -> None:
    before = local(journalled).read()

    def work() -> None:
        _limit_files_to(1000)
        backend = local(journalled)
        blob = backend.read()
        assert blob is not None
        with pytest.raises(OSError, match="too large"):
            backend.write(b"x" * 2000, blob.version, STAMP)

    assert in_child(work) == 0
    assert local(journalled).read() == before
    assert sorted(p.name for p in journalled.iterdir()) == ["voices.state.journal", "voices.state.json"]


def test_a_full_disk_fails_an_append_and_keeps_what_was_there(journalled: Path) -> None:
    before = local(journalled).read()

    def work() -> None:
        _limit_files_to(1000)
        backend = local(journalled)
        blob = backend.read()
        assert blob is not None
        with pytest.raises(OSError, match="too large"):
            backend.append([b"x" * 2000], blob.version, STAMP)
        assert backend.read() == blob
        backend.append([b"short"], blob.version, STAMP)

    assert in_child(work) == 0
    assert before is not None
    assert entries(journalled) == (*before.entries, b"short")


def test_a_disk_without_hard_links_still_keeps_a_backup(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", refuses)
    backend = local(tmp_path)
    backend.write(b"2", backend.write(b"1", None, STAMP), STAMP)
    assert (tmp_path / "voices.state.backup").read_bytes() == b"1"


def test_a_reader_never_sees_a_state_that_never_was(tmp_path: Path) -> None:
    """The writer's n-th state is n, as a snapshot or as a snapshot with n entries."""
    writer, stopped = local(tmp_path), threading.Event()
    writer.write(b"0", None, STAMP)

    def write() -> None:
        version = writer.write(b"0", ANY_VERSION, STAMP)
        for turn in range(60):
            for number in range(3):
                version = writer.append([b"%d" % (turn * 4 + number + 1)], version, STAMP)
            version = writer.write(b"%d" % (turn * 4 + 4), version, STAMP)
        stopped.set()

    thread = threading.Thread(target=write)
    thread.start()
    last = 0
    while not stopped.is_set():
        blob = local(tmp_path).read()
        assert blob is not None
        numbers = [int(blob.data), *map(int, blob.entries)]
        assert numbers == list(range(numbers[0], numbers[0] + len(numbers)))
        assert numbers[-1] >= last
        last = numbers[-1]
    thread.join()


def _limit_files_to(size: int) -> None:
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, size))
