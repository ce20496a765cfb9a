"""The examples are true: each converges in the sandbox, and then nothing is left to do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from reconciler.loader.state_section import read_settings
from reconciler.model.state_settings import url_fault
from tests.support.cli_harness import Ran, ran_in

EXAMPLES = Path(__file__).parents[2] / "examples"


TEAM = sorted(f"team/{path.name}" for path in (EXAMPLES / "team").iterdir())  # a manifest for each engine
FOLDERS = sorted(folder.name for folder in EXAMPLES.iterdir() if folder.name != "team")


def voicectl(example: Path, *argv: str) -> Ran:
    """Runs the command for a folder, or for one file of it."""
    folder = example if example.is_dir() else example.parent
    named = "." if example.is_dir() else example.name
    return ran_in(folder, ["--sandbox", "-f", named, *argv], {"PATH": os.environ["PATH"], "HOME": str(folder)})


@pytest.fixture(params=[*FOLDERS, *TEAM])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns(".voicectl", "*.state.*")
    copied = Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=left_out))
    return copied / str(request.param)


def test_each_example_of_a_team_names_its_place(example: Path) -> None:
    if example.parent.name == "team":
        settings = read_settings(example, {})
        assert settings is not None
        assert settings.url is not None
        assert url_fault(settings.url) is None


def test_an_example_converges_in_one_apply(example: Path) -> None:
    applied = voicectl(example, "apply", "--auto-approve")
    assert applied.code == 0, applied.err
    planned = voicectl(example, "plan", "--detailed-exitcode")
    assert planned.code == 0, planned.out
    rows = json.loads(voicectl(example, "output", "--json").out)
    assert {row["status"] for row in rows.values()} == {"ready"}
    assert all(row.get("voice_id") or row.get("url") for row in rows.values())


def test_there_is_an_example_for_each_cloud_and_one_with_all_of_them() -> None:
    assert {"quickstart", "tencent-vod", "tencent-trtc", "all-clouds"} <= {f.name for f in EXAMPLES.iterdir()}
