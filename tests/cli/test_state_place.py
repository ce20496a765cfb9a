"""Which place a state has: the file beside the manifest, or what --state, VOICECTL_STATE or the manifest say."""

from __future__ import annotations

import shlex
from pathlib import Path

import pytest

from reconciler.workspace import Workspace
from tests.support.cli_harness import CliHarness, voice
from tests.support.engines.http_state_server import StateServer
from tests.support.kling_service import KlingService

SECRET = "s3cr3t-passw0rd"


def with_env(cli: CliHarness, **more: str) -> CliHarness:
    return CliHarness(cli.folder, cli.kling, env=more)


@pytest.mark.parametrize("way", ["option", "variable"])
def test_a_wrong_place_is_refused_before_anything_is_done(cli: CliHarness, kling: KlingService, way: str) -> None:
    cli.declare("narrator")
    url = f"postgresql://ann:{SECRET}@db.example.com/voices"
    if way == "option":
        refused = cli.voicectl("apply", "--auto-approve", "--state", url, code=1)
        assert "--state: a password must not be in a state's URL" in refused.err
    else:
        refused = with_env(cli, VOICECTL_STATE=url).apply(code=1)
        assert "VOICECTL_STATE: a password must not be in a state's URL" in refused.err
    assert SECRET not in refused.err
    assert kling.bought == 0


def test_an_empty_variable_names_no_place(cli: CliHarness) -> None:
    cli.declare("narrator")
    with_env(cli, VOICECTL_STATE="").apply()
    assert (cli.folder / "voices.state.json").exists()


def test_the_word_local_is_the_file_beside_the_manifest(cli: CliHarness) -> None:
    cli.write({"narrator": voice("narrator")}, state="ftp://not/used")
    assert "a state's URL begins with one of" in cli.apply(code=1).err
    cli.write({"narrator": voice("narrator")}, state="s3://bucket/voices")
    cli.apply("--state", "local")
    assert (cli.folder / "voices.state.json").exists()


def test_the_sandbox_keeps_its_state_on_this_machine(cli: CliHarness, tmp_path: Path) -> None:
    cli.write({"narrator": voice("narrator")}, state="s3://bucket/voices")
    cli.voicectl("--sandbox", "apply", "--auto-approve", code=0)
    assert (tmp_path / ".voicectl/voices.state.json").exists()
    refused = cli.voicectl("--sandbox", "state", "migrate", "--to", "s3://bucket/voices", code=1)
    assert "can't be moved" in refused.err


def test_the_sandbox_refuses_another_place_and_ignores_the_variable(cli: CliHarness, tmp_path: Path) -> None:
    cli.declare("narrator")
    for words in (["plan"], ["apply", "--auto-approve"], ["state", "list"], ["output"], ["unlock", "id"]):
        refused = cli.voicectl("--sandbox", "--state", "s3://bucket/voices", *words, code=1)
        assert "--sandbox and --state can't be used together" in refused.err, words
    with_env(cli, VOICECTL_STATE="s3://bucket/voices").voicectl("--sandbox", "apply", "--auto-approve", code=0)
    assert (tmp_path / ".voicectl/voices.state.json").exists()


def test_a_misspelt_section_is_never_taken_for_the_local_file(made: CliHarness) -> None:
    made.write({}, stat="s3://bucket/voices")
    for words in (["plan"], ["state", "list"], ["state", "pull"], ["unlock", "id"], ["state", "history"]):
        refused = made.voicectl(*words, code=1)
        assert "stat: unknown key, did you mean state?" in refused.err, words


def test_a_broken_section_is_never_taken_for_the_local_file(made: CliHarness) -> None:
    made.write({}, state={"urll": "s3://bucket/voices"})
    for words in (["output"], ["state", "list"], ["show"], ["state", "pull"], ["unlock", "id"], ["state", "history"]):
        refused = made.voicectl(*words, code=1)
        assert "state.urll: unknown key, did you mean url?" in refused.err, words


def test_a_manifest_that_is_broken_elsewhere_hides_no_state(made: CliHarness) -> None:
    (made.folder / "voices.yaml").write_text("version: 1\nstate: local\nvoices:\n  narrator: [\n")
    assert "narrator" in made.voicectl("output", code=0).out
    assert "narrator" in made.voicectl("state", "list", code=0).out


