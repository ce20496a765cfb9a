"""Runs the console blocks of the README in a real shell, in order; they must print what the README shows.

UPDATE_GOLDEN=1 writes their output into the README instead. Durations, numbers of calls, and the order of lines are not
compared, because they depend on the speed of the machine.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
_BLOCK = re.compile(r"^```console\n(.*?)^```$", re.M | re.S)
_TIMES = re.compile(r"\b\d+\.\d s\b|\b\d+ calls\b|\b\d+ of \d+\b")

pytestmark = pytest.mark.skipif(
    not Path(sys.executable).with_name("voicectl").exists(), reason="voicectl is not installed beside this Python"
)


def test_the_console_blocks_print_what_they_say(tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns(".voicectl", "*.state.*"))
    text = README.read_text(encoding="utf-8")
    written = [block.group(1) for block in _BLOCK.finditer(text)]
    printed = [_run_block(block, tmp_path) for block in written]
    assert not [p for p in printed if "has a bug" in p]
    if os.environ.get("UPDATE_GOLDEN"):
        outputs = iter(printed)
        README.write_text(_BLOCK.sub(lambda _: f"```console\n{next(outputs)}```", text), encoding="utf-8")
        return
    assert [_without_times(p) for p in printed] == [_without_times(t) for t in written]


def _without_times(shown: str) -> list[str]:
    return sorted(_TIMES.sub("N", shown).splitlines())


def _run_block(block: str, folder: Path) -> str:
    """Runs the commands of a block. Returns what a shell would show. Each block starts in `folder`."""
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    shown = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            command = line.removeprefix("$ ")
            ran = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=120,
            )
            shown += f"{line}\n{ran.stdout.decode()}"
    return shown


def test_the_readme_has_the_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert re.search(r"<!-- the first command -->\n+```sh\n[^`]*examples/quickstart[^`]*\n```", text)
    assert re.search(r"<!-- the test command -->\n+```sh\n[^`]*pytest[^`]*\n```", text)
