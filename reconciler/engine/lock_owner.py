"""The owner of the state lock: user, host, process and pipeline job, shown to other runs."""

from __future__ import annotations

import getpass
import os
import secrets
import socket
from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType

from reconciler import processes
from reconciler.protocols.backend import LockInfo
from reconciler.values import value

_NO_ENVIRON: Mapping[str, str] = MappingProxyType({})
# GitLab; Jenkins and TeamCity; CircleCI; Buildkite; Travis
_JOB_URLS = ("CI_JOB_URL", "BUILD_URL", "CIRCLE_BUILD_URL", "BUILDKITE_BUILD_URL", "TRAVIS_BUILD_WEB_URL")


@value
class LockOwner:
    """The user, host and process of a run. `boot` and `started`: see `processes`; `job`: the URL of its job."""

    user: str
    host: str
    pid: int
    boot: str = ""
    started: int = 0
    job: str = ""

    @classmethod
    def here(cls, environ: Mapping[str, str] = _NO_ENVIRON) -> LockOwner:
        """The owner of this run."""
        try:
            user = getpass.getuser()
        except (ImportError, KeyError, OSError):  # a container's user need not have a name
            user = "unknown"
        pid = os.getpid()
        return cls(user, socket.gethostname(), pid, processes.boot(), processes.started(pid), job_url(environ))

    def holder(self, lock_id: str, operation: str, now: datetime) -> LockInfo:
        """The lock record of this run."""
        return LockInfo(
            lock_id=lock_id,
            who=f"{self.user}@{self.host}",
            pid=self.pid,
            host=self.host,
            operation=operation,
            since=now,
            boot=self.boot,
            started=self.started,
            job=self.job,
        )


def job_url(environ: Mapping[str, str]) -> str:
    """The URL of the pipeline job that this run belongs to; empty if it belongs to none that is known."""
    server, repository, run = (environ.get(f"GITHUB_{x}", "") for x in ("SERVER_URL", "REPOSITORY", "RUN_ID"))
    if server and repository and run:
        return f"{server}/{repository}/actions/runs/{run}"
    collection, project, build = (
        environ.get(name, "") for name in ("SYSTEM_COLLECTIONURI", "SYSTEM_TEAMPROJECT", "BUILD_BUILDID")
    )
    if collection and project and build:  # Azure Pipelines
        return f"{collection.rstrip('/')}/{project}/_build/results?buildId={build}"
    return next((environ[name] for name in _JOB_URLS if environ.get(name)), "")


def new_lock_id() -> str:
    """A new lock id: eight hex digits, which the user types after `voicectl unlock`."""
    return secrets.token_hex(4)
