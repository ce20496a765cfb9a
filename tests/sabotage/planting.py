"""A sabotage, the copy of the project that it is planted in, and a run of the suite over that copy.

Knows no promise: what is planted, and which tests must see it, stands in the TOML files beside this one.
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
LISTS = sorted(Path(__file__).parent.glob("*.toml"))  # one a promise
_NEEDED = ("reconciler", "tests", "schemas", "examples", "pyproject.toml")
_LONGEST = 240.0  # seconds for one run
_OURS = ("PYTEST_", "UPDATE_GOLDEN", "VOICECTL_", "KLING_")  # what this run was told must not reach that one


class Sabotage(Frozen):
    name: str
    harm: str  # to a user, in one sentence
    file: str
    there: str  # the exact text, which occurs once
    instead: str
    caught_by: str  # a file or folder of tests


class OutOfDate(Exception):
    """The text that a sabotage replaces is not there, or more than once."""


class Run(Frozen):
    """How a run of the suite ended. `package` is what was tested, `failed` test -> the type of what it failed with."""

    code: int
    output: str
    package: str = ""
    failed: dict[str, str] = {}


def listed() -> list[Sabotage]:
    read = TypeAdapter(dict[str, list[Sabotage]])
    return [s for path in LISTS for s in read.validate_python(tomllib.loads(path.read_text("utf-8")))["sabotage"]]


def copied(into: Path) -> Path:
    """The project in a folder of its own, compiled modules too: those whose source stays are good there."""
    for name in _NEEDED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, into / name, ignore=shutil.ignore_patterns("*.pyc.*"))  # being written just now
        else:
            shutil.copy2(source, into / name)
    return into


@contextmanager
def planted(sabotage: Sabotage, copy: Path) -> Iterator[None]:
    """The copy with the sabotage in it, for as long as the context lasts."""
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
    """Without what was compiled of it, which would be taken for its own if it has the same length and second."""
    path.write_text(text, "utf-8")
    for compiled in path.parent.glob(f"__pycache__/{path.stem}.*"):
        compiled.unlink()


def run(copy: Path, selection: Iterable[str]) -> Run:
    """pytest over the copy, in a process of its own, up to the first failure."""
    testimony = copy / "testimony.json"
    testimony.unlink(missing_ok=True)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    environment |= {
        "PYTHONPATH": str(copy),  # before what is installed
        "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1",  # no xdist; and half of the time to start
        "VOICECTL_TESTIMONY": str(testimony),
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
        timeout=_LONGEST,
        check=False,
    )
    told = json.loads(testimony.read_text("utf-8")) if testimony.exists() else {}
    return Run(code=ended.returncode, output=ended.stdout[-3000:], **told)
