"""Several desks and runners work with one state, in each engine: nothing is bought twice, nobody is in the way."""

from __future__ import annotations

import re
import signal
import time

import pytest

from tests.shared_state.conftest import Team
from tests.support.cli_harness import voice
from tests.support.engines.http_state_server import StateServer
from tests.support.holding import Holding


def test_what_one_desk_made_another_one_sees(team: Team) -> None:
    ann, bob = team.desk("ann"), team.desk("bob")
    ann.declare("narrator", "hero")
    bob.declare("narrator", "hero")
    ann.apply()
    assert team.kling.bought == 2
    assert bob.actions() == {}
    assert bob.voice_id("narrator") == ann.voice_id("narrator")
    assert bob.voicectl("drift", code=0).out.startswith("No drift.")
    bob.declare("narrator", "villain")
    bob.apply()
    ann.declare("narrator", "villain")
    assert ann.actions() == {}
    assert team.kling.bought == 3
    assert not list(ann.folder.glob("*.state.*"))
    ann.voicectl("destroy", "--auto-approve", code=0)
    assert bob.actions() == {"narrator": "create", "villain": "create"}


def test_output_needs_no_credentials_and_no_valid_manifest(team: Team) -> None:
    ann = team.desk("ann")
    ann.declare("narrator")
    ann.apply()
    bob = team.desk("bob", KLING_ACCESS_KEY="", KLING_SECRET_KEY="")
    bob.write({"narrator": {"provider": "nobody", "create": {"voice_nam": "x"}}})
    assert bob.voicectl("output", "narrator", code=0).out.strip() == ann.voice_id("narrator")
    assert "narrator" in bob.voicectl("state", "list", code=0).out


def test_a_saved_plan_is_out_of_date_once_another_desk_has_written(team: Team) -> None:
    ann, bob = team.desk("ann"), team.desk("bob")
    for desk in (ann, bob):
        desk.declare("narrator")
    ann.voicectl("plan", "--out", "reviewed.plan", code=0)
    bob.apply()
    refused = ann.voicectl("apply", "reviewed.plan", code=4)
    assert "The plan is out of date" in refused.err
    assert team.kling.bought == 1


def test_a_second_run_is_refused_with_a_code_of_its_own_or_waits(holding_team: Team) -> None:
    team = holding_team
    assert isinstance(team.kling, Holding)
    ann, bob = team.desk("ann", CI_JOB_URL="https://ci.example.com/jobs/5"), team.desk("bob")
    for desk in (ann, bob):
        desk.declare("narrator")
    running = ann.start("apply", "--auto-approve")
    assert team.kling.held.wait(20)
    refused = bob.apply(code=3)
    assert f"pid {running.pid}" in refused.err
    assert "https://ci.example.com/jobs/5" in refused.err
    [lock_id] = re.findall(r"voicectl unlock (\w+)", refused.err)
    assert "is alive" in bob.voicectl("unlock", "--auto-approve", lock_id, code=1).err
    seen = bob.voicectl("plan", code=0)
    if getattr(team.site, "shows_holder", True):
        assert f"pid {running.pid}) has held the lock for apply" in seen.err
        assert f"(pid {running.pid}) is under way, and has not made this call yet" in seen.out
        assert "interrupted" not in seen.out
    waiting = bob.start("apply", "--auto-approve", "--lock-timeout", "60s")
    time.sleep(0.5)
    team.kling.released.set()
    running.communicate(timeout=30)
    assert running.returncode == 0
    _, err = waiting.communicate(timeout=60)
    assert waiting.returncode == 0, err
    assert team.kling.bought == 1


def test_a_run_that_was_killed_here_is_taken_over_at_once(holding_team: Team) -> None:
    team = holding_team
    assert isinstance(team.kling, Holding)
    ann, bob = team.desk("ann"), team.desk("bob")
    for desk in (ann, bob):
        desk.declare("narrator", "hero")
    running = ann.start("apply", "--auto-approve")
    assert team.kling.held.wait(20)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    team.kling.released.set()
    bob.apply()
    assert team.kling.bought == 2
    assert bob.actions() == {}


