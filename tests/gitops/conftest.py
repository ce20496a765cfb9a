"""A repository with the pipelines of examples/gitops, its server, a shared state, and the sandbox as its cloud."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

import httpx
import pytest

from tests.gitops.gh import REPOSITORY
from tests.gitops.github import Event, GitHub, Job
from tests.gitops.scene import EXAMPLE, KEY, ROOT, Cloud, Repository, manifest, served
from tests.support.engines.object_storage import BUCKET, ObjectStorageSite


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Cloud]:
    with served(tmp_path / "cloud") as cloud:
        yield cloud


@dataclass
class OnGitHub:
    """What people do at GitHub, and the runs that follow from it."""

    github: GitHub
    repository: Repository
    cloud: Cloud
    state: ObjectStorageSite

    def declare(self, *names: str) -> None:
        """Writes the manifest into the branch: the example's narrator, and these voices."""
        self.repository.write("voices.yaml", manifest(self.cloud, *names))

    def open_pull_request(self, branch: str, *names: str, number: int) -> dict[str, Job]:
        """A branch from main with these voices, and a pull request for it."""
        self.repository.switch("main")
        self.declare(*names)
        self.repository.push(branch, new=True)
        opened = {"number": number, "user": {"login": "ann"}, "state": "open", "body": None, "id": number}
        self.github.store_all("issues", [*self.github.stored("issues"), opened])
        return self.plan(branch, number=number)

    def plan(self, branch: str, *, number: int, source: str = REPOSITORY, author: str = "ann") -> dict[str, Job]:
        """The run for a push to a pull request."""
        ref = f"refs/pull/{number}/merge"
        commit = self.repository.merged(branch, ref)
        head = {"repo": {"full_name": source}}
        payload = {"pull_request": {"number": number, "head": head, "user": {"login": author}}}
        return self.github.run("voices-plan.yml", Event("pull_request", commit, ref, payload))

    def merge(self, branch: str) -> dict[str, Job]:
        """Merges a pull request, and runs what follows."""
        return self.apply(self.repository.merged(branch, "refs/heads/main"))

    def apply(self, commit: str) -> dict[str, Job]:
        return self.github.run("voices-apply.yml", Event("push", commit, "refs/heads/main"))

    def apply_at_once(self, *commits: str) -> list[dict[str, Job]]:
        """The runs of several merges at the same time, as if nothing held one back."""
        results: list[dict[str, Job]] = [{} for _ in commits]

        def run(place: int, commit: str) -> None:
            results[place] = self.apply(commit)

        threads = [threading.Thread(target=run, args=each) for each in enumerate(commits)]
        for each in threads:
            each.start()
        for each in threads:
            each.join(120)
        return results

    def nightly(self) -> dict[str, Job]:
        commit = self.repository.push("main")
        return self.github.run("voices-drift.yml", Event("schedule", commit, "refs/heads/main"))

    def by_hand(self, *words: str) -> str:
        """A person's command, in their clone. Returns what it printed."""
        environ = {**os.environ, **self.github.environ, **self.github.secrets, **self.github.variables}
        command = [sys.executable, "-m", "reconciler", *words]
        folder = self.repository.work
        return subprocess.run(
            command, cwd=folder, env={**environ, "PYTHONPATH": str(ROOT)}, check=True, capture_output=True, text=True
        ).stdout

    @property
    def written(self) -> int:
        """How many objects the state has in the bucket."""
        prefix = urlsplit(self.state.url).path[1:]
        asked = {"list-type": "2", "prefix": prefix}
        listed = httpx.get(f"{self.state.endpoint}/{BUCKET}", params=asked, trust_env=False).text
        return int(listed.partition("<KeyCount>")[2].partition("<")[0])

    @property
    def plan_comments(self) -> list[str]:
        return [each["body"] for each in self.github.stored("comments")]


@pytest.fixture
def at_github(tmp_path: Path, cloud: Cloud, moto_site: ObjectStorageSite) -> OnGitHub:
    repository = Repository(tmp_path)
    keys = {"KLING_API_KEY": KEY, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "testtest"}
    github = GitHub(
        tmp_path,
        repository,
        secrets=keys,
        variables={"VOICECTL_STATE": moto_site.url, "AWS_REGION": "us-east-1"},
        environments={"voices": keys, "voices-approval": keys},
        environ={"AWS_ENDPOINT_URL": moto_site.endpoint},
    )
    scene = OnGitHub(github, repository, cloud, moto_site)
    repository.copy(EXAMPLE / "github")
    repository.write("README.md", "Our voices\n")
    scene.declare()
    repository.push("main")
    return scene
