"""The snapshots that a local state keeps."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.backends.local import LocalBackend
from reconciler.protocols.backend import Stamp


def local(folder: Path, *, keep: int = 10) -> LocalBackend:
    return LocalBackend(folder / "voices.state.json", history=folder / ".voicectl/history/voices", keep=keep)


def write(backend: LocalBackend, *serials: int) -> None:
    for serial in serials:
        blob = backend.read()
        backend.write(b'{"is": %d}' % serial, None if blob is None else blob.version, Stamp("abcdef12", serial))


def kept(backend: LocalBackend) -> list[int]:
    return [each.serial for each in backend.history()]


def test_a_snapshot_takes_no_room_of_its_own_while_it_is_the_state(tmp_path: Path) -> None:
    backend = local(tmp_path)
    write(backend, 1)
    assert (tmp_path / "voices.state.json").samefile(tmp_path / ".voicectl/history/voices/000000000001.json")


def test_a_later_write_leaves_an_earlier_snapshot_as_it_was(tmp_path: Path) -> None:
    backend = local(tmp_path)
    write(backend, 1, 2)
    assert (backend.snapshot(1), backend.snapshot(2)) == (b'{"is": 1}', b'{"is": 2}')


def test_serials_are_ordered_by_number(tmp_path: Path) -> None:
    backend = local(tmp_path, keep=3)
    write(backend, 9, 10, 999_999_999_999, 1_000_000_000_000)
    assert kept(backend) == [1_000_000_000_000, 999_999_999_999, 10]


def test_nothing_is_kept_where_nothing_is_wanted(tmp_path: Path) -> None:
    backend = local(tmp_path, keep=0)
    write(backend, 1)
    assert kept(backend) == []
    assert [p.name for p in tmp_path.iterdir()] == ["voices.state.json"]


def test_a_disk_without_hard_links_keeps_copies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise PermissionError

    monkeypatch.setattr(os, "link", refuse)
    backend = local(tmp_path)
    write(backend, 1, 2)
    assert backend.snapshot(1) == b'{"is": 1}'


def test_a_history_that_cannot_be_written_fails_no_save(tmp_path: Path) -> None:
    (tmp_path / ".voicectl").write_text("not a folder")
    backend = local(tmp_path)
    write(backend, 1)
    assert (tmp_path / "voices.state.json").read_bytes() == b'{"is": 1}'
    assert kept(backend) == []


def test_files_of_other_names_are_no_snapshots(tmp_path: Path) -> None:
    backend = local(tmp_path)
    write(backend, 1)
    (tmp_path / ".voicectl/history/voices/notes.json").write_text("{}")
    assert kept(backend) == [1]


def test_git_sees_nothing_of_it(tmp_path: Path) -> None:
    write(local(tmp_path), 1)
    assert (tmp_path / ".voicectl/.gitignore").read_text() == "*\n"
