"""What a pipeline of the tests works with: a repository, the sandbox served as the cloud, and programs on PATH."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.engines.server import free_ports, running

ROOT = Path(__file__).parents[2]
EXAMPLE = ROOT / "examples" / "gitops"
KEY = "sandbox-default"  # the sandbox's own
_PYTHON = (sys.executable, "-m", "reconciler")
_IDENTITY = {
    **{f"GIT_{who}_NAME": "Test" for who in ("AUTHOR", "COMMITTER")},
    **{f"GIT_{who}_EMAIL": "test@example.com" for who in ("AUTHOR", "COMMITTER")},
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_CONFIG_SYSTEM": os.devnull,
}

_PIP = """\
#!/bin/bash
# What installs packages: it knows one requirement, and makes one program.
if [ "${*: -1}" != "{requirement}" ] || [ "{verb}" != "$1" ]; then echo "not to be installed: $*" >&2; exit 1; fi
printf '#!/bin/bash\\nPYTHONPATH={root} exec {python} -m reconciler "$@"\\n' >"{bin}/voicectl"
chmod +x "{bin}/voicectl"
"""


def installer(folder: Path, name: str, *, requirement: str) -> None:
    """A stand-in for pip or pipx, in a folder of PATH."""
    folder.mkdir(exist_ok=True)
    script = _PIP
    for key, value in {"verb": "install", "requirement": requirement, "root": str(ROOT)}.items():
        script = script.replace("{" + key + "}", value)
    program = folder / name
    program.write_text(script.replace("{python}", sys.executable).replace("{bin}", str(folder)))
    program.chmod(0o755)


def path(first: Path) -> str:
    """PATH with this folder before all others, and without an installed voicectl, as a new machine has it."""
    others = [each for each in os.environ["PATH"].split(os.pathsep) if not (Path(each) / "voicectl").exists()]
    return os.pathsep.join([str(first), *others])


@dataclass(frozen=True)
class Cloud:
    """The sandbox, served on loopback."""

    folder: Path
    url: str

    @property
    def bought(self) -> list[str]:
        """The names of all voices that were ever paid for, in order."""
        (world,) = (self.folder / ".voicectl").glob("world.db")
        with sqlite3.connect(f"file:{world}?mode=ro", uri=True) as opened:
            return [name for (name,) in opened.execute("SELECT voice_name FROM creations ORDER BY number")]

    def faults(self, *words: str) -> None:
        """`voicectl sandbox faults`: what goes wrong from now on, or is done behind voicectl's back."""
        subprocess.run([*_PYTHON, "sandbox", "faults", *words], cwd=self.folder, check=True, stdout=subprocess.DEVNULL)

    def wait_until_bought(self, count: int) -> None:
        end = time.monotonic() + 30
        while len(self.bought) < count:
            assert time.monotonic() < end, self.bought
            time.sleep(0.02)


@contextmanager
def served(folder: Path) -> Iterator[Cloud]:
    folder.mkdir()
    (port,) = free_ports(1)
    command = [*_PYTHON, "-C", str(folder), "sandbox", "serve", "--port", str(port)]
    with running(command, port, folder / "log"):
        cloud = Cloud(folder, f"http://127.0.0.1:{port}")
        cloud.faults("task_seconds=0.1")
        yield cloud


class Repository:
    """A scratch repository: `origin` is on the server, `work` is a person's clone."""

    def __init__(self, folder: Path) -> None:
        self.origin, self.work = folder / "origin.git", folder / "work"
        self._git("init", "--quiet", "--bare", "--initial-branch=main", str(self.origin), at=folder)
        self._git("clone", "--quiet", str(self.origin), str(self.work), at=folder)
        self._git("checkout", "--quiet", "-b", "main")

    def write(self, path: str, text: str) -> None:
        file = self.work / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)

    def copy(self, folder: Path) -> None:
        shutil.copytree(folder, self.work, dirs_exist_ok=True)

    def read(self, path: str) -> str:
        return (self.work / path).read_text()

    def push(self, branch: str, *, new: bool = False) -> str:
        """Commits all there is, and pushes it. Returns the commit."""
        if new:
            self._git("checkout", "--quiet", "-b", branch)
        self._git("add", "--all")
        self._git("commit", "--quiet", "--allow-empty", "-m", "Change the cast")
        self._git("push", "--quiet", "origin", branch)
        return self._git("rev-parse", "HEAD")

    @property
    def head(self) -> str:
        """The newest commit of main, on the server."""
        return self._git("rev-parse", "main", at=self.origin)

    def switch(self, branch: str) -> None:
        self._git("checkout", "--quiet", branch)

    def merged(self, branch: str, ref: str) -> str:
        """A merge of the branch into main, pushed as this ref: a pull request's, a queue's, or main itself."""
        self._git("checkout", "--quiet", "--detach", "main")
        self._git("merge", "--quiet", "--no-ff", "-m", f"Merge {branch}", branch)
        commit = self._git("rev-parse", "HEAD")
        self._git("push", "--quiet", "--force", "origin", f"HEAD:{ref}")
        if ref == "refs/heads/main":
            self._git("branch", "--quiet", "--force", "main", "HEAD")
        self._git("checkout", "--quiet", branch)
        return commit

    def advance(self, commit: str) -> None:
        """Moves main to this commit, as a merge queue does."""
        self._git("push", "--quiet", "origin", f"{commit}:refs/heads/main")
        self._git("branch", "--quiet", "--force", "main", commit)

    def checked_out(self, commit: str, folder: Path) -> None:
        """A fresh clone at the commit, as a thrown-away runner makes one."""
        self._git("clone", "--quiet", "--no-checkout", str(self.origin), str(folder), at=self.origin.parent)
        self._git("fetch", "--quiet", "origin", commit, at=folder)
        self._git("checkout", "--quiet", "--detach", commit, at=folder)

    def _git(self, *words: str, at: Path | None = None) -> str:
        ran = subprocess.run(
            ["git", *words], cwd=at or self.work, env=os.environ | _IDENTITY, check=True, capture_output=True, text=True
        )
        return ran.stdout.strip()


def manifest(cloud: Cloud, *names: str) -> str:
    """The manifest of the example, at the sandbox, with more voices. A name that ends with ! lacks its owner."""
    text = (EXAMPLE / "voices.yaml").read_text()
    assert text.count("kling: {type: kling}") == 1
    text = text.replace("kling: {type: kling}", f"kling: {{type: kling, endpoint: '{cloud.url}'}}")
    for name in names:
        owner = "" if name.endswith("!") else "\n    labels: {owner: audio-team}"
        name = name.rstrip("!")
        text += f"""
  {name}:
    provider: kling
    create: {{voice_name: {name}, voice_url: https://cdn.example.com/{name}.mp3}}{owner}
"""
    return text


def program(name: str) -> str:
    """The path of a program that the tests need from the system. Skips the test without it."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"needs {name}")
    return found