@pytest.mark.usefixtures("leased")
def test_a_run_that_was_killed_elsewhere_is_believed_until_its_lease_ran_out(holding_team: Team) -> None:
    team = holding_team
    assert isinstance(team.kling, Holding)
    runner, ann = team.desk("runner", host=True), team.desk("ann")
    for desk in (runner, ann):
        desk.declare("narrator", "hero")
    running = runner.start("apply", "--auto-approve")
    assert team.kling.held.wait(20)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    team.kling.released.set()
    refused = ann.apply(code=3)
    assert "@runner-7.example.com" in refused.err
    ann.apply("--lock-timeout", "60s")
    assert team.kling.bought == 2
    assert ann.actions() == {}


@pytest.mark.usefixtures("leased")
def test_a_run_that_slept_through_its_lease_pays_for_nothing_more(holding_team: Team) -> None:
    team = holding_team
    assert isinstance(team.kling, Holding)
    sleeper, ann = team.desk("sleeper", host=True), team.desk("ann")
    names = [f"v{number}" for number in range(30)]
    for desk in (sleeper, ann):
        desk.declare(*names)
    running = sleeper.start("apply", "--auto-approve")
    assert team.kling.held.wait(20)
    running.send_signal(signal.SIGSTOP)
    team.kling.released.set()
    time.sleep(team.site.ttl * 2)
    ann.apply("--lock-timeout", "60s")
    bought = team.kling.bought
    running.send_signal(signal.SIGCONT)
    _, err = running.communicate(timeout=60)
    assert running.returncode not in (0, None)
    assert re.search(r"took over the lock of this run|lock of this run was broken, or taken over", err.decode())
    assert team.kling.bought == bought == len(names)
    assert ann.actions() == {}


def test_a_lock_that_nobody_holds_any_more_is_broken_by_its_id(holding_team: Team) -> None:
    team = holding_team
    assert isinstance(team.kling, Holding)
    runner, ann = team.desk("runner", host=True), team.desk("ann")
    for desk in (runner, ann):
        desk.declare("narrator")
    running = runner.start("apply", "--auto-approve")
    assert team.kling.held.wait(20)
    running.send_signal(signal.SIGKILL)
    running.communicate()
    team.kling.released.set()
    [lock_id] = re.findall(r"voicectl unlock (\w+)", ann.apply(code=3).err)
    unlocked = ann.voicectl("unlock", "--auto-approve", lock_id, code=0)
    assert "Unlocked: apply by" in unlocked.err
    ann.apply()
    assert team.kling.bought == 1


def test_the_lock_of_a_run_elsewhere_is_not_broken_without_a_yes(holding_team: Team) -> None:
    team = holding_team
    assert isinstance(team.kling, Holding)
    runner, ann = team.desk("runner", host=True), team.desk("ann")
    for desk in (runner, ann):
        desk.declare("narrator")
    running = runner.start("apply", "--auto-approve")
    assert team.kling.held.wait(20)
    [lock_id] = re.findall(r"voicectl unlock (\w+)", ann.apply(code=3).err)
    refused = ann.voicectl("unlock", lock_id, code=1)
    assert "The lock was not broken" in refused.err
    assert f"voicectl unlock {lock_id} --auto-approve" in refused.err
    ann.apply(code=3)
    team.kling.released.set()
    running.communicate(timeout=30)
    assert running.returncode == 0


def test_an_empty_place_is_not_an_empty_account(team: Team) -> None:
    ann = team.desk("ann")
    ann.write({"narrator": voice("narrator")}, state="local")
    ann.apply()
    ann.declare("narrator")
    for words in (["plan"], ["apply", "--auto-approve"], ["drift"], ["output"], ["state", "list"]):
        refused = ann.voicectl(*words, code=1)
        assert "voices.state.json holds 1 voice of voices.yaml" in refused.err, words
        assert "voicectl state migrate" in refused.err
    ann.voicectl("state", "migrate", code=0)
    ann.voicectl("state", "migrate", code=0)  # it is there already
    assert ann.actions() == {}
    ann.write({"narrator": voice("narrator")}, state="local")
    assert "the state was moved to" in ann.voicectl("plan", code=1).err
    ann.declare("narrator")
    ann.voicectl("state", "migrate", "--to", "local", code=0)
    ann.write({"narrator": voice("narrator")}, state="local")
    assert ann.actions() == {}
    assert team.kling.bought == 1


