"""A manifest in a pull request is foreign code: each attack is played against a real socket or a real program.

Each trap is proven first: without the rule, it catches what it is there for.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService
from tests.support.trap import Trap

ALLOWED = "VOICECTL_ALLOWED_HOSTS"


@pytest.fixture
def trap() -> Iterator[Trap]:
    with Trap() as opened:
        yield opened


@pytest.fixture
def kling() -> Iterator[KlingService]:
    with KlingService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService) -> CliHarness:
    return CliHarness(tmp_path, kling)


def write(cli: CliHarness, providers: dict[str, Any], voices: dict[str, Any], **more: Any) -> None:
    document = {"version": 1, "providers": providers, "voices": voices} | more
    (cli.folder / cli.manifest).write_text(json.dumps(document))


# -- the credentials of a cloud ----------------------------------------------------------------------------------------


def test_in_a_pipeline_no_endpoint_of_a_manifest_gets_the_keys(cli: CliHarness, trap: Trap) -> None:
    cli.env["KLING_API_KEY"] = "the-key-of-the-team"
    write(cli, {"kling": {"type": "kling", "endpoint": trap.url}}, {"hero": voice("hero")})
    cli.voicectl("plan")
    assert b"the-key-of-the-team" in trap.received  # at a terminal, the manifest is one's own

    trap.connections, cli.env["CI"] = 0, "true"
    for command in (("plan",), ("apply", "--auto-approve"), ("drift",), ("voices", "kling"), ("import", "hero", "850")):
        ran = cli.voicectl(*command)
        shown = " ".join((ran.out + ran.err).split())
        assert f"the endpoint {trap.url} is not Kling's" in shown, command
        assert f"{ALLOWED}={trap.host}" in shown, command
    assert trap.connections == 0


def test_only_the_entries_of_that_provider_are_blocked(cli: CliHarness, kling: KlingService, trap: Trap) -> None:
    cli.env["CI"] = "true"
    providers = {"kling": {"type": "kling", "endpoint": kling.url}, "evil": {"type": "kling", "endpoint": trap.url}}
    write(cli, providers, {"hero": voice("hero"), "mini": voice("mini") | {"provider": "evil"}})
    assert cli.actions() == {"hero": "create", "mini": "blocked"}
    assert trap.connections == 0


def test_a_missing_key_is_not_looked_for_before_the_host(cli: CliHarness, trap: Trap) -> None:
    cli.env = {"PATH": cli.env["PATH"], "HOME": cli.env["HOME"], "CI": "true"}
    provider = {"type": "tencent-vod", "sub_app_id": 1, "endpoint": trap.url}
    hero = {"provider": "vod", "create": {"voice_name": "Hero", "video_id": "1"}}
    write(cli, {"vod": provider}, {"hero": hero})
    out = " ".join(cli.voicectl("plan").out.split())
    assert "is not Tencent Cloud's" in out
    assert "no credentials" not in out


def test_the_environment_may_name_the_host(cli: CliHarness, trap: Trap) -> None:
    cli.env |= {"CI": "true", ALLOWED: f"a.example,http://{trap.host}"}
    write(cli, {"kling": {"type": "kling", "endpoint": trap.url}}, {"hero": voice("hero")})
    cli.voicectl("plan")
    assert trap.connections > 0


def test_at_a_terminal_the_plan_names_a_host_that_is_not_the_vendors(cli: CliHarness, trap: Trap) -> None:
    cli.declare("hero")
    assert "is not Kling's" not in cli.voicectl("plan", code=0).out  # loopback
    proxied = {"kling": {"type": "kling", "endpoint": trap.url}}
    local = {"local": {"type": "kling", "endpoint": cli.kling.url}}
    write(cli, proxied | local, {"hero": voice("hero"), "mini": voice("mini") | {"provider": "local"}})
    note = f"kling: the endpoint {trap.url} is not Kling's"
    assert note in " ".join(cli.voicectl("plan").out.split())
    assert note not in " ".join(cli.voicectl("plan", "--sandbox", code=0).out.split())
    cli.env[ALLOWED] = f"http://{trap.host}"
    assert note not in " ".join(cli.voicectl("plan").out.split())


def test_a_redirect_takes_no_key_elsewhere(cli: CliHarness, trap: Trap) -> None:
    with Trap() as redirecting:
        redirecting.answer = (
            f"HTTP/1.1 307 Temporary Redirect\r\nLocation: {trap.url}/\r\nContent-Length: 0\r\n"
            "Connection: close\r\n\r\n"
        ).encode()
        loopback = redirecting.url.replace("0.0.0.0", "127.0.0.1")
        cli.env["CI"] = "true"
        write(cli, {"kling": {"type": "kling", "endpoint": loopback}}, {"hero": voice("hero")})
        cli.voicectl("plan")
        assert redirecting.connections > 0
    assert trap.connections == 0


# -- the credentials of a state ----------------------------------------------------------------------------------------


def test_in_a_pipeline_no_http_state_of_a_manifest_gets_the_password(cli: CliHarness, trap: Trap) -> None:
    state = f"{trap.url}/api/v4/projects/1/terraform/state/voices"
    cli.env |= {"TF_HTTP_PASSWORD": "the-password", "CI_JOB_TOKEN": "the-token", "VOICECTL_ALLOW_HTTP": "true"}
    cli.env["TF_HTTP_RETRY_MAX"] = "0"
    cli.write({"hero": voice("hero")}, state=state)
    cli.voicectl("plan", code=1)
    assert trap.connections > 0

    trap.connections, cli.env["CI"] = 0, "true"
    for command in (("plan",), ("apply", "--auto-approve"), ("state", "list"), ("unlock", "1", "--auto-approve")):
        refused = " ".join(cli.voicectl(*command, code=1).err.split())
        assert f"Only the manifest names the host {trap.host} of the state" in refused, command
    assert trap.connections == 0


@pytest.mark.parametrize(
    "named",
    [
        {"VOICECTL_STATE": "{url}/state"},
        {"TF_HTTP_ADDRESS": "{url}/terraform"},
        {"CI_SERVER_URL": "{url}"},
        {ALLOWED: "{host}"},
    ],
    ids=lambda named: next(iter(named)),
)
def test_an_http_state_may_be_named_outside_the_manifest(cli: CliHarness, trap: Trap, named: dict[str, str]) -> None:
    cli.env |= {"CI": "true", "VOICECTL_ALLOW_HTTP": "true", "TF_HTTP_RETRY_MAX": "0"}
    cli.env |= {name: text.format(url=trap.url, host=trap.host) for name, text in named.items()}
    cli.write({"hero": voice("hero")}, state=f"{trap.url}/state")
    cli.voicectl("plan", code=1)
    assert trap.connections > 0


def test_the_option_state_names_a_host_too(cli: CliHarness, trap: Trap) -> None:
    cli.env |= {"CI": "true", "VOICECTL_ALLOW_HTTP": "true", "TF_HTTP_RETRY_MAX": "0"}
    cli.declare("hero")
    cli.voicectl("--state", f"{trap.url}/state", "plan", code=1)
    assert trap.connections > 0


@pytest.mark.skipif(find_spec("obstore") is None, reason="needs the extra [object-storage]")
@pytest.mark.parametrize("outside", [False, True], ids=["manifest", "environment"])
def test_in_a_pipeline_no_endpoint_of_a_store_gets_a_signature(cli: CliHarness, trap: Trap, outside: bool) -> None:
    cli.env |= {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret", "AWS_SESSION_TOKEN": "the-token"}
    cli.env |= {"CI": "true", "AWS_ALLOW_HTTP": "true"} | ({ALLOWED: trap.host} if outside else {})
    cli.write({"hero": voice("hero")}, state={"url": "s3://bucket/voices", "endpoint": trap.url})
    refused = " ".join(cli.voicectl("plan", code=1).err.split())
    assert (trap.connections > 0) is outside
    assert (f"Only the manifest names the endpoint {trap.url} of the state" in refused) is not outside


@pytest.mark.skipif(find_spec("psycopg") is None, reason="needs the extra [postgres]")
@pytest.mark.parametrize("outside", [{}, {"PGHOST": "0.0.0.0"}, {"DSN": "host=0.0.0.0"}], ids=str)
def test_in_a_pipeline_no_database_of_a_manifest_gets_the_password(
    cli: CliHarness, trap: Trap, outside: dict[str, str]
) -> None:
    cli.env |= {"CI": "true", "PGPASSWORD": "the-password"} | outside
    state = {"url": f"postgresql://{trap.host}:{trap.port}/voices"} | ({"dsn_env": "DSN"} if "DSN" in outside else {})
    for query in ("", "?hostaddr=0.0.0.0", "?host=0.0.0.0,127.0.0.1"):
        cli.write({"hero": voice("hero")}, state=state | {"url": state["url"] + (query if not outside else "")})
        refused = " ".join(cli.voicectl("plan", code=1).err.split())
        assert ("Only the manifest names the database server 0.0.0.0" in refused) is not bool(outside), query
    assert (trap.connections > 0) is bool(outside)


# -- programs ----------------------------------------------------------------------------------------------------------


def test_no_manifest_starts_a_program_for_a_key(cli: CliHarness, kling: KlingService) -> None:
    ran = cli.folder / "ran"
    script = f"open({str(ran)!r}, 'w').close(); print('k' * 40)"
    command = [sys.executable, "-c", script]
    cli.write({"hero": voice("hero")}, state={"encryption": {"command": command}})
    for words in (("plan", "--out", "p"), ("apply", "--auto-approve")):
        refused = " ".join(cli.voicectl(*words, code=1).err.split())
        assert "state.encryption.command would start:" in refused
        assert "--allow-commands" in refused
    assert not ran.exists()
    assert kling.bought == 0

    cli.apply("--allow-commands")
    assert ran.exists()
    ran.unlink()
    cli.voicectl("state", "list", code=1)
    assert not ran.exists()
    cli.env["VOICECTL_ALLOW_COMMANDS"] = "true"
    cli.voicectl("state", "list", code=0)
    assert ran.exists()


def test_a_manifest_can_not_allow_programs_to_itself(cli: CliHarness) -> None:
    cli.write({"hero": voice("hero")}, allow_commands=True)
    assert "allow_commands: unknown key" in cli.voicectl("validate", code=1).err
