"""The steps of the GitHub example, run in order: comments, applies and issues as its README promises."""

from __future__ import annotations

import subprocess
import threading

import pytest

from tests.gitops.conftest import OnGitHub
from tests.gitops.gh import BOT
from tests.gitops.github import Event, Job, cancel

pytestmark = pytest.mark.slow
MARK = "<!-- voicectl:plan:voices.yaml -->"
DRIFT = "<!-- voicectl:drift:voices.yaml -->"


def results(jobs: dict[str, Job]) -> dict[str, str]:
    return {name: job.result for name, job in jobs.items()}


def logs(jobs: dict[str, Job]) -> str:
    return "\n".join(job.log for job in jobs.values())


def test_a_pull_request_has_one_comment_that_follows_its_pushes(at_github: OnGitHub) -> None:
    at_github.github.store_all(
        "comments",
        [
            {"id": number, "issue": 5, "user": {"login": "ann"}, "body": f"{MARK}\nMine, not the bot's"}
            for number in range(1, 131)
        ],
    )
    jobs = at_github.open_pull_request("hero", "hero", number=5)
    assert results(jobs) == {"validate": "success", "plan": "success"}, logs(jobs)
    (comment,) = [each for each in at_github.github.stored("comments") if each["user"] == BOT]
    assert comment["body"].startswith(f"{MARK}\n")
    assert "**2 to create**" in comment["body"]
    assert comment["body"].strip() == jobs["plan"].summary.strip()
    assert "::notice file=voices.yaml,line=" in jobs["plan"].log
    at_github.declare("hero", "villain")
    at_github.repository.push("hero")
    at_github.plan("hero", number=5)
    (updated,) = [each for each in at_github.github.stored("comments") if each["user"] == BOT]
    assert updated["id"] == comment["id"]
    assert "**3 to create**" in updated["body"]
    assert at_github.cloud.bought == []
    assert at_github.written == 0  # a key that only reads the bucket is enough


def test_a_pull_request_that_may_not_be_merged_says_why(at_github: OnGitHub) -> None:
    jobs = at_github.open_pull_request("many", *(f"v{number}" for number in range(21)), number=6)
    assert results(jobs) == {"validate": "success", "plan": "failure"}
    (comment,) = at_github.plan_comments
    assert "22 paid calls" in comment and "budget" in comment
    at_github.declare("unowned!")
    at_github.repository.push("many")
    jobs = at_github.plan("many", number=6)
    assert results(jobs) == {"validate": "failure", "plan": "failure"}
    assert "::error file=voices.yaml,line=" in jobs["validate"].log
    (comment,) = at_github.plan_comments
    assert "Every voice has somebody who answers for it" in comment
    at_github.repository.write("voices.yaml", "voices: {hero: {create: {}}}\n")
    at_github.repository.push("many")
    assert results(at_github.plan("many", number=6)) == {"validate": "failure", "plan": "failure"}
    (comment,) = at_github.plan_comments
    assert comment.startswith(f"{MARK}\nThere is no plan of ")
    assert at_github.github.stored("artifacts") == []


def test_who_gets_no_secrets_is_only_validated(at_github: OnGitHub) -> None:
    for source, author in (("bob/voices", "bob"), ("acme/voices", "dependabot[bot]")):
        jobs = at_github.plan("main", number=9, source=source, author=author)
        assert results(jobs) == {"validate": "success", "plan": "skipped"}
    assert at_github.plan_comments == []


def test_a_merge_applies_the_plan_that_was_reviewed(at_github: OnGitHub) -> None:
    at_github.open_pull_request("hero", "hero", number=10)
    jobs = at_github.merge("hero")
    assert results(jobs) == {"apply": "success", "plan-again": "skipped", "apply-again": "skipped"}, logs(jobs)
    assert at_github.cloud.bought == ["Narrator EN", "hero"]
    repeated = at_github.apply(at_github.repository.head)
    assert repeated["apply"].outputs == {"exit-code": "4"}
    assert results(repeated) == {"apply": "success", "plan-again": "success", "apply-again": "skipped"}, logs(repeated)


def test_a_merge_without_a_plan_waits_for_an_approval(at_github: OnGitHub) -> None:
    at_github.declare("hero")
    pushed = at_github.repository.push("main")
    jobs = at_github.apply(pushed)
    assert results(jobs) == {"apply": "success", "plan-again": "success", "apply-again": "failure"}
    assert jobs["apply"].outputs == {"exit-code": ""}
    assert "**2 to create**" in jobs["plan-again"].summary
    assert at_github.cloud.bought == []
    at_github.github.approve = lambda environment: True
    assert results(at_github.apply(pushed))["apply-again"] == "success"
    assert sorted(at_github.cloud.bought) == ["Narrator EN", "hero"]


def test_a_plan_that_is_out_of_date_is_refused_and_made_again(at_github: OnGitHub) -> None:
    at_github.open_pull_request("hero", "hero", number=11)
    at_github.by_hand("apply", "--auto-approve", "--target", "narrator")  # so the state moves on
    at_github.github.approve = lambda environment: environment == "voices"
    merged = at_github.repository.merged("hero", "refs/heads/main")
    jobs = at_github.apply(merged)
    assert results(jobs) == {"apply": "success", "plan-again": "success", "apply-again": "failure"}, logs(jobs)
    assert jobs["apply"].outputs == {"exit-code": "4"}
    assert "The plan is out of date" in jobs["apply"].log
    assert "**1 to create**" in jobs["plan-again"].summary
    assert at_github.cloud.bought == ["Narrator EN"]
    at_github.github.approve = lambda environment: True
    assert results(at_github.apply(merged))["apply-again"] == "success"
    assert at_github.cloud.bought == ["Narrator EN", "hero"]


