"""The examples are true: each converges in the sandbox, and then nothing is left to do."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path

import pytest

from reconciler.loader.build import load
from reconciler.loader.state_section import read_settings
from reconciler.model.state_settings import url_fault
from tests.support.cli_harness import Ran, ran_in

EXAMPLES = Path(__file__).parents[2] / "examples"


ENVIRONMENTS = ["environments/prod.yaml", "environments/staging.yaml"]  # they include cast.yaml
TEAM = sorted(f"team/{path.name}" for path in (EXAMPLES / "team").glob("*.yaml"))  # a manifest for each engine
FOLDERS = sorted(
    path.name for path in EXAMPLES.iterdir() if path.is_dir() and path.name not in ("team", "environments", "watch")
)


def voicectl(example: Path, *argv: str) -> Ran:
    """Runs the command for a folder, or for one file of it."""
    folder = example if example.is_dir() else example.parent
    named = "." if example.is_dir() else example.name
    return ran_in(folder, ["--sandbox", "-f", named, *argv], {"PATH": os.environ["PATH"], "HOME": str(folder)})


@pytest.fixture(params=[*FOLDERS, *TEAM, *ENVIRONMENTS])
def example(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    left_out = shutil.ignore_patterns(".voicectl", "*.state.*")
    copied = Path(shutil.copytree(EXAMPLES, tmp_path / "examples", ignore=left_out))
    return copied / str(request.param)


def test_each_example_of_a_team_names_its_place(example: Path) -> None:
    if example.parent.name in ("team", "environments"):
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


def test_two_environments_of_one_cast_share_no_state_and_no_account(tmp_path: Path) -> None:
    environments = Path(shutil.copytree(EXAMPLES / "environments", tmp_path / "environments"))
    rows = {}
    for name in ("prod", "staging"):
        applied = voicectl(environments / f"{name}.yaml", "apply", "--auto-approve")
        assert applied.code == 0, applied.err
        rows[name] = json.loads(voicectl(environments / f"{name}.yaml", "output", "--json").out)
    for name in ("prod", "staging"):
        assert voicectl(environments / f"{name}.yaml", "plan", "--detailed-exitcode").code == 0
    assert list(rows["prod"]) == list(rows["staging"]) == ['guard["de"]', 'guard["en"]', 'guard["ja"]', "narrator"]
    assert {row["labels"]["tier"] for row in rows["prod"].values()} == {"paid"}
    assert {row["labels"]["tier"] for row in rows["staging"].values()} == {"trial"}
    settings = [read_settings(environments / f"{name}.yaml", {}) for name in ("prod", "staging")]
    assert len({each.url for each in settings if each is not None}) == 2
    manifests = [load(environments / f"{name}.yaml", environ={}) for name in ("prod", "staging")]
    assert len({str(manifest.providers["studio"]) for manifest in manifests}) == 2


def test_there_is_an_example_for_each_cloud_and_one_with_all_of_them() -> None:
    assert {"quickstart", "tencent-vod", "tencent-trtc", "all-clouds"} <= {f.name for f in EXAMPLES.iterdir()}
