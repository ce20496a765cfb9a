"""A cloud on this machine: the same commands, no account, no cost, and a state apart from the real one."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.main import run
from tests.support.desk import COMMAND, Desk
from tests.support.kling_service import KlingService


@pytest.fixture
def rehearsing(desk: Desk) -> Desk:
    """Two voices made in the sandbox, without credentials."""
    desk.env = {name: value for name, value in desk.env.items() if not name.startswith("KLING_")}
    desk.declare("narrator", "hero")
    desk.voicectl("--sandbox", "sandbox", "faults", "task_seconds=0", code=0)
    desk.apply("--sandbox")
    return desk


def test_it_needs_no_account_and_makes_no_call_outside(rehearsing: Desk, kling: KlingService) -> None:
    assert kling.calls == []
    assert rehearsing.voicectl("--sandbox", "plan", "--detailed-exitcode").code == 0
    assert rehearsing.voicectl("--sandbox", "output", "hero", code=0).out.strip().isdigit()
    rehearsing.voicectl("--sandbox", "destroy", "--auto-approve", code=0)
    assert rehearsing.actions("--sandbox") == {"narrator": "create", "hero": "create"}


def test_its_state_is_apart_from_the_real_one(rehearsing: Desk) -> None:
    assert not (rehearsing.folder / "voices.state.json").exists()
    assert (rehearsing.folder / ".voicectl/voices.state.json").exists()
    assert (rehearsing.folder / ".voicectl/.gitignore").read_text() == "*\n"
    assert "No state here yet" in rehearsing.voicectl("output", "--json", code=1).err


def test_voices_go_behind_its_back_and_drift_shows_it(rehearsing: Desk) -> None:
    rehearsing.voicectl("sandbox", "faults", "--delete", "hero", "--rename", "narrator", "Zed", "--add", "Foe", code=0)
    drifted = rehearsing.voicectl("--sandbox", "drift", "--json", code=2).json["drift"]
    assert {(d["address"], d["kind"]) for d in drifted} == {("hero", "gone"), ("narrator", "renamed")}
    assert rehearsing.actions("--sandbox") == {"hero": "create"}
    listed = rehearsing.voicectl("--sandbox", "voices", "kling", "--unmanaged", "--json", code=0).json
    assert [voice["voice_name"] for voice in listed] == ["Foe"]


def test_faults_are_shown_set_and_cleared(rehearsing: Desk) -> None:
    assert rehearsing.voicectl("sandbox", "faults", "fail=1", "--json", code=0).json["fail"] == 1.0
    shown = rehearsing.voicectl("sandbox", "faults", code=0).out
    assert any(line.split()[:3] == ["fail", "1.0", "*"] for line in shown.splitlines())
    rehearsing.declare("narrator", "hero", "villain")
    assert "villain: create: failed" in rehearsing.apply("--sandbox", code=1).out
    assert rehearsing.voicectl("sandbox", "faults", "--clear", "--json", code=0).json["fail"] == 0.0


def test_what_is_set_shows_only_the_switches_that_are_not_as_at_first(rehearsing: Desk) -> None:
    rehearsing.voicectl("sandbox", "faults", "task_seconds=1", code=0)
    told = rehearsing.voicectl("sandbox", "faults", "fail=1", "empty_list=true", code=0).out
    assert told == (
        "fail        1.0 *\n    Probability that a new task ends without a voice.\n"
        "empty_list  true *\n    Lists of voices and tasks are empty; by id they are found.\n"
    )


def test_cleared_faults_are_told_in_one_line(rehearsing: Desk) -> None:
    rehearsing.voicectl("sandbox", "faults", "fail=1", code=0)
    told = rehearsing.voicectl("sandbox", "faults", "--clear", code=0).out
    assert told == "Nothing goes wrong: every switch is as at first.\n"


@pytest.mark.parametrize(
    ("switch", "said"),
    [("fial=1", "Did you mean fail?"), ("deleted_voice=odd", "odd")],
)
def test_a_switch_that_is_none_is_refused(desk: Desk, switch: str, said: str) -> None:
    desk.declare("narrator")
    assert said in desk.voicectl("sandbox", "faults", switch, code=1).err


def test_reset_empties_its_world_and_its_state(rehearsing: Desk) -> None:
    rehearsing.voicectl("sandbox", "reset", code=0)
    assert rehearsing.actions("--sandbox") == {"narrator": "create", "hero": "create"}
    assert rehearsing.voicectl("--sandbox", "voices", "kling", "--json", code=0).json == []


@contextmanager
def served(desk: Desk) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server's process, and its address."""
    with subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--port", "0"],
        cwd=desk.folder,
        env=desk.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().removeprefix("The sandbox listens at ").strip()
        finally:
            server.terminate()


