"""A cloud on this machine: the same commands, no account, no cost, and a state apart from the real one."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from reconciler.cli.main import run
from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.kling_service import KlingService


@pytest.fixture
def rehearsing(cli: CliHarness) -> CliHarness:
    """Two voices made in the sandbox, without credentials."""
    cli.env = {name: value for name, value in cli.env.items() if not name.startswith("KLING_")}
    cli.declare("narrator", "hero")
    cli.voicectl("--sandbox", "sandbox", "faults", "task_seconds=0", code=0)
    cli.apply("--sandbox")
    return cli


def test_it_needs_no_account_and_makes_no_call_outside(rehearsing: CliHarness, kling: KlingService) -> None:
    assert kling.calls == []
    assert rehearsing.voicectl("--sandbox", "plan", "--detailed-exitcode").code == 0
    assert rehearsing.voicectl("--sandbox", "output", "hero", code=0).out.strip().isdigit()
    rehearsing.voicectl("--sandbox", "destroy", "--auto-approve", code=0)
    assert rehearsing.actions("--sandbox") == {"narrator": "create", "hero": "create"}


def test_its_state_is_apart_from_the_real_one(rehearsing: CliHarness) -> None:
    assert not (rehearsing.folder / "voices.state.json").exists()
    assert (rehearsing.folder / ".voicectl/voices.state.json").exists()
    assert (rehearsing.folder / ".voicectl/.gitignore").read_text() == "*\n"
    assert "No state here yet" in rehearsing.voicectl("output", "--json", code=1).err


def test_drift_shows_voices_that_were_deleted_or_renamed_outside(rehearsing: CliHarness) -> None:
    rehearsing.voicectl("sandbox", "faults", "--delete", "hero", "--rename", "narrator", "Zed", "--add", "Foe", code=0)
    drifted = rehearsing.voicectl("--sandbox", "drift", "--json", code=2).json["drift"]
    assert {(d["address"], d["kind"]) for d in drifted} == {("hero", "gone"), ("narrator", "renamed")}
    assert rehearsing.actions("--sandbox") == {"hero": "create"}
    listed = rehearsing.voicectl("--sandbox", "voices", "kling", "--unmanaged", "--json", code=0).json
    assert [voice["voice_name"] for voice in listed] == ["Foe"]


def test_faults_are_shown_set_and_cleared(rehearsing: CliHarness) -> None:
    assert rehearsing.voicectl("sandbox", "faults", "fail=1", "--json", code=0).json["fail"] == 1.0
    shown = rehearsing.voicectl("sandbox", "faults", code=0).out
    assert any(line.split()[:3] == ["fail", "1.0", "*"] for line in shown.splitlines())
    rehearsing.declare("narrator", "hero", "villain")
    assert "villain: create: failed" in rehearsing.apply("--sandbox", code=1).out
    assert rehearsing.voicectl("sandbox", "faults", "--clear", "--json", code=0).json["fail"] == 0.0


def test_setting_a_switch_shows_only_the_changed_switches(rehearsing: CliHarness) -> None:
    rehearsing.voicectl("sandbox", "faults", "task_seconds=1", code=0)
    told = rehearsing.voicectl("sandbox", "faults", "fail=1", "empty_list=true", code=0).out
    assert told == (
        "fail        1.0 *\n    Probability that a new task ends without a voice.\n"
        "empty_list  true *\n    Lists of voices and tasks are empty; by id they are found.\n"
    )


def test_cleared_faults_are_reported_in_one_line(rehearsing: CliHarness) -> None:
    rehearsing.voicectl("sandbox", "faults", "fail=1", code=0)
    told = rehearsing.voicectl("sandbox", "faults", "--clear", code=0).out
    assert told == "No faults are set.\n"


@pytest.mark.parametrize(
    ("switch", "said"),
    [("fial=1", "Did you mean fail?"), ("deleted_voice=odd", "odd")],
)
def test_an_unknown_switch_is_refused(cli: CliHarness, switch: str, said: str) -> None:
    cli.declare("narrator")
    assert said in cli.voicectl("sandbox", "faults", switch, code=1).err


def test_reset_empties_its_world_and_its_state(rehearsing: CliHarness) -> None:
    rehearsing.voicectl("sandbox", "reset", code=0)
    assert rehearsing.actions("--sandbox") == {"narrator": "create", "hero": "create"}
    assert rehearsing.voicectl("--sandbox", "voices", "kling", "--json", code=0).json == []


@pytest.mark.parametrize("words", [["sandbox", "reset"], ["--sandbox", "sandbox", "reset"]])
def test_reset_removes_the_snapshots_of_the_sandbox_and_none_of_the_real_state(
    rehearsing: CliHarness, words: list[str]
) -> None:
    real = rehearsing.folder / ".voicectl/history/voices/000000000004.json"
    real.parent.mkdir(parents=True)
    real.write_text("{}")
    assert list(rehearsing.folder.glob(".voicectl/history-of-sandbox/voices/*.json"))
    rehearsing.voicectl(*words, code=0)
    assert real.exists()
    assert not (rehearsing.folder / ".voicectl/history-of-sandbox").exists()


@contextmanager
def served(cli: CliHarness) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """The server's process, and its address."""
    with subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--port", "0"],
        cwd=cli.folder,
        env=cli.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as server:
        try:
            assert server.stdout is not None
            yield server, server.stdout.readline().removeprefix("The sandbox listens at ").strip()
        finally:
            server.terminate()


