"""The message of a bug, or of a failing disk, shows no secret, although the program holds them all."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.secrets.echoing import Echo, Folder
from tests.secrets.planted import PLACES

# Python imports this at its start (sitecustomize), so that every command has the bug.
_BUGS = {
    "in an operation": """
from reconciler.engine import operations
def plan(opened, asked):
    inputs = {a: v.inputs for a, v in opened.manifest.voices.items()}
    raise ValueError(f"no plan of {inputs!r} by {os.environ!r}")
operations.plan = operations.apply = plan
""",
    "whose words are an argument": """
from reconciler.loader import build
def load(path, *, environ):
    raise KeyError(environ["KLING_SECRET_KEY"].strip())
build.load = load
""",
    "in an adapter": """
from reconciler.providers.kling import provider as kling
def submit(self, voice, external_task_id):
    raise ValueError(f"can't send {voice.inputs!r} as {self._signer.authorization()}")
kling.KlingProvider.submit = submit
""",
    "in reading an answer": """
from reconciler.providers.kling import provider as kling
def observe(self, records, *, presets=False):
    try:
        raise RuntimeError(self._signer.authorization())
    except RuntimeError as error:
        raise AssertionError(os.environ["TAKE"]) from error
kling.KlingProvider.observe = observe
""",
    "of pydantic": """
from reconciler.engine import operations
from reconciler.providers.kling.methods import KlingCreate
def plan(opened, asked):
    KlingCreate.model_validate(opened.manifest.voices["hero"].inputs | {"video_id": "1"})
operations.plan = plan
""",
    "of the disk": """
import errno
from reconciler.backends.local import LocalBackend
appended = LocalBackend._append_at
def failing(self, text, end):
    if b"task_id" in text:
        raise OSError(errno.ENOSPC, "No space left on device")
    return appended(self, text, end)
LocalBackend._append_at = failing
write = LocalBackend.write
def refused(self, data, expected):
    raise OSError(errno.ENOSPC, "No space left on device")
LocalBackend.write = refused
""",
}


@pytest.fixture
def kling() -> Iterator[Echo]:
    with Echo(access_key=PLACES["KLING_ACCESS_KEY"], secret_key=PLACES["KLING_SECRET_KEY"]) as cloud:
        yield cloud


@pytest.mark.parametrize("bug", _BUGS)
def test_a_bug_shows_no_secret(tmp_path: Path, kling: Echo, bug: str) -> None:
    folder = Folder(tmp_path, kling)
    folder.plant()
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(f"import os\n{_BUGS[bug]}")
    folder.env["PYTHONPATH"] = f"{planted}:{Path(__file__).parents[2]}"
    runs = [folder.run("-v", *words) for words in (["plan"], ["apply", "--auto-approve"], ["plan"])]
    assert any(ran.code == 1 for ran in runs)
    assert "Traceback" not in folder.run("plan").err
    assert folder.leaks(more=frozenset(kling.tokens)) == []


def test_a_trace_says_where_and_what(tmp_path: Path, kling: Echo) -> None:
    folder = Folder(tmp_path, kling)
    folder.plant()
    planted = tmp_path / "planted"
    planted.mkdir()
    (planted / "sitecustomize.py").write_text(f"import os\n{_BUGS['in reading an answer']}")
    folder.env["PYTHONPATH"] = f"{planted}:{Path(__file__).parents[2]}"
    trace = folder.run("plan", "-v", code=1).err
    assert "sitecustomize.py" in trace
    assert "RuntimeError: Bearer ***" in trace
    assert "AssertionError: ***" in trace
    assert "voicectl has a bug (AssertionError)" in trace
