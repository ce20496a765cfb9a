"""GitLab, as far as our pipeline uses it: runs its jobs in order, each in a folder of its own, and serves its API.

The API has notes of merge requests, written from GitLab's documents, and states, from the tests' own server. A key of
YAML that this file does not know is an error.
"""

from __future__ import annotations

import json
import re
import subprocess
import threading
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any, Self
from urllib.parse import parse_qs, urlsplit

import yaml

from tests.gitops.scene import Repository, installer, path
from tests.support.engines.http_state_server import GITLAB, Received, StateServer

NOTE_TOKEN = "glpat-notes"
JOB_TOKEN = "glcbt-job"
_ME = 70
_LONGEST_NOTE = 1_000_000  # characters
_BASH = ("bash", "-eo", "pipefail", "-c")
_ROOT = {"stages", "workflow", "default", "variables"}
_OF_JOB = {
    *("stage", "rules", "script", "after_script", "artifacts", "needs", "resource_group", "environment"),
}
_NOTES = re.compile(r"/api/v4/projects/7/merge_requests/(\d+)/notes(?:/(\d+))?")


class GitLabServer:
    """The API of one GitLab with one project, on a free port of this machine."""

    def __init__(self) -> None:
        self.notes: list[dict[str, Any]] = []
        self.states = StateServer()
        self.states.password = JOB_TOKEN
        self._guard = threading.Lock()
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), type("Connection", (_Connection,), {"gitlab": self}))
        self._http.daemon_threads = True

    def __enter__(self) -> Self:
        self.states.__enter__()
        threading.Thread(target=self._http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._http.shutdown()
        self._http.server_close()
        self.states.__exit__(kind, error, at)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._http.server_address[1]}"

    def answer(self, request: Received) -> tuple[int, bytes]:
        url = urlsplit(request.target)
        if url.path.startswith(f"{GITLAB}/"):
            _, reply = self.states.answer(request)
            return reply.status, reply.body
        if request.headers.get("private-token") != NOTE_TOKEN:
            return 401, b'{"message": "401 Unauthorized"}'
        query = {name: values[-1] for name, values in parse_qs(url.query).items()}
        with self._guard:
            status, answer = self._answer(request, url.path, query)
        return status, json.dumps(answer).encode()

    def _answer(self, request: Received, path: str, query: Mapping[str, str]) -> tuple[int, Any]:
        if path == "/api/v4/user" and request.method == "GET":
            return 200, {"id": _ME, "username": "project_7_bot"}
        found = _NOTES.fullmatch(path)
        if found is None:
            return 404, {"message": "404 Not Found"}
        notes = [note for note in self.notes if note["request"] == found[1]]
        body = json.loads(request.body)["body"] if request.body else ""
        match request.method:
            case "GET" if found[2] is None:
                ordered = notes if query.get("sort") == "asc" else notes[::-1]  # the newest first, unless asked
                size = min(int(query.get("per_page", 20)), 100)
                begin = (int(query.get("page", 1)) - 1) * size
                return 200, ordered[begin : begin + size]
            case "POST" | "PUT" if not body or len(body) > _LONGEST_NOTE:
                return 400, {"message": "400 Bad request"}
            case "POST" if found[2] is None:
                made = {"id": 900 + len(self.notes), "request": found[1], "body": body, "author": {"id": _ME}}
                self.notes.append(made)
                return 201, made
            case "PUT":
                note = next(each for each in notes if each["id"] == int(found[2]))
                if note["author"]["id"] != _ME:
                    return 403, {"message": "403 Forbidden"}
                note["body"] = body
                return 200, note
            case _:
                return 405, {"error": "405 Not Allowed"}


