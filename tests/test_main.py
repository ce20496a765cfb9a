"""The end of the process: at once, with both streams written, and the exit code that says so."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

MAIN = "import atexit, sys; atexit.register(print, 'taken down'); {}; sys.argv = ['voicectl', '--version']\n" + (
    "from reconciler.__main__ import main; main()"
)


def run(*arguments: str, shell: str = "") -> subprocess.CompletedProcess[str]:
    words = [sys.executable, "-m", "reconciler", *arguments]
    command = ["bash", "-c", f'"$0" "$@" {shell}', *words] if shell else words
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
@pytest.mark.parametrize("option", ["--version", "--help"])
def test_output_that_a_full_disk_did_not_take_is_an_error(option: str) -> None:
    ran = run(option, shell="> /dev/full")
    assert ran.returncode == 1
    assert "No space left on device" in ran.stderr


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_a_closed_stdout_is_not_an_error(option: str) -> None:
    assert run(option, shell=">&-").returncode == 0


def test_a_reader_that_has_left_is_not_an_error() -> None:
    ran = run("--version", shell="| true; exit ${PIPESTATUS[0]}")
    assert (ran.returncode, ran.stderr) == (0, "")


@pytest.mark.parametrize(("before", "taken_down"), [("pass", False), ("sys.settrace(lambda *_: None)", True)])
def test_the_modules_are_taken_down_only_under_a_tracer(before: str, taken_down: bool) -> None:
    environ = {**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])}
    command = [sys.executable, "-c", MAIN.format(before)]
    ran = subprocess.run(command, capture_output=True, text=True, check=True, env=environ)
    assert ("taken down" in ran.stdout) == taken_down


@pytest.mark.parametrize(("options", "code"), [(["--version"], 0), (["--no-such-option"], 1), (["plan"], 1)])
def test_the_exit_code_is_added_to_the_file_that_a_pipeline_names(
    options: list[str], code: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    named = tmp_path / "outputs"
    named.write_text("earlier=yes\n")
    monkeypatch.setenv("VOICECTL_EXIT_CODE_FILE", str(named))
    assert run("-C", str(tmp_path), *options).returncode == code
    assert named.read_text() == f"earlier=yes\nexit_code={code}\n"


def test_a_file_for_the_exit_code_that_cannot_be_written_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VOICECTL_EXIT_CODE_FILE", str(tmp_path / "no-folder" / "outputs"))
    ran = run("--version")
    assert (ran.returncode, ran.stdout[:9]) == (0, "voicectl ")
    assert ran.stderr.endswith("no-folder/outputs: No such file or directory.\n")
