"""A saved plan shows all that its voices are made from: only its owner may read it."""

from __future__ import annotations

import os
from pathlib import Path

from reconciler.cli.planfile import write_plan
from reconciler.model import planfile
from reconciler.model.plan import Plan
from tests.support.cli_harness import CliHarness


def mode(path: Path) -> int:
    return path.stat().st_mode & 0o777


def test_whatever_the_umask_and_whatever_lay_there_only_its_owner_may_read_it(tmp_path: Path) -> None:
    plan = planfile.dump(Plan(plan_id="1", lineage="2", serial=3, manifest="voices.yaml"))
    before = os.umask(0)
    try:
        write_plan(tmp_path / "p", plan)
        assert mode(tmp_path / "p") == 0o600
        (tmp_path / "p").chmod(0o666)  # an older voicectl saved it
        (tmp_path / ".p.tmp").write_text("a killed run left it")
        write_plan(tmp_path / "p", plan)
        assert mode(tmp_path / "p") == 0o600
        (tmp_path / "link").symlink_to("p")
        write_plan(tmp_path / "link", plan)
        assert mode(tmp_path / "p") == 0o600
    finally:
        os.umask(before)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["link", "p"]


def test_the_command_saves_it_so_and_writes_into_a_pipe_as_it_is(cli: CliHarness) -> None:
    cli.declare("hero")
    cli.voicectl("plan", "--out", "p", code=0)
    assert mode(cli.folder / "p") == 0o600
    assert '"kind": "voicectl plan"' in cli.voicectl("plan", "--out", "/dev/stdout", code=0).out