def test_it_serves_other_clients(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.voicectl("sandbox", "faults", "task_seconds=0", code=0)
    with served(cli) as (server, url):
        assert url.startswith("http://127.0.0.1:")
        cli.write(
            {"hero": {"provider": "kling", "create": {"voice_name": "Hero", "voice_url": "https://e.com/h.mp3"}}},
            file="client.yaml",
            providers={"kling": {"type": "kling", "endpoint": url}},
        )
        key_pair = {"KLING_ACCESS_KEY": "sandbox-default", "KLING_SECRET_KEY": "sandbox-secret"}
        plain = {name: value for name, value in cli.env.items() if not name.startswith("KLING_")}
        client = ("-f", "client.yaml")
        cli.voicectl(*client, "apply", "--auto-approve", env=plain | key_pair, code=0)
        again = plain | {"KLING_API_KEY": "sandbox-default"}
        cli.voicectl(*client, "plan", "--detailed-exitcode", env=again, code=0)
        refused = cli.voicectl(*client, "plan", env=plain | {"KLING_API_KEY": "wrong"}, code=1)
        assert "code 1002" in refused.err
        server.send_signal(signal.SIGINT)
        assert server.wait(timeout=10) == 0
        assert server.stderr is not None
        log = server.stderr.read()
    assert "POST /v1/general/custom-voices" in log
    assert "sandbox-secret" not in log.split("\n", 1)[1]  # but for the line that says how to sign in
    assert "eyJ" not in log


def test_a_port_that_is_in_use_is_reported(cli: CliHarness) -> None:
    cli.declare("narrator")
    with served(cli) as (_, url):
        refused = cli.voicectl("sandbox", "serve", "--port", url.rpartition(":")[2], code=1)
    assert "can't be used" in refused.err
    assert "--port 0" in refused.err


# -- whose account a voice is added to ---------------------------------------------------------------------------------


def listed(cli: CliHarness, provider: str) -> list[str]:
    found = cli.voicectl("--sandbox", "voices", provider, "--json", code=0).json
    return sorted(voice["voice_name"] for voice in found)


def test_a_voice_added_to_an_empty_sandbox_is_where_the_manifest_looks(cli: CliHarness) -> None:
    """Although no command has called it yet, and its provider has an endpoint of its own."""
    cli.declare("narrator")
    added = cli.voicectl("sandbox", "faults", "--add", "Foe", code=0)
    assert "Added: " in added.err
    assert listed(cli, "kling") == ["Foe"]


TWO = {
    "singapore": {"type": "kling"},
    "beijing": {"type": "kling", "region": "beijing"},
    "the-same": {"type": "kling", "region": "singapore"},
    "vod": {"type": "tencent-vod", "sub_app_id": 221073},
}


def test_of_several_accounts_an_option_says_which(cli: CliHarness) -> None:
    cli.write({}, providers=TWO)
    refused = cli.voicectl("sandbox", "faults", "--add", "Foe", code=1)
    assert "--account singapore, --account beijing" in refused.err
    assert "the-same" not in refused.err  # is that of singapore
    cli.voicectl("sandbox", "faults", "--add", "Foe", "--account", "beijing", code=0)
    assert (listed(cli, "beijing"), listed(cli, "singapore")) == (["Foe"], [])
    cli.voicectl("sandbox", "faults", "--add", "Fay", "--account", "the-same", code=0)
    assert (listed(cli, "beijing"), listed(cli, "singapore")) == (["Foe"], ["Fay"])


@pytest.mark.parametrize("name", ["tokyo", "vod", "kling:sandbox-other"])
def test_an_unknown_account_is_refused_and_the_others_are_listed(cli: CliHarness, name: str) -> None:
    cli.write({}, providers=TWO)
    refused = cli.voicectl("sandbox", "faults", "--add", "Foe", "--account", name, code=1)
    assert f"--account {name}: the sandbox has no such account." in refused.err
    assert "--account singapore" in refused.err


def test_without_a_manifest_a_voice_is_added_to_the_account_of_other_clients(cli: CliHarness) -> None:
    added = cli.voicectl("sandbox", "faults", "--add", "Foe", code=0)
    assert "to kling:sandbox-default" in added.err
    assert "--account needs --add" in cli.voicectl("sandbox", "faults", "--account", "kling", code=1).err


def test_a_call_to_a_cloud_that_lists_no_foreign_voices_adds_no_account(cli: CliHarness) -> None:
    hero = {"provider": "vod", "create": {"voice_name": "Hero", "video_id": "1"}}
    cli.write({"hero": hero}, providers={"vod": TWO["vod"]})
    cli.apply("--sandbox", code=0)
    (cli.folder / "voices.yaml").unlink()
    assert "to kling:sandbox-default" in cli.voicectl("sandbox", "faults", "--add", "Foe", code=0).err


def test_where_no_cloud_lists_what_others_made_nothing_is_added(cli: CliHarness) -> None:
    cli.write({}, providers={"vod": TWO["vod"]})
    assert (
        "No cloud of the manifest lists voices that were made elsewhere."
        in cli.voicectl("sandbox", "faults", "--add", "Foe", code=1).err
    )


@pytest.mark.parametrize("in_the_way", ["a file", "a folder for its world", "a system's folder"])
@pytest.mark.parametrize("words", [("--sandbox", "plan"), ("sandbox", "faults")])
def test_a_folder_that_can_not_be_written_is_reported(
    cli: CliHarness,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    in_the_way: str,
    words: tuple[str, ...],
) -> None:
    cli.declare("narrator")
    folder = cli.folder
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