def test_a_pipeline_begins_no_state_for_voices_that_no_cloud_lists(cli: CliHarness, kling: KlingService) -> None:
    """Kling lists its voices, so there the first apply of a pipeline needs nothing."""
    cli.declare("narrator")
    with_env(cli, CI="true").apply()
    assert kling.bought == 1


def test_a_token_in_the_place_is_in_no_hint(made: CliHarness) -> None:
    with StateServer() as server:
        url = f"{server.url}/state/voices?token={SECRET}"
        made.voicectl("state", "migrate", "--to", url, code=0)
        refused = made.voicectl("--state", url, "state", "show", "nobody", code=1)
        moved = made.voicectl("state", "list", code=1)
        wrong = made.voicectl("--state", url, "-f", "other.yaml", "plan", code=1)
    assert "voicectl --state URL state list" in refused.err
    assert f"the state was moved to {server.url}/state/voices." in moved.err
    assert SECRET not in refused.err + moved.err + wrong.err


def test_the_options_in_hints_can_be_pasted_into_a_shell(tmp_path: Path) -> None:
    url = "postgresql:///my voices?sslmode=require&name=it's"
    workspace = Workspace(manifest=tmp_path / "it's.yaml", directory="a b", state_url=url)
    pasted = shlex.split(workspace.options)
    assert pasted == ["-C", "a b", "-f", str(tmp_path / "it's.yaml"), "--state", url]


def test_a_state_in_another_engine_is_named_in_the_hints(made: CliHarness) -> None:
    refused = made.voicectl("--state", "local", "state", "show", "nobody", code=1)
    assert "--state local" in refused.err


def test_a_token_in_the_address_is_neither_stored_in_the_old_place_nor_printed(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    with StateServer() as server:
        team = with_env(cli, VOICECTL_STATE=f"{server.url}/state/voices?token={SECRET}", NO_PROXY="127.0.0.1")
        moved = team.voicectl("state", "migrate", code=0)
        refused = cli.voicectl("plan", code=1)
    assert f"the state was moved to {server.url}/state/voices." in refused.err
    assert SECRET not in moved.err + refused.err
    assert not [path for path, content in cli.files().items() if SECRET.encode() in content]


def test_a_snapshot_of_a_state_that_had_left_is_not_called_damaged(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    with StateServer() as server:
        cli.voicectl("state", "migrate", "--to", f"{server.url}/state/voices", code=0)
    left, leaving, *_ = cli.voicectl("state", "history", "--json", code=0).json
    refused = cli.voicectl("state", "show", "--serial", str(left["serial"]), code=1)
    assert f"the state was moved to {server.url}/state/voices" in refused.err
    assert "narrator: ready" in cli.voicectl("state", "show", "--serial", str(leaving["serial"]), code=0).out


@pytest.mark.parametrize("source", [(), ("voices.yaml",)])
def test_a_manifest_is_renamed_after_its_state_left_the_folder(cli: CliHarness, source: tuple[str, ...]) -> None:
    cli.declare("narrator")
    cli.apply()
    with StateServer() as server:
        team = with_env(cli, VOICECTL_STATE=f"{server.url}/state/voices", NO_PROXY="127.0.0.1")
        team.voicectl("state", "migrate", code=0)
        (cli.folder / "voices.yaml").rename(cli.folder / "cast.yaml")
        team.voicectl("-f", "cast.yaml", "state", "mv-manifest", *source, code=0)
        team.voicectl("-f", "cast.yaml", "plan", "--detailed-exitcode", code=0)


def test_the_way_back_is_the_command_that_the_old_place_names(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    with StateServer() as server:
        cli.env["NO_PROXY"] = "127.0.0.1"
        url = f"{server.url}/state/voices"
        cli.voicectl("state", "migrate", "--to", url, code=0)
        refused = cli.voicectl("plan", code=1)
        assert f"to move it back: voicectl state migrate --from {url}" in refused.err
        cli.voicectl("state", "migrate", "--from", url, code=0)
    assert cli.actions() == {}


@pytest.mark.parametrize("key", ["dsn_env", "endpoint"])
def test_settings_of_a_place_without_the_place_are_refused(cli: CliHarness, kling: KlingService, key: str) -> None:
    cli.write(
        {"narrator": voice("narrator")}, state={key: {"dsn_env": "DSN", "endpoint": "https://x.example.com"}[key]}
    )
    assert "and not where: url is missing" in cli.apply(code=1).err
    assert kling.bought == 0
