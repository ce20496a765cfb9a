"""The steps of the GitLab example, run in order: notes, applies and drift as its README promises."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.gitops.gitlab import NOTE_TOKEN, GitLabJob, GitLabServer, Pipeline
from tests.gitops.scene import EXAMPLE, KEY, Cloud, Repository, manifest

pytestmark = pytest.mark.slow
MARK = "<!-- voicectl:plan:voices.yaml -->"


@dataclass
class AtGitLab:
    pipeline: Pipeline
    repository: Repository
    cloud: Cloud

    def open_merge_request(self, branch: str, *names: str) -> dict[str, GitLabJob]:
        self.repository.switch("main")
        self.repository.write("voices.yaml", manifest(self.cloud, *names))
        return self.plan(self.repository.push(branch, new=True))

    def plan(self, commit: str, *, project: str = "7") -> dict[str, GitLabJob]:
        return self.pipeline.run(
            commit,
            CI_PIPELINE_SOURCE="merge_request_event",
            CI_MERGE_REQUEST_IID="3",
            CI_MERGE_REQUEST_SOURCE_PROJECT_ID=project,
        )

    def on_main(self, commit: str, *, press: bool = True) -> dict[str, GitLabJob]:
        return self.pipeline.run(commit, press=press, CI_PIPELINE_SOURCE="push", CI_COMMIT_BRANCH="main")

    def merge(self, branch: str, *, press: bool = True) -> dict[str, GitLabJob]:
        return self.on_main(self.repository.merged(branch, "refs/heads/main"), press=press)

    def scheduled(self) -> dict[str, GitLabJob]:
        head = self.repository.head
        return self.pipeline.run(head, CI_PIPELINE_SOURCE="schedule", CI_COMMIT_BRANCH="main")

    @property
    def notes(self) -> list[str]:
        return [note["body"] for note in self.pipeline.server.notes if note["author"]["id"] == 70]


@pytest.fixture
def at_gitlab(tmp_path: Path, cloud: Cloud) -> Iterator[AtGitLab]:
    repository = Repository(tmp_path)
    variables = {"KLING_API_KEY": KEY, "VOICES_NOTE_TOKEN": NOTE_TOKEN}
    with GitLabServer() as server:
        scene = AtGitLab(Pipeline(tmp_path, repository, server, variables), repository, cloud)
        repository.copy(EXAMPLE / "gitlab")
        repository.write("voices.yaml", manifest(cloud))
        repository.push("main")
        yield scene


def codes(jobs: dict[str, GitLabJob]) -> dict[str, int]:
    return {name: job.code for name, job in jobs.items()}


def logs(jobs: dict[str, GitLabJob]) -> str:
    return "\n".join(job.log for job in jobs.values())


def test_a_merge_request_has_one_note_that_follows_its_pushes(at_gitlab: AtGitLab) -> None:
    others = [{"id": n, "request": "3", "body": f"{MARK} mine", "author": {"id": 1}} for n in range(1, 131)]
    at_gitlab.pipeline.server.notes.extend(others)
    jobs = at_gitlab.open_merge_request("hero", "hero")
    assert codes(jobs) == {"validate": 0, "plan": 0}, logs(jobs)
    (note,) = at_gitlab.notes
    assert note.startswith(f"{MARK}\n") and "**2 to create**" in note
    assert "Plan: 2 to create; 2 paid calls." in jobs["plan"].log
    assert {found["location"]["path"] for found in json.loads(jobs["plan"].files["codequality.json"])} == {
        "voices.yaml"
    }
    at_gitlab.repository.write("voices.yaml", manifest(at_gitlab.cloud, "hero", "villain"))
    at_gitlab.plan(at_gitlab.repository.push("hero"))
    (note,) = at_gitlab.notes
    assert "**3 to create**" in note
    assert at_gitlab.cloud.bought == []


def test_a_merge_request_that_may_not_be_merged_says_why(at_gitlab: AtGitLab) -> None:
    jobs = at_gitlab.open_merge_request("many", *(f"v{number}" for number in range(21)))
    assert codes(jobs) == {"validate": 0, "plan": 1}
    (note,) = at_gitlab.notes
    assert "budget" in note
    report = json.loads(jobs["plan"].files["codequality.json"])
    assert "critical" in {found["severity"] for found in report}
    at_gitlab.repository.write("voices.yaml", "voices: {hero: {create: {}}}\n")
    commit = at_gitlab.repository.push("many")
    assert codes(at_gitlab.plan(commit)) == {"validate": 1, "plan": 1}
    (note,) = at_gitlab.notes
    assert note.startswith(f"{MARK}\nThere is no plan of ")
    assert codes(at_gitlab.plan(commit, project="8")) == {"validate": 1}  # a fork has no key for a plan


def test_a_merge_is_applied_by_its_button_and_watched_by_the_schedule(at_gitlab: AtGitLab) -> None:
    at_gitlab.open_merge_request("hero", "hero")
    assert codes(at_gitlab.merge("hero", press=False)) == {"plan": 0}
    assert at_gitlab.cloud.bought == []
    jobs = at_gitlab.on_main(at_gitlab.repository.head)
    assert codes(jobs) == {"plan": 0, "apply": 0}, logs(jobs)
    assert at_gitlab.cloud.bought == ["Narrator EN", "hero"]
    assert len(at_gitlab.notes) == 1
    assert codes(at_gitlab.scheduled()) == {"drift": 0}
    at_gitlab.cloud.faults("--delete", "Narrator EN")
    jobs = at_gitlab.scheduled()
    assert codes(jobs) == {"drift": 2}
    assert "gone: it no longer exists in the cloud" in jobs["drift"].log


def test_a_plan_is_refused_once_the_state_moved_on(at_gitlab: AtGitLab) -> None:
    def another_pipeline(job: str) -> None:
        if job == "apply":
            at_gitlab.pipeline.beginning = lambda job: None
            assert codes(at_gitlab.on_main(at_gitlab.repository.head)) == {"plan": 0, "apply": 0}

    at_gitlab.pipeline.beginning = another_pipeline
    jobs = at_gitlab.on_main(at_gitlab.repository.head)
    assert codes(jobs) == {"plan": 0, "apply": 4}, logs(jobs)
    assert "The plan is out of date" in jobs["apply"].log
    assert at_gitlab.cloud.bought == ["Narrator EN"]


def test_the_next_pipeline_finishes_a_job_that_was_killed(at_gitlab: AtGitLab) -> None:
    names = [f"v{number}" for number in range(6)]
    at_gitlab.repository.write("voices.yaml", manifest(at_gitlab.cloud, *names))
    at_gitlab.repository.push("main")
    at_gitlab.cloud.faults("task_seconds=2")
    stopping: list[threading.Thread] = []

    def stop(process: subprocess.Popen[bytes]) -> None:
        at_gitlab.cloud.wait_until_bought(3)
        process.kill()

    def begin(job: str, process: subprocess.Popen[bytes]) -> None:
        if job == "apply" and not stopping:
            stopping.append(threading.Thread(target=stop, args=[process]))
            stopping[0].start()

    at_gitlab.pipeline.running = begin
    jobs = at_gitlab.on_main(at_gitlab.repository.head)
    stopping[0].join()
    assert jobs["apply"].code == -9
    at_gitlab.cloud.faults("task_seconds=0.1")
    again = at_gitlab.on_main(at_gitlab.repository.head)
    assert codes(again) == {"plan": 0, "apply": 0}, logs(again)
    assert sorted(at_gitlab.cloud.bought) == sorted(["Narrator EN", *names])