def test_two_merges_at_once_buy_each_voice_once(at_github: OnGitHub) -> None:
    at_github.github.approve = lambda environment: True
    at_github.open_pull_request("hero", "hero", number=14)
    first = at_github.repository.merged("hero", "refs/heads/main")
    at_github.open_pull_request("villain", "hero", "villain", number=15)
    second = at_github.repository.merged("villain", "refs/heads/main")
    runs = at_github.apply_at_once(first, second)
    last = at_github.apply(second)  # the newest commit of main is always applied last
    for jobs in runs:  # one waits for the lock, and plans again
        assert set(results(jobs).values()) <= {"success", "skipped"}, logs(jobs)
    assert sorted(jobs["apply"].outputs["exit-code"] for jobs in runs) == ["0", "4"]
    assert set(results(last).values()) <= {"success", "skipped"}, logs(last)
    assert sorted(at_github.cloud.bought) == ["Narrator EN", "hero", "villain"]
    old = at_github.apply(first)
    assert results(old) == {"apply": "success", "plan-again": "success", "apply-again": "skipped"}, logs(old)
    at_github.repository.switch("main")
    assert at_github.by_hand("plan").startswith("No changes.")


def test_a_plan_of_a_merge_queue_is_applied_as_it_was(at_github: OnGitHub) -> None:
    at_github.open_pull_request("hero", "hero", number=16)
    before = len(at_github.plan_comments)
    ref = "refs/heads/gh-readonly-queue/main/pr-16-0123456"
    queued = at_github.repository.merged("hero", ref)
    jobs = at_github.github.run("voices-plan.yml", Event("merge_group", queued, ref, {"merge_group": {}}))
    assert results(jobs) == {"validate": "success", "plan": "success"}, logs(jobs)
    assert len(at_github.plan_comments) == before
    at_github.repository.advance(queued)
    assert results(at_github.apply(queued))["apply"] == "success"
    assert at_github.cloud.bought == ["Narrator EN", "hero"]


@pytest.mark.parametrize("how", ["cancelled", "killed"])
def test_the_next_run_finishes_a_job_that_was_stopped(at_github: OnGitHub, how: str) -> None:
    names = [f"v{number}" for number in range(6)]
    at_github.open_pull_request("cast", *names, number=17)
    merged = at_github.repository.merged("cast", "refs/heads/main")
    at_github.cloud.faults("task_seconds=2")
    stopping: list[threading.Thread] = []

    def stop(process: subprocess.Popen[bytes]) -> None:
        at_github.cloud.wait_until_bought(3)
        at_github.github.cancelled = how == "cancelled"
        cancel(process) if how == "cancelled" else process.kill()

    def begin(step: str, process: subprocess.Popen[bytes]) -> None:
        if step == "Run voicectl":
            stopping.append(threading.Thread(target=stop, args=[process]))
            stopping[0].start()

    at_github.github.running = begin
    jobs = at_github.apply(merged)
    stopping[0].join()
    assert jobs["apply"].result == ("cancelled" if how == "cancelled" else "failure")
    at_github.github.cancelled, at_github.github.running = False, lambda step, process: None
    at_github.cloud.faults("task_seconds=0.1")
    again = at_github.apply(merged)
    assert results(again)["apply"] == "success", logs(again)
    assert sorted(at_github.cloud.bought) == sorted(["Narrator EN", *names])


def test_drift_opens_one_issue_and_closes_it(at_github: OnGitHub) -> None:
    at_github.open_pull_request("hero", "hero", number=18)
    at_github.merge("hero")
    at_github.repository.switch("main")
    assert results(at_github.nightly()) == {"drift": "success"}
    assert [each["number"] for each in at_github.github.stored("issues")] == [18]
    at_github.cloud.faults("--delete", "hero")
    assert results(at_github.nightly()) == {"drift": "success"}
    _, issue = at_github.github.stored("issues")
    assert issue["body"].startswith(f"{DRIFT}\n") and "hero" in issue["body"]
    assert issue["state"] == "open"
    at_github.cloud.faults("--rename", "Narrator EN", "Somebody")
    at_github.nightly()
    _, issue = at_github.github.stored("issues")
    assert "Somebody" in issue["body"]
    at_github.cloud.faults("--rename", "Somebody", "Narrator EN")
    at_github.github.approve = lambda environment: True
    assert results(at_github.apply(at_github.repository.push("main")))["apply-again"] == "success"
    jobs = at_github.nightly()
    assert results(jobs) == {"drift": "success"}, logs(jobs)
    _, issue = at_github.github.stored("issues")
    assert (issue["state"], issue["state_reason"]) == ("closed", "completed")
    assert [each["body"] for each in at_github.github.stored("comments") if each["issue"] == issue["number"]] == [
        "No drift any more."
    ]
    assert at_github.cloud.bought == ["Narrator EN", "hero", "hero"]
    at_github.cloud.faults("--delete", "hero")
    at_github.github.secrets = {**at_github.github.secrets, "KLING_API_KEY": "wrong"}
    before = at_github.github.stored("issues")
    assert results(at_github.nightly()) == {"drift": "failure"}  # a look that failed proves nothing
    assert at_github.github.stored("issues") == before
