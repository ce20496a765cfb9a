"""The hook voicectl-validate, by pre-commit itself: it installs this repository, as a user's first commit does."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.gitops.scene import EXAMPLE, ROOT, Repository
from tests.support.engines.server import program

pytestmark = pytest.mark.slow
BROKEN = "voices: {hero: {create: {voice_name: H}}}\n"
SHIPPED = ("reconciler", "pyproject.toml", "README.md", "LICENSE", ".pre-commit-hooks.yaml")


@pytest.fixture
def voicectl(tmp_path: Path) -> tuple[Path, str]:
    """A repository of voicectl, and its commit."""
    (tmp_path / "voicectl").mkdir()
    made = Repository(tmp_path / "voicectl")
    for name in SHIPPED:
        source = ROOT / name
        if source.is_dir():
            shutil.copytree(source, made.work / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, made.work)
    return made.origin, made.push("main")


def test_the_hook_checks_each_manifest_that_a_commit_changes(voicectl: tuple[Path, str], tmp_path: Path) -> None:
    pre_commit = program("pre-commit", "pre-commit: the extra [pipelines]")
    config = yaml.safe_load((EXAMPLE / ".pre-commit-config.yaml").read_text())
    (hooks,) = config["repos"]
    hooks["repo"], hooks["rev"] = str(voicectl[0]), voicectl[1]
    (hook,) = hooks["hooks"]
    hooks["hooks"].append({**hook, "args": ["-f", "games"], "files": "^games/"})
    user = Repository(tmp_path)
    user.write(".pre-commit-config.yaml", yaml.safe_dump(config))
    shutil.copy(EXAMPLE / "voices.yaml", user.work)
    user.write("games/cast.yaml", BROKEN)
    user.push("main")

    def run(*files: str) -> subprocess.CompletedProcess[str]:
        environ = {**os.environ, "PRE_COMMIT_HOME": str(tmp_path / "cache"), "PRE_COMMIT_COLOR": "never"}
        command = [pre_commit, "run", "--files", *files]
        return subprocess.run(command, cwd=user.work, env=environ, capture_output=True, text=True, check=False)

    good = run("voices.yaml")
    if "InstallError" in good.stdout or "No matching distribution" in good.stdout:
        pytest.skip("needs a package index")
    assert good.returncode == 0, good.stdout
    both = run("voices.yaml", "games/cast.yaml")
    assert both.returncode == 1
    assert "games/cast.yaml:1:" in both.stdout
    assert "Skipped" in run(".pre-commit-config.yaml").stdout
