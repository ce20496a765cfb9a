"""A file for applications is replaced whole, with its mode, and never outside of the folder."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest

from reconciler.engine import output_folder
from reconciler.engine.output_folder import OutputFolder


def mode_of(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_a_file_is_written_with_its_folders_and_read_again(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)
    assert folder.read("a/b/voices.env") is None
    folder.write("a/b/voices.env", b"one")
    assert folder.read("a/b/voices.env") == b"one"
    folder.remove("a/b/voices.env")
    folder.remove("a/b/voices.env")
    assert folder.read("a/b/voices.env") is None


def test_a_new_file_has_the_usual_mode_and_an_old_one_keeps_its_own(tmp_path: Path) -> None:
    folder, file = OutputFolder(tmp_path), tmp_path / "voices.env"
    before = os.umask(0o027)
    try:
        folder.write("voices.env", b"one")
    finally:
        os.umask(before)
    assert mode_of(file) == 0o640
    file.chmod(0o606)
    folder.write("voices.env", b"two")
    assert mode_of(file) == 0o606


@pytest.mark.skipif(os.getuid() != 0, reason="only root may give a file to another user")
def test_an_old_file_keeps_its_owner(tmp_path: Path) -> None:
    folder, file = OutputFolder(tmp_path), tmp_path / "voices.env"
    folder.write("voices.env", b"one")
    os.chown(file, 1234, 2345)
    folder.write("voices.env", b"two")
    assert (file.stat().st_uid, file.stat().st_gid) == (1234, 2345)


def test_who_has_the_old_file_open_reads_the_old_content(tmp_path: Path) -> None:
    folder = OutputFolder(tmp_path)
    folder.write("voices.env", b"one")
    with (tmp_path / "voices.env").open("rb") as reader:
        folder.write("voices.env", b"two")
        assert reader.read() == b"one"


def test_what_a_killed_run_left_is_replaced_and_nothing_is_left(tmp_path: Path) -> None:
    (tmp_path / ".voices.env.voicectl.tmp").write_bytes(b"half")
    OutputFolder(tmp_path).write("voices.env", b"whole")
    assert [path.name for path in tmp_path.iterdir()] == ["voices.env"]


def test_a_write_that_fails_leaves_the_old_file_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = OutputFolder(tmp_path)
    folder.write("voices.env", b"one")

    def refuse(*_: object, **__: object) -> Path:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(output_folder, "write_new", refuse)
    with pytest.raises(OSError, match="No space left"):
        folder.write("voices.env", b"two")
    monkeypatch.undo()
    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="No space left"):
        folder.write("voices.env", b"two")
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == {"voices.env": b"one"}


def test_a_link_out_of_the_folder_is_neither_read_nor_written_nor_removed(tmp_path: Path) -> None:
    (tmp_path / "desk").mkdir()
    (tmp_path / "secret").write_bytes(b"theirs")
    (tmp_path / "desk/voices.env").symlink_to("../secret")
    folder = OutputFolder(tmp_path / "desk")
    with pytest.raises(ValueError, match="leads out"):
        folder.read("voices.env")
    with pytest.raises(ValueError, match="leads out"):
        folder.remove("voices.env")
    with pytest.raises(ValueError, match="leads out"):
        folder.write("voices.env", b"ours")
    assert (tmp_path / "secret").read_bytes() == b"theirs"


def test_a_pipe_or_a_socket_is_not_read_and_nothing_waits_for_it(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.env")
    with socket.socket(socket.AF_UNIX) as listening:
        listening.bind(str(tmp_path / "socket.env"))
        for path in ("pipe.env", "socket.env"):
            with pytest.raises(ValueError, match="its path is a pipe, a device or a folder"):
                OutputFolder(tmp_path).read(path)


def test_a_file_with_a_usual_temporary_name_stays(tmp_path: Path) -> None:
    (tmp_path / ".voices.env.tmp").write_bytes(b"of another program")
    OutputFolder(tmp_path).write("voices.env", b"one")
    assert (tmp_path / ".voices.env.tmp").read_bytes() == b"of another program"
