"""-f in this process: what it refuses before a command begins."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reconciler.cli.main import run
from reconciler.loader.streams import stream


def test_a_regular_file_behind_a_descriptor_is_not_a_manifest(tmp_path: Path) -> None:
    path = tmp_path / "voices.yaml"
    path.write_text("providers: {}\n", encoding="utf-8")
    (tmp_path / "linked.yaml").symlink_to("voices.yaml")
    opened = os.open(path, os.O_RDONLY)
    try:
        assert stream(f"/dev/fd/{opened}") == "a file descriptor"
        (tmp_path / "descriptor.yaml").symlink_to(f"/dev/fd/{opened}")
        assert stream(str(tmp_path / "descriptor.yaml")) == "a file descriptor"
    finally:
        os.close(opened)
    assert stream(str(path)) is stream(str(tmp_path / "linked.yaml")) is stream(str(tmp_path)) is None
    assert stream(str(tmp_path / "nowhere.yaml")) is None


@pytest.mark.parametrize("words", [["output"], ["state", "list"], ["unlock", "id"], ["show"]])
def test_a_command_that_reads_only_the_state_refuses_a_pipe_too(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    os.mkfifo("cast.yaml")
    assert run([*words, "-f", "cast.yaml"]) == 1
    assert "-f cast.yaml: a pipe can't be a manifest" in capsys.readouterr().err


@pytest.mark.parametrize("words", [["-f", "a", "output", "-f", "b"], ["-f", "a", "-f", "b", "state", "list"]])
def test_the_second_f_is_refused(
    words: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    assert run(words) == 1
    assert "-f is given twice: a and b" in capsys.readouterr().err
