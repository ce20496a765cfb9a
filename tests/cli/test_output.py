"""output prints the ids for scripts and applications: in the formats of applications all of them, or nothing."""

from __future__ import annotations

import csv
import io
import json

import pytest
import yaml

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService

FOR_APPLICATIONS = ("yaml", "dotenv", "tfvars", "csv")


@pytest.fixture
def narrator(made: CliHarness) -> str:
    return made.voice_id("narrator")


def test_dotenv_has_a_line_for_each_voice(made: CliHarness, narrator: str) -> None:
    shown = made.voicectl("output", "--format", "dotenv", code=0)
    assert shown.out.splitlines()[1:] == [f"HERO_VOICE_ID={made.voice_id('hero')}", f"NARRATOR_VOICE_ID={narrator}"]


def test_the_other_formats_hold_them_too(made: CliHarness, narrator: str) -> None:
    shown = {name: made.voicectl("output", "--format", name, code=0).out for name in FOR_APPLICATIONS}
    assert yaml.safe_load(shown["yaml"])["narrator"]["voice_id"] == narrator
    rows = {row["address"]: row for row in csv.DictReader(io.StringIO(shown["csv"], newline=""))}
    assert rows["narrator"]["voice_id"] == narrator
    assert f'    voice_id          = "{narrator}"\n' in shown["tfvars"]


def test_addresses_choose_the_rows(made: CliHarness, narrator: str) -> None:
    assert made.voicectl("output", "narrator", "--format", "dotenv", code=0).out.endswith(
        f"NARRATOR_VOICE_ID={narrator}\n"
    )
    assert "HERO" not in made.voicectl("output", "narrator", "--format", "dotenv", code=0).out
    both = made.voicectl("output", "narrator", "hero", code=0).out.splitlines()
    assert [line.split()[0] for line in both] == ["hero", "narrator"]
    assert list(made.voicectl("output", "narrator", "hero", "--json", code=0).json) == ["hero", "narrator"]


def test_one_address_is_its_bare_id_and_in_json_its_row(made: CliHarness, narrator: str) -> None:
    assert made.voicectl("output", "narrator", code=0).out == f"{narrator}\n"
    assert made.voicectl("output", "narrator", "--json", code=0).json["voice_id"] == narrator


@pytest.mark.parametrize("name", FOR_APPLICATIONS)
def test_a_voice_that_can_not_be_used_is_an_error_and_nothing_is_printed(
    cli: CliHarness, kling: KlingService, name: str
) -> None:
    kling.failing["broken"] = "noise"
    cli.declare("narrator", "broken")
    cli.apply(code=1)
    refused = cli.voicectl("output", "--format", name, code=1)
    assert refused.out == ""
    assert "The output would not be complete" in refused.err
    assert "broken: it is failed." in refused.err
    assert cli.voicectl("output", "narrator", "--format", name, code=0).out != ""
    assert json.loads(cli.voicectl("output", "--json", code=0).out)["broken"]["status"] == "failed"


def test_two_addresses_with_one_name_are_an_error(cli: CliHarness) -> None:
    cli.declare("a-b", "a_b")
    cli.apply()
    refused = cli.voicectl("output", "--format", "dotenv", code=1)
    assert "a-b and a_b would both be A_B_VOICE_ID." in refused.err
    assert refused.out == ""
    cli.voicectl("output", "a-b", "--format", "dotenv", code=0)
    cli.voicectl("output", "--format", "csv", code=0)


def test_an_address_without_a_voice_is_an_error(made: CliHarness) -> None:
    refused = made.voicectl("output", "narrator", "nobody", "--format", "dotenv", code=1)
    assert (refused.out, "nobody has no voice in the state." in refused.err) == ("", True)


def test_a_format_that_does_not_exist_is_refused(made: CliHarness) -> None:
    refused = made.voicectl("output", "--format", "toml", code=1)
    assert "'toml' is not one of 'text', 'json', 'yaml', 'dotenv', 'tfvars', 'csv'" in refused.err
