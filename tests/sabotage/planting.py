"""Plants a sabotage in a copy of the project, and runs the tests over that copy.

The sabotages, and the tests that must catch each of them, are in the TOML files of this folder.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from pydantic import TypeAdapter

from reconciler.model.base import Frozen

ROOT = Path(__file__).parents[2]
LISTS = sorted(Path(__file__).parent.glob("*.toml"))  # one for each promise
_NEEDED = ("reconciler", "tests", "schemas", "examples", "pyproject.toml")
_TIMEOUT = 240.0  # seconds for one run
# Settings of this run that the inner run must not inherit.
_NOT_INHERITED = ("PYTEST_", "UPDATE_GOLDEN", "VOICECTL_", "KLING_")


class Sabotage(Frozen):
    name: str
    harm: str  # the harm to a user, in one sentence
    file: str
    there: str  # the exact text, which occurs once
    instead: str
    caught_by: str  # a file or folder of tests


class OutOfDate(Exception):
    """The text that a sabotage replaces does not occur exactly once."""


class Run(Frozen):
    """The result of a test run. `package` is the tested folder; `failed` is test -> type of its exception."""

    code: int
    output: str
    package: str = ""
    failed: dict[str, str] = {}


def listed() -> list[Sabotage]:
    read = TypeAdapter(dict[str, list[Sabotage]])
    return [s for path in LISTS for s in read.validate_python(tomllib.loads(path.read_text("utf-8")))["sabotage"]]


def copied(into: Path) -> Path:
    """Copies the project into a folder, with its compiled modules, which stay valid for unchanged sources."""
    for name in _NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("*.pyc.*"))  # temporary files of Python
        else:
            shutil.copy2(source, into / name)
    return into


@contextmanager
def planted(sabotage: Sabotage, copy: Path) -> Iterator[None]:
    """Plants the sabotage in the copy, and removes it at the end."""
    path = copy / sabotage.file
    text = path.read_text("utf-8")
    if (times := text.count(sabotage.there)) != 1:
        raise OutOfDate(
            f"{sabotage.file} holds the text that “{sabotage.name}” replaces {times} times, and must hold it once: "
            "the code moved on, so write the sabotage anew, to do the same harm"
        )
    changed = text.replace(sabotage.there, sabotage.instead)
    compile(changed, path, "exec")
    _write(path, changed)
    try:
        yield
    finally:
        _write(path, text)


def _write(path: Path, text: str) -> None:
    """Writes a module and removes its compiled files, which Python would use if size and time are the same."""
    path.write_text(text, "utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def run(copy: Path, selection: Iterable[str]) -> Run:
    """Runs pytest over the copy in a process, up to the first failure."""
    report = copy / "testimony.json"
    report.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_NOT_INHERITED)}
    environment |= {
        "PYTHONPATH": str(copy),  # before the installed package
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # no xdist; and it starts twice as fast
        "VOICECTL_TESTIMONY": str(report),
    }
    how = [
        "-x",
        "-q",
        "-p",
        "no:cacheprovider",
        "-p",
        "tests.sabotage.result_plugin",
        f"--basetemp={copy / 'basetemp'}",
    ]
    ended = subprocess.run(
        [sys.executable, "-m", "pytest", *how, *selection],
        cwd=copy,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_TIMEOUT,
        check=False,
    )
    outcome = json.loads(report.read_text("utf-8")) if report.exists() else {}
    return Run(code=ended.returncode, output=ended.stdout[-3000:], **outcome)
