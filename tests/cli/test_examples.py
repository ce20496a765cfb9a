"""The examples are true: each converges in the sandbox, and then nothing is left to do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from tests.support.cli_harness import Ran, ran_in

EXAMPLES = Path(__file__).parents[2] / "examples"


def voicectl(folder: Path, *argv: str) -> Ran:
    return ran_in(folder, ["--sandbox", "-f", ".", *argv], {"PATH": os.environ["PATH"], "HOME": str(folder)})


@pytest.fixture(params=sorted(folder.name for folder in EXAMPLES.iterdir()))
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns(".voicectl", "*.state.*")
    return Path(shutil.copytree(EXAMPLES / request.param, tmp_path / request.param, ignore=left_out))


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
