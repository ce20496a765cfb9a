"""What the workflows of examples/gitops promise and no linter knows."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
import yaml

from tests.gitops.scene import EXAMPLE, ROOT

WORKFLOWS = sorted((EXAMPLE / "github/.github/workflows").glob("*.yml"))
READ_BY_VOD = ["vod:DescribeTaskDetail", "vod:DescribeTasks", "vod:DescribeVoices"]


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
