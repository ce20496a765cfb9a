"""Killed at any point around the files for applications: each file is whole, and names only voices that exist."""

from __future__ import annotations

import copy
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.crash.fleet import APPLY, Folder, ForkServer, entry
from tests.support.kling_service import KlingService

FILES = [{"path": "voices.env", "format": "dotenv"}, {"path": "out/voices.json", "format": "json"}]
AROUND = re.compile(r"voices\.env|voices\.json|file|folder|delete-voices|journal")  # points that may matter
DESTROY = ("destroy", "--auto-approve")


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def folder(tmp_path: Path, fork_server: ForkServer, kling: KlingService) -> Folder:
    folder = Folder(tmp_path / "desk", fork_server, kling.url, kling.api_key, {}, outputs=FILES)
    folder.path.mkdir()
    folder.declare({"a": entry("a"), "b": entry("b"), "c": entry("c")})
    assert folder.run(APPLY).code == 0
    return folder


def ids_in(path: Path) -> set[str]:
    return set(re.findall(r"\d{12,}", path.read_text()))


def check_the_files(folder: Folder, kling: KlingService, *, voices: set[int]) -> None:
    """Whole: they hold as many voices as one of the two manifests has, and each of them exists."""
    for name in ("voices.env", "out/voices.json"):
        path = folder.path / name
        if path.exists():
            named = ids_in(path)
            assert len(named) in voices, path.read_text()
            assert named <= set(kling.voices), path.read_text()


def kill_everywhere(folder: Folder, kling: KlingService, command: tuple[str, ...], *, voices: set[int]) -> None:
    tasks, kept = copy.deepcopy(kling.tasks), shutil.copytree(folder.path, folder.path.with_name("kept"))

    def reset() -> None:
        shutil.rmtree(folder.path)
        shutil.copytree(kept, folder.path)
        kling.tasks = copy.deepcopy(tasks)

    points = [point for point in folder.run(command).points if AROUND.search(point)]
    assert any("voices.env" in point for point in points)
    for point in points:
        reset()
        folder.run(command, die_at=point)
        check_the_files(folder, kling, voices=voices)
        assert folder.run(command).code == 0
        check_the_files(folder, kling, voices=voices)
        assert set(folder.voice_ids.values()) == set(kling.voices)
        left = [str(path) for path in folder.path.rglob(".voices.*.tmp")]
        assert left == []


def test_killed_while_voices_are_replaced_and_removed(folder: Folder, kling: KlingService) -> None:
    after = {"a": entry("a", sample="second"), "b": entry("b", sample="second")}
    folder.declare(after)
    kill_everywhere(folder, kling, APPLY, voices={2, 3})
    for name in ("voices.env", "out/voices.json"):
        assert ids_in(folder.path / name) == set(kling.voices)


def test_killed_while_everything_is_destroyed(folder: Folder, kling: KlingService) -> None:
    kill_everywhere(folder, kling, DESTROY, voices={3})
    assert not (folder.path / "voices.env").exists()