def other_spelling(url: str) -> str:
    """Another URL of the same place."""
    if url.startswith("http"):
        return f"{url}?tab=1"
    return url.replace("127.0.0.1", "localhost") if url.startswith("postgres") else f"{url}/"


def test_a_state_does_not_move_to_another_spelling_of_its_place(team: Team) -> None:
    ann = team.desk("ann")
    ann.declare("narrator")
    ann.apply()
    spelled = other_spelling(str(team.site.settings["url"]))
    refused = ann.voicectl("state", "migrate", "--to", spelled, "--lock-timeout", "5m", code=1)
    assert "so there is nothing to move" in refused.err or "is at " in refused.err
    assert ann.voicectl("--state", spelled, "plan", "--detailed-exitcode").code == 0
    assert team.kling.bought == 1


def test_a_second_manifest_at_the_same_place_deletes_nothing(team: Team) -> None:
    ann, bob = team.desk("ann"), team.desk("bob")
    ann.declare("narrator", "hero")
    ann.apply()
    bob.declare("teacher")
    for words in (["apply", "--auto-approve"], ["destroy", "--auto-approve"]):
        refused = bob.voicectl(*words, code=1)
        assert "this state holds 2 voices of other entries: hero, narrator" in refused.out + refused.err, words
    assert team.kling.bought == 2
    bob.voicectl("state", "mv-manifest", code=0)
    bob.apply()
    assert bob.actions() == {}
    assert team.kling.bought == 3


def test_a_pipeline_without_a_state_buys_nothing_that_it_can_not_find_again(team: Team) -> None:
    runner = team.desk("runner", CI="true", TENCENTCLOUD_SECRET_ID="x", TENCENTCLOUD_SECRET_KEY="y")
    sound = {"provider": "vod", "task": {"scene_type": "sfx", "prompt": "Fireworks"}}
    account = {"kling": {"type": "kling", "endpoint": team.kling.url}, "vod": {"type": "tencent-vod", "sub_app_id": 7}}
    runner.write({"narrator": voice("narrator")}, providers=account, audio={"fireworks": sound})
    refused = runner.apply(code=1)
    assert "these entries would be bought again, because no cloud lists them: audio.fireworks" in refused.err
    assert "voicectl apply --new-state" in refused.err
    assert team.kling.bought == 0


def test_the_history_is_kept_in_the_place(team: Team) -> None:
    ann, bob = team.desk("ann"), team.desk("bob")
    for count in (1, 2, 3):
        ann.declare(*[f"v{number}" for number in range(count)])
        ann.apply()
    bob.declare("v0", "v1", "v2")
    kept = bob.voicectl("state", "history", "--json", code=0).json
    assert len(kept) >= 2
    older = bob.voicectl("state", "pull", "--serial", str(kept[-1]["serial"]), code=0).out
    pushed = bob.voicectl("state", "push", "--force", "-", stdin=older, code=0)
    assert "This copy is older than the state that it replaced" in pushed.err
    assert team.kling.bought == 3


def test_a_place_that_was_left_is_not_forgotten_when_the_manifest_names_a_third_one(team: Team) -> None:
    ann = team.desk("ann")
    ann.write({"narrator": voice("narrator")}, state="local")
    ann.apply()
    ann.declare("narrator")
    ann.voicectl("state", "migrate", code=0)
    with StateServer() as server:
        third = f"{server.url}/state/third"
        ann.write({"narrator": voice("narrator")}, state=third)
        refused = ann.voicectl("plan", code=1)
        assert "says that the state of voices.yaml was moved to" in refused.err
        assert "voicectl state migrate --from" in refused.err
    assert team.kling.bought == 1