class _Connection(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    gitlab: GitLabServer

    def _reply(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        headers = {name.lower(): value for name, value in self.headers.items()}
        status, content = self.gitlab.answer(Received(self.command, self.path, headers, body))
        self.send_response(status)
        if status != 204:
            self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        if status != 204:
            self.wfile.write(content)

    def log_message(self, format: str, *args: object) -> None:
        """Nothing is printed."""


for _method in ("GET", "POST", "PUT", "DELETE"):
    setattr(_Connection, f"do_{_method}", _Connection._reply)  # http.server's names


@dataclass
class GitLabJob:
    """A job that ended."""

    name: str
    code: int
    log: str
    files: Mapping[str, bytes] = field(default_factory=dict)  # its artifacts


@dataclass
class Pipeline:
    """The pipelines of the project."""

    root: Path
    repository: Repository
    server: GitLabServer
    variables: Mapping[str, str]  # of the project
    beginning: Callable[[str], object] = lambda job: None  # called before each job
    running: Callable[[str, subprocess.Popen[bytes]], object] = lambda job, process: None

    def __post_init__(self) -> None:
        self.bin = self.root / "bin"
        installer(self.bin, "pip", requirement="voicectl==0.1.0")

    def run(self, commit: str, *, press: bool = False, **predefined: str) -> dict[str, GitLabJob]:
        """Runs the pipeline of a commit until a job fails. `press`: also the manual job."""
        clone = self._folder()
        self.repository.checked_out(commit, clone)
        document = yaml.safe_load((clone / ".gitlab-ci.yml").read_text())
        known = {
            "CI": "true",
            "GITLAB_CI": "true",
            "CI_API_V4_URL": f"{self.server.url}/api/v4",
            "CI_SERVER_URL": self.server.url,
            "CI_PROJECT_ID": "7",
            "CI_JOB_TOKEN": JOB_TOKEN,
            "CI_COMMIT_SHA": commit,
            "CI_DEFAULT_BRANCH": "main",
            **self.variables,
            **predefined,
        }
        assert any(_matches(rule["if"], known) for rule in document["workflow"]["rules"])
        assert set(document["default"]) == {"image", "before_script"}
        known |= {name: _expanded(str(value), known) for name, value in document["variables"].items()}
        jobs: dict[str, GitLabJob] = {}
        for name, job in document.items():
            if name in _ROOT or not self._wanted(job, known, press=press):
                continue
            assert set(job) <= _OF_JOB, set(job) - _OF_JOB
            if any(each.code for each in jobs.values() if each.name in job.get("needs", ())):
                continue
            jobs[name] = self._job(name, job, document["default"]["before_script"], commit, known, jobs)
        return jobs

    def _wanted(self, job: Mapping[str, Any], known: Mapping[str, str], *, press: bool) -> bool:
        for rule in job["rules"]:
            assert set(rule) <= {"if", "when"}
            if _matches(rule["if"], known):
                return press or rule.get("when") != "manual"
        return False

    def _job(
        self,
        name: str,
        job: Mapping[str, Any],
        before: list[str],
        commit: str,
        known: Mapping[str, str],
        done: Mapping[str, GitLabJob],
    ) -> GitLabJob:
        self.beginning(name)
        folder, log = self._folder(), self.root / f"log-{uuid.uuid4().hex[:8]}"
        self.repository.checked_out(commit, folder)
        for needed in job.get("needs", ()):
            for file, content in done[needed].files.items():
                (folder / file).write_bytes(content)
        environ = {"PATH": path(self.bin), "HOME": str(self.root), "NO_PROXY": "127.0.0.1", **known}
        environ |= {"CI_PROJECT_DIR": str(folder), "CI_JOB_NAME": name}
        code = self._script(name, [*before, *job["script"]], folder, environ, log)
        if "after_script" in job:
            self._script("", job["after_script"], folder, environ, log)
        kept = job.get("artifacts", {})
        assert not kept or kept["when"] == "always"
        files = [*kept.get("paths", ()), *kept.get("reports", {}).values()]
        return GitLabJob(
            name,
            code,
            log.read_text(errors="replace"),
            {file: (folder / file).read_bytes() for file in files if (folder / file).exists()},
        )

    def _script(self, job: str, lines: list[str], folder: Path, environ: Mapping[str, str], log: Path) -> int:
        with log.open("ab") as writing:
            process = subprocess.Popen(
                [*_BASH, "\n".join(lines)],
                cwd=folder,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=writing,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
            self.running(job, process)
            return process.wait(120)

    def _folder(self) -> Path:
        return self.root / f"runner-{uuid.uuid4().hex[:8]}"


def _matches(condition: str, known: Mapping[str, str]) -> bool:
    """`$A == "x"`, `$A != $B`, and several of them with &&. Another condition is an error."""
    for part in condition.split(" && "):
        found = re.fullmatch(r'\$(\w+) (==|!=) (?:"([^"]*)"|\$(\w+))', part)
        assert found is not None, part
        other = found[3] if found[4] is None else known.get(found[4])
        if (known.get(found[1]) == other) is (found[2] == "!="):
            return False
    return True


def _expanded(value: str, known: Mapping[str, str]) -> str:
    return re.sub(r"\$(\w+)", lambda found: known[found[1]], value)
