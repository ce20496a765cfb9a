"""VOICECTL_LOG=debug: whole commands log each of their calls on stderr, and no secret."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.cli_harness import ROOT, CliHarness
from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import HERO, TencentCliHarness
from tests.support.tencent_service import TencentService

QUERY = "X-Amz-Signature=planted-Zq9secret"
LINE = re.compile(
    r"debug: \d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z (GET|POST|DELETE) [\w.-]+(:\d+)?/\S*( \w+)?: "
    r"(\d{3}|no answer \(\w+\)), \d+ ms(, request \S+)?, attempt \d"
)


def logged(shown: str) -> list[str]:
    return [line for line in shown.splitlines() if line.startswith("debug: ")]


def test_an_apply_logs_each_call_and_no_secret(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    path = cli.folder / "voices.yaml"
    path.write_text(path.read_text().replace("narrator.mp3", f"narrator.mp3?{QUERY}"))
    cli.env["VOICECTL_LOG"] = "debug"
    kling.calls.clear()
    ran = cli.apply()
    lines = logged(ran.err)
    assert len(lines) == len(kling.calls)
    assert [line for line in lines if not LINE.fullmatch(line)] == []
    assert len([line for line in lines if "POST " in line]) == 2
    assert all(", request " in line for line in lines)
    for secret in (kling.access_key, kling.secret_key, "planted-Zq9secret", "eyJ"):
        assert secret not in ran.err
    assert "debug: " not in ran.out


@pytest.mark.parametrize("value", ["", "off", "OFF"])
def test_it_is_off_unless_asked_for(cli: CliHarness, value: str) -> None:
    cli.declare("narrator")
    cli.env["VOICECTL_LOG"] = value
    assert logged(cli.voicectl("plan", code=0).err) == []


def test_the_sandbox_is_logged_too(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.env["VOICECTL_LOG"] = "debug"
    lines = logged(cli.voicectl("--sandbox", "apply", "--auto-approve", code=0).err)
    assert len(lines) >= 2
    assert [line for line in lines if not LINE.fullmatch(line)] == []


def test_tencents_calls_are_logged_by_their_actions(tmp_path: Path, kling: KlingService) -> None:
    with TencentService() as tencent:
        cli = TencentCliHarness(tmp_path, kling, tencent=tencent)
        cli.write({"hero": HERO})
        cli.env["VOICECTL_LOG"] = "debug"
        ran = cli.apply()
        lines = logged(ran.err)
        assert [line for line in lines if not LINE.fullmatch(line)] == []
        assert any(re.search(r"POST [\w.:]+/ CreateAigcCustomVoice: 200, ", line) for line in lines)
        assert not [secret for secret in (tencent.secret_id, tencent.secret_key, "TC3-HMAC") if secret in ran.err]


def test_at_a_terminal_no_live_block_is_drawn_over_the_log(cli: CliHarness) -> None:
    cli.declare("narrator")
    with cli.at_a_terminal("apply", "--auto-approve", VOICECTL_LOG="debug", PYTHONPATH=str(ROOT)) as terminal:
        code, shown = terminal.end()
    assert code == 0
    assert shown.count("debug: ") >= 2
    assert "\x1b[2K" not in shown
