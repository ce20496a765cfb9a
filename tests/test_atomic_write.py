"""A file is written completely or not at all."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from reconciler.atomic_write import write_new, write_temporary


@pytest.fixture
def strict_umask() -> Iterator[None]:
    before = os.umask(0o077)
    yield
    os.umask(before)


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_an_existing_file_is_not_overwritten(tmp_path: Path) -> None:
    there = tmp_path / "copy"
    there.write_bytes(b"old")
    with pytest.raises(FileExistsError):
        write_new(there, b"new")
    assert there.read_bytes() == b"old"


def test_a_temporary_file_of_a_killed_run_is_another_file_afterwards(tmp_path: Path) -> None:
    left = tmp_path / "state.tmp"
    left.write_bytes(b"half")
    left.chmod(0o644)
    with left.open("rb") as reader:
        write_temporary(left, b"whole", mode=0o600)
        assert reader.read() == b"half"
    assert (left.read_bytes(), mode_of(left)) == (b"whole", 0o600)


def test_the_mode_is_the_given_one_whatever_the_umask_is(tmp_path: Path, strict_umask: None) -> None:
    assert mode_of(write_new(tmp_path / "given", b"", mode=0o644)) == 0o644
    assert mode_of(write_new(tmp_path / "default", b"")) == 0o600


@pytest.mark.parametrize("call", ["write", "fsync"])
def test_after_a_full_disk_there_is_no_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str) -> None:
    def full(*_: object) -> int:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, call, full)
    with pytest.raises(OSError, match="No space left"):
        write_new(tmp_path / "copy", b"content")
    assert list(tmp_path.iterdir()) == []


def test_what_one_write_did_not_take_is_written_by_the_next(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    real = os.write
    monkeypatch.setattr(os, "write", lambda opened, content: real(opened, content[:2]))
    assert write_new(tmp_path / "copy", b"content").read_bytes() == b"content"


def test_the_file_is_synced_after_its_content_and_before_it_is_returned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[int] = []
    monkeypatch.setattr(os, "fsync", lambda opened: synced.append(os.fstat(opened).st_size))
    write_new(tmp_path / "copy", b"content")
    assert synced == [7]
