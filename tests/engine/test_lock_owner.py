"""Who a lock says holds it, and which pipeline job that is."""

from __future__ import annotations

import os
import re
from datetime import UTC, datetime

import pytest

from reconciler import processes
from reconciler.engine.lock_owner import LockOwner, job_url, new_lock_id


@pytest.mark.parametrize(
    ("environ", "job"),
    [
        ({}, ""),
        (
            {"GITHUB_SERVER_URL": "https://github.com", "GITHUB_REPOSITORY": "acme/voices", "GITHUB_RUN_ID": "17"},
            "https://github.com/acme/voices/actions/runs/17",
        ),
        ({"GITHUB_SERVER_URL": "https://github.com"}, ""),
        ({"CI_JOB_URL": "https://gitlab.example.com/acme/-/jobs/5"}, "https://gitlab.example.com/acme/-/jobs/5"),
        ({"BUILD_URL": "https://jenkins.example.com/job/voices/3/"}, "https://jenkins.example.com/job/voices/3/"),
        ({"BUILDKITE_BUILD_URL": "https://buildkite.com/acme/1"}, "https://buildkite.com/acme/1"),
        (
            {
                "SYSTEM_COLLECTIONURI": "https://dev.azure.com/acme/",
                "SYSTEM_TEAMPROJECT": "voices",
                "BUILD_BUILDID": "9",
            },
            "https://dev.azure.com/acme/voices/_build/results?buildId=9",
        ),
    ],
)
def test_the_job_is_known_by_its_url(environ: dict[str, str], job: str) -> None:
    assert job_url(environ) == job


def test_a_lock_names_this_process_so_that_its_death_can_be_proven() -> None:
    info = LockOwner.here({"CI_JOB_URL": "https://ci.example.com/1"}).holder(
        "aaaa1111", "apply", datetime(2026, 11, 20, tzinfo=UTC)
    )
    assert (info.pid, info.job) == (os.getpid(), "https://ci.example.com/1")
    assert info.who.endswith(f"@{info.host}")
    assert processes.alive(info.host, info.boot, info.pid, info.started) in (True, None)


def test_a_lock_id_is_short_enough_to_type() -> None:
    assert re.fullmatch(r"[0-9a-f]{8}", new_lock_id())
