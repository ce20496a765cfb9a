"""GitHub, as far as our workflows use it: runs their jobs in order, each in a folder of its own.

A job is a fresh clone. Its steps are run by bash, as the runner does; a key of YAML that this file does not know is an
error. What `gh` reaches is a folder (see gh.py), and `uses:` is known for checkout, upload-artifact and local actions.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

from tests.gitops import gh
from tests.gitops.expressions import holds, text
from tests.gitops.scene import Repository, installer, path, program

WORKFLOWS = ".github/workflows"
_BASH = ("bash", "--noprofile", "--norc", "-eo", "pipefail")  # `shell: bash`
_OF_WORKFLOW = {"name", True, "permissions", "concurrency", "defaults", "env", "jobs"}  # YAML reads `on` as True
_OF_JOB = {
    *("name", "needs", "if", "runs-on", "timeout-minutes", "environment", "permissions"),
    *("outputs", "env", "steps"),
}
_OF_STEP = {"id", "name", "if", "uses", "with", "env", "run", "shell", "continue-on-error"}
_SHA = re.compile(r"(actions/[a-z-]+)@[0-9a-f]{40}")


@dataclass
class Job:
    """A job that ended."""

    name: str
    result: str = "success"  # or failure, cancelled, skipped
    outputs: dict[str, str] = field(default_factory=dict)
    log: str = ""
    summary: str = ""


@dataclass
class Event:
    name: str
    commit: str
    ref: str
    payload: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class GitHub:
    """The server of one repository."""

    root: Path
    repository: Repository
    secrets: Mapping[str, str]
    variables: Mapping[str, str]
    environments: Mapping[str, Mapping[str, str]]  # name -> its secrets, which win over the repository's
    environ: Mapping[str, str] = field(default_factory=dict)  # of every runner
    approve: Callable[[str], bool] = lambda environment: environment == "voices"  # who presses the button
    running: Callable[[str, subprocess.Popen[bytes]], object] = lambda step, process: None  # called for each step
    cancelled: bool = False

    def __post_init__(self) -> None:
        program("jq")
        self.store = self.root / "github"
        (self.store / "tokens").mkdir(parents=True)
        self.bin = self.root / "bin"
        installer(self.bin, "pipx", requirement="voicectl[object-storage]==0.1.0")
        command = self.bin / "gh"
        command.write_text(f'#!/bin/bash\nexec {sys.executable} {Path(gh.__file__)} "$@"\n')
        command.chmod(0o755)
        self._lock = threading.Lock()

    # -- what the tests look at ----------------------------------------------------------------------------------------

    def stored(self, name: str) -> list[dict[str, Any]]:
        """The comments, issues or artifacts."""
        file = self.store / f"{name}.json"
        found: list[dict[str, Any]] = json.loads(file.read_text()) if file.exists() else []
        return found

    def store_all(self, name: str, entries: list[dict[str, Any]]) -> None:
        (self.store / f"{name}.json").write_text(json.dumps(entries))

    # -- running -------------------------------------------------------------------------------------------------------

    def run(self, workflow: str, event: Event) -> dict[str, Job]:
        """Runs a workflow for an event. Returns its jobs."""
        clone = self._folder()
        (self.store / "commits-main").write_text(self.repository.head)
        self.repository.checked_out(event.commit, clone)
        document = yaml.safe_load((clone / WORKFLOWS / workflow).read_text())
        _only(document, _OF_WORKFLOW)
        assert event.name in document[True], f"{workflow} does not run on {event.name}"
        assert document["permissions"] == {}, "a job names its permissions"
        assert document["defaults"] == {"run": {"shell": "bash"}}
        run_id, jobs = str(uuid.uuid4().int % 10**9), dict[str, Job]()
        for name, job in document["jobs"].items():
            jobs[name] = self._job(name, job, document["env"], event, run_id, jobs)
        return jobs

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        env: Mapping[str, str],
        event: Event,
        run_id: str,
        done: Mapping[str, Job],
    ) -> Job:
        _only(job, _OF_JOB)
        needed = [done[job["needs"]]] if "needs" in job else []
        environment = job.get("environment")
        contexts: dict[str, Any] = {
            "github": {"event_name": event.name, "ref": event.ref, "repository": gh.REPOSITORY, "event": event.payload},
            "vars": self.variables,
            "secrets": {**self.secrets, **self.environments.get(environment or "", {})},
            "needs": {each.name: {"result": each.result, "outputs": each.outputs} for each in needed},
            "steps": {},
        }
        status = "success" if all(each.result == "success" for each in needed) else "failure"
        if not holds(job.get("if"), contexts, status):
            return Job(name, "skipped")
        if environment is not None:
            assert environment in self.environments and event.ref == "refs/heads/main"
            if not self.approve(environment):
                return Job(name, "failure", log=f"{environment}: rejected")
        token = f"ghs_{uuid.uuid4().hex}"
        (self.store / "tokens" / token).write_text(json.dumps(job["permissions"]))
        contexts["github"]["token"] = token
        merged = {**env, **job.get("env", {})}
        contexts["env"] = {key: text(value, contexts) for key, value in merged.items()}
        runner = _Runner(self, Job(name), event, run_id, contexts, self._folder())
        try:
            runner.steps(job["steps"])
        finally:
            (self.store / "tokens" / token).unlink()
        ended = runner.job
        ended.outputs = {key: text(value, contexts) for key, value in job.get("outputs", {}).items()}
        return ended

    def keep_artifact(self, run_id: str, name: str, path: Path) -> None:
        with self._lock:
            folder = self.store / "artifacts" / run_id / name
            folder.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, folder)
            origin = {"id": int(run_id), "repository_id": 7, "head_repository_id": 7}
            entry = {"name": name, "expired": False, "workflow_run": origin}
            self.store_all("artifacts", [*self.stored("artifacts"), entry])

    def _folder(self) -> Path:
        return self.root / f"runner-{uuid.uuid4().hex[:8]}"


@dataclass
class _Runner:
    """Runs the steps of one job."""

    github: GitHub
    job: Job
    event: Event
    run_id: str
    contexts: dict[str, Any]
    workspace: Path

    def __post_init__(self) -> None:
        self.files = self.workspace.with_name(f"{self.workspace.name}-files")
        self.files.mkdir()
        self.summary = self.files / "summary"
        self.summary.touch()
        (self.files / "event.json").write_text(json.dumps(self.event.payload))

    def steps(self, steps: list[dict[str, Any]]) -> None:
        for step in steps:
            self.job.result = self._step(step, self.contexts, self.job.result)
        self.job.summary = self.summary.read_text()

    def _step(self, step: Mapping[str, Any], contexts: dict[str, Any], status: str) -> str:
        """Runs a step, if it is to run. Returns the status afterwards."""
        _only(step, _OF_STEP)
        known = contexts["steps"].setdefault(step.get("id", ""), {"outputs": {}, "outcome": "skipped"})
        if not holds(step.get("if"), contexts, status):
            return status
        own = {key: text(value, contexts, status) for key, value in step.get("env", {}).items()}
        inside = {**contexts, "env": {**contexts["env"], **own}}
        given = {key: text(value, inside, status) for key, value in step.get("with", {}).items()}
        if "run" in step:
            assert "${{" not in step["run"], "an expression in a script"
            code, known["outputs"] = self._script(step["run"], inside["env"], step.get("name", ""))
            outcome = "success" if code == 0 else "failure"
        else:
            outcome, known["outputs"] = self._uses(step["uses"], given, inside)
        if self.github.cancelled:
            return "cancelled"
        known["outcome"] = outcome
        return status if outcome == "success" or step.get("continue-on-error") else "failure"

    def _uses(self, uses: str, given: Mapping[str, str], contexts: dict[str, Any]) -> tuple[str, dict[str, str]]:
        if uses.startswith("./"):
            return self._composite(self.workspace / uses / "action.yml", given, contexts)
        pinned = _SHA.fullmatch(uses)
        assert pinned, f"{uses} is not pinned by a whole commit"
        if pinned[1] == "actions/checkout":
            assert given == {"persist-credentials": "false"}
            self.github.repository.checked_out(self.event.commit, self.workspace)
            return "success", {}
        assert pinned[1] == "actions/upload-artifact"
        assert set(given) == {"name", "path", "if-no-files-found", "overwrite"}
        path = self.workspace / given["path"]
        if not path.exists():
            return "failure", {}
        self.github.keep_artifact(self.run_id, given["name"], path)
        return "success", {}

    def _composite(self, file: Path, given: Mapping[str, str], outer: dict[str, Any]) -> tuple[str, dict[str, str]]:
        action = yaml.safe_load(file.read_text())
        assert action["runs"]["using"] == "composite" and set(given) <= set(action["inputs"])
        inputs = {key: given.get(key, str(one.get("default", ""))) for key, one in action["inputs"].items()}
        assert all(key in given for key, one in action["inputs"].items() if one.get("required"))
        contexts = {"github": outer["github"], "env": outer["env"], "inputs": inputs, "steps": {}}
        status = "success"
        for step in action["runs"]["steps"]:
            assert step["shell"] == "bash", "a composite action names its shell"
            status = self._step(step, contexts, status)
        outputs = {key: text(one["value"], contexts) for key, one in action["outputs"].items()}
        return status, outputs

    def _script(self, script: str, env: Mapping[str, str], name: str) -> tuple[int, dict[str, str]]:
        unique = uuid.uuid4().hex
        path, output, log = (self.files / f"{unique}.{kind}" for kind in ("sh", "output", "log"))
        path.write_text(script)
        output.touch()
        with log.open("wb") as writing:
            process = subprocess.Popen(
                [*_BASH, str(path)],
                cwd=self.workspace,
                env=self._environ(output) | dict(env),
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.github.running(name, process)
            code = process.wait(120)
        self.job.log += log.read_text(errors="replace")
        lines = [line.partition("=") for line in output.read_text().splitlines()]
        return code, {key: value for key, _, value in lines}

    def _environ(self, output: Path) -> dict[str, str]:
        return {
            "PATH": path(self.github.bin),
            "HOME": str(self.files),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_EVENT_NAME": self.event.name,
            "GITHUB_EVENT_PATH": str(self.files / "event.json"),
            "GITHUB_OUTPUT": str(output),
            "GITHUB_REF_NAME": self.event.ref.removeprefix("refs/heads/"),
            "GITHUB_REPOSITORY": gh.REPOSITORY,
            "GITHUB_RUN_ID": self.run_id,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": self.event.commit,
            "GITHUB_STEP_SUMMARY": str(self.summary),
            "GITHUB_WORKSPACE": str(self.workspace),
            "RUNNER_TEMP": str(self.files),
            "FAKE_GITHUB": str(self.github.store),
            "NO_PROXY": "127.0.0.1",
            **self.github.environ,
        }


def cancel(process: subprocess.Popen[bytes]) -> None:
    """As the runner cancels a step: SIGINT to its process, SIGTERM after 7.5 s, and SIGKILL to all after 2.5 s more."""
    for number, patience in ((signal.SIGINT, 7.5), (signal.SIGTERM, 2.5)):
        process.send_signal(number)
        try:
            process.wait(patience)
        except subprocess.TimeoutExpired:
            continue
        return
    os.killpg(process.pid, signal.SIGKILL)


def _only(mapping: Mapping[Any, Any], known: set[Any]) -> None:
    assert set(mapping) <= known, set(mapping) - known