def test_it_serves_other_clients(desk: Desk) -> None:
    desk.declare("narrator")
    desk.voicectl("sandbox", "faults", "task_seconds=0", code=0)
    with served(desk) as (server, url):
        assert url.startswith("http://127.0.0.1:")
        desk.write(
            {"hero": {"provider": "kling", "create": {"voice_name": "Hero", "voice_url": "https://e.com/h.mp3"}}},
            file="client.yaml",
            providers={"kling": {"type": "kling", "endpoint": url}},
        )
        key_pair = {"KLING_ACCESS_KEY": "sandbox-default", "KLING_SECRET_KEY": "sandbox-secret"}
        plain = {name: value for name, value in desk.env.items() if not name.startswith("KLING_")}
        client = ("-f", "client.yaml")
        desk.voicectl(*client, "apply", "--auto-approve", env=plain | key_pair, code=0)
        again = plain | {"KLING_API_KEY": "sandbox-default"}
        desk.voicectl(*client, "plan", "--detailed-exitcode", env=again, code=0)
        refused = desk.voicectl(*client, "plan", env=plain | {"KLING_API_KEY": "wrong"}, code=1)
        assert "code 1002" in refused.err
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0
        assert server.stderr is not None
        log = server.stderr.read()
    assert "POST /v1/general/custom-voices" in log
    assert "sandbox-secret" not in log.split("\n", 1)[1]  # but for the line that says how to sign in
    assert "eyJ" not in log


def test_a_port_that_is_taken_is_said_so(desk: Desk) -> None:
    desk.declare("narrator")
    with served(desk) as (_, url):
        refused = desk.voicectl("sandbox", "serve", "--port", url.rpartition(":")[2], code=1)
    assert "can't be had" in refused.err
    assert "--port 0" in refused.err


# -- whose account a voice is added to ---------------------------------------------------------------------------------


def listed(desk: Desk, provider: str) -> list[str]:
    found = desk.voicectl("--sandbox", "voices", provider, "--json", code=0).json
    return sorted(voice["voice_name"] for voice in found)


def test_a_voice_added_to_an_empty_sandbox_is_where_the_manifest_looks(desk: Desk) -> None:
    """Although no command has called it yet, and its provider has an endpoint of its own."""
    desk.declare("narrator")
    added = desk.voicectl("sandbox", "faults", "--add", "Foe", code=0)
    assert "Added: " in added.err
    assert listed(desk, "kling") == ["Foe"]


TWO = {
    "singapore": {"type": "kling"},
    "beijing": {"type": "kling", "region": "beijing"},
    "the-same": {"type": "kling", "region": "singapore"},
    "vod": {"type": "tencent-vod", "sub_app_id": 221073},
}


def test_of_several_accounts_an_option_says_which(desk: Desk) -> None:
    desk.write({}, providers=TWO)
    refused = desk.voicectl("sandbox", "faults", "--add", "Foe", code=1)
    assert "--account singapore, --account beijing" in refused.err
    assert "the-same" not in refused.err  # is that of singapore
    desk.voicectl("sandbox", "faults", "--add", "Foe", "--account", "beijing", code=0)
    assert (listed(desk, "beijing"), listed(desk, "singapore")) == (["Foe"], [])
    desk.voicectl("sandbox", "faults", "--add", "Fay", "--account", "the-same", code=0)
    assert (listed(desk, "beijing"), listed(desk, "singapore")) == (["Foe"], ["Fay"])


@pytest.mark.parametrize("name", ["tokyo", "vod", "kling:sandbox-other"])
def test_an_account_that_is_none_is_refused_and_the_others_are_listed(desk: Desk, name: str) -> None:
    desk.write({}, providers=TWO)
    refused = desk.voicectl("sandbox", "faults", "--add", "Foe", "--account", name, code=1)
    assert f"--account {name}: the sandbox has no such account." in refused.err
    assert "--account singapore" in refused.err


def test_without_a_manifest_a_voice_is_added_to_the_account_of_other_clients(desk: Desk) -> None:
    added = desk.voicectl("sandbox", "faults", "--add", "Foe", code=0)
    assert "to kling:sandbox-default" in added.err
    assert "--account goes with --add" in desk.voicectl("sandbox", "faults", "--account", "kling", code=1).err


def test_where_no_cloud_lists_what_others_made_nothing_is_added(desk: Desk) -> None:
    desk.write({}, providers={"vod": TWO["vod"]})
    assert "declares no account of Kling" in desk.voicectl("sandbox", "faults", "--add", "Foe", code=1).err


@pytest.mark.parametrize("in_the_way", ["a file", "a folder for its world", "a system's folder"])
@pytest.mark.parametrize("words", [("--sandbox", "plan"), ("sandbox", "faults")])
def test_a_folder_that_can_not_be_written_is_said(
    desk: Desk,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    in_the_way: str,
    words: tuple[str, ...],
) -> None:
    desk.declare("narrator")
    folder = desk.folder
    if in_the_way == "a file":
        (folder / ".voicectl").write_text("")
    elif in_the_way == "a folder for its world":
        (folder / ".voicectl/world.db").mkdir(parents=True)
    elif words[0] == "sandbox":
        folder = Path("/sys")  # nobody can write there, root neither
    else:
        pytest.skip("no manifest lies there")
    monkeypatch.chdir(folder)
    assert run(words) == 1
    said = capsys.readouterr().err
    assert "The sandbox keeps its world in .voicectl" in said
    assert "which can't be written: " in said
    assert "voicectl -C DIR --sandbox plan" in said
