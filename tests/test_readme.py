"""The README is true: its console blocks are typed into a real shell, in order, and must print what stands there.

UPDATE_GOLDEN=1 writes what they print into the README instead. What depends on the time a machine takes is not
compared: durations, polls, and which of two voices is ready first.
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
    told = [block.group(1) for block in _BLOCK.finditer(text)]
    printed = [_typed(block, tmp_path) for block in told]
    assert not [p for p in printed if "has a bug" in p]
    if os.environ.get("UPDATE_GOLDEN"):
        outputs = iter(printed)
        README.write_text(_BLOCK.sub(lambda _: f"```console\n{next(outputs)}```", text), encoding="utf-8")
        return
    assert [_timeless(p) for p in printed] == [_timeless(t) for t in told]


def _timeless(shown: str) -> list[str]:
    return sorted(_TIMES.sub("N", shown).splitlines())


def _typed(block: str, folder: Path) -> str:
    """The block as a shell would show it. Every block starts in the repository's root."""
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


def test_the_two_commands_stand_in_the_readme() -> None:
    text = README.read_text(encoding="utf-8")
    assert re.search(r"<!-- the first command -->\n+```sh\n[^`]*examples/quickstart[^`]*\n```", text)
    assert re.search(r"<!-- the test command -->\n+```sh\n[^`]*pytest[^`]*\n```", text)
