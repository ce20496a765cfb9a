"""Each format holds exactly what the rows hold, read back by the programs that read it, whatever the names are.

UPDATE_GOLDEN=1 writes tests/golden/outputs again.
"""

from __future__ import annotations

import csv
import io
import json
import os
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, get_args

import pytest
import yaml

from reconciler.model.output_files import FileFormat
from reconciler.model.outputs import Output, OutputStatus, Row, SoundOutput
from reconciler.views.output_formats.registry import is_ours, rows_format

GOLDEN = Path(__file__).parents[2] / "golden" / "outputs"
FORMATS = get_args(FileFormat)
READY = OutputStatus.READY
HOSTILE = "=HYPERLINK(\"https://x\") ${var} %{if} 'it' \\n\n\x1b[31m\u202e\U000e0041, end"
URL = "https://cdn.example.com/f.mp3?t=1&sign=a%2Fb==#part"

ROWS: dict[str, Row] = {
    "audio.fireworks": SoundOutput(
        url=URL, file_id="387702", expires_at=datetime(2026, 12, 1, tzinfo=UTC), provider="vod", status=READY
    ),
    "audio.rain": SoundOutput(url=None, file_id="387703", expires_at=None, provider="vod", status=READY),
    "narrator": Output("829", "Narrator EN", "kling", READY, labels={"tier": "gold"}, previous_voice_id="828"),
    "on": Output("villain_01", HOSTILE, "kling", READY, labels={HOSTILE: HOSTILE}),
    "the-hero": Output("830", None, "kling", OutputStatus.UNVERIFIABLE),
}
VOICES = {address: row for address, row in ROWS.items() if isinstance(row, Output)}
ENVIRONMENT = {
    "AUDIO_FIREWORKS_URL": URL,
    "AUDIO_FIREWORKS_FILE_ID": "387702",
    "AUDIO_RAIN_FILE_ID": "387703",
    "NARRATOR_VOICE_ID": "829",
    "NARRATOR_PREVIOUS_VOICE_ID": "828",
    "ON_VOICE_ID": "villain_01",
    "THE_HERO_VOICE_ID": "830",
}


def rendered(name: str, rows: dict[str, Row] = ROWS) -> str:
    return rows_format(name).render(rows)


@pytest.fixture
def env(tmp_path: Path) -> Path:
    path = tmp_path / "voices.env"
    path.write_text(rendered("dotenv"), encoding="utf-8")
    return path


@pytest.mark.parametrize("name", FORMATS)
def test_each_format_is_as_in_its_golden_file(name: str) -> None:
    path = GOLDEN / f"voices.{name}"
    written = rendered(name).encode()
    if os.environ.get("UPDATE_GOLDEN"):
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(written)
    assert written == path.read_bytes()


@pytest.mark.parametrize("name", FORMATS)
def test_a_file_of_ours_is_recognised(name: str) -> None:
    assert is_ours(rendered(name).encode())
    assert is_ours(rendered(name, {}).encode())
    assert is_ours(rendered(name).replace("\r", "").replace("\n", "\r\n").encode())


@pytest.mark.parametrize(
    "content",
    [
        b"A=1\n",
        b'{"version": 1, "voices": {}}',
        b'{"name": "app", "dependencies": {}}',
        b"[]",
        b"\xff\xfe",
        b"address,phone\n",
        b"voices = {}\n",
    ],
)
def test_a_file_of_somebody_else_is_not(content: bytes) -> None:
    assert not is_ours(content)


def test_a_line_end_in_a_name_is_a_space_in_csv() -> None:
    rows: dict[str, Row] = {"narrator": Output("829", "two\nlines\x1b", "kling", READY)}
    [row] = csv.DictReader(io.StringIO(rendered("csv", rows), newline=""))
    assert row["voice_name"] == "two lines "


def test_an_empty_file_may_be_written_over() -> None:
    assert is_ours(b"")


@pytest.mark.parametrize("name", FORMATS)
def test_without_rows_a_file_is_valid_and_empty(name: str) -> None:
    text = rendered(name, {})
    match name:
        case "json":
            assert json.loads(text) == {}
        case "yaml":
            assert yaml.safe_load(text) == {}
        case "csv":
            assert list(csv.DictReader(io.StringIO(text))) == []
        case "dotenv":
            assert text.count("\n") == 1
        case _:
            assert text.endswith("voices = {\n}\n")


def test_an_unknown_format_has_no_module() -> None:
    with pytest.raises(KeyError):
        rows_format("xml")


# -- JSON and YAML -----------------------------------------------------------------------------------------------------


def test_yaml_holds_what_json_holds() -> None:
    document = json.loads(rendered("json"))
    assert yaml.safe_load(rendered("yaml")) == document
    assert document["narrator"] == {
        "voice_id": "829",
        "previous_voice_id": "828",
        "voice_name": "Narrator EN",
        "provider": "kling",
        "labels": {"tier": "gold"},
    }
    assert (document["on"]["voice_name"], document["on"]["labels"]) == (HOSTILE, {HOSTILE: HOSTILE})
    assert "previous_voice_id" not in document["the-hero"]


def test_no_file_holds_a_raw_control_character() -> None:
    assert not any(sign in rendered(name) for name in FORMATS for sign in "\x1b\u202e\U000e0041")


def test_half_a_character_becomes_a_question_mark() -> None:
    rows: dict[str, Row] = {"narrator": Output("829", "\ud800", "kling", READY)}
    assert yaml.safe_load(rendered("yaml", rows))["narrator"]["voice_name"] == "?"
    assert 'voice_name        = "?"' in rendered("tfvars", rows)
    assert ",?," in rendered("csv", rows)


# -- CSV ---------------------------------------------------------------------------------------------------------------


def test_csv_has_a_row_for_each_address_and_lines_that_end_with_crlf() -> None:
    text = rendered("csv")
    rows = {row["address"]: row for row in csv.DictReader(io.StringIO(text, newline=""))}
    assert list(rows) == list(ROWS)
    assert (rows["narrator"]["voice_id"], rows["narrator"]["previous_voice_id"]) == ("829", "828")
    assert json.loads(rows["on"]["labels"]) == {HOSTILE: HOSTILE}
    assert rows["audio.fireworks"]["url"] == URL
    assert text.startswith("address,voice_id,previous_voice_id,voice_name,provider,labels,url,file_id,expires_at\r\n")


@pytest.mark.parametrize("sign", ["=1+1", "+1", "-1", "@SUM(A1)", " =1"])
def test_no_cell_of_csv_is_a_formula(sign: str) -> None:
    rows: dict[str, Row] = {"narrator": Output("829", sign, "kling", READY)}
    [row] = csv.DictReader(io.StringIO(rendered("csv", rows), newline=""))
    assert row["voice_name"] == f"'{sign}"


def test_an_id_that_would_be_a_formula_is_a_fault_and_not_changed() -> None:
    rows: dict[str, Row] = {"narrator": Output("=829", "Narrator", "kling", READY)}
    assert rows_format("csv").faults(rows) == {"narrator": "a spreadsheet would take its voice_id as a formula"}


# -- dotenv ------------------------------------------------------------------------------------------------------------


def test_a_shell_reads_dotenv(env: Path) -> None:
    shown = subprocess.run(
        ["sh", "-c", f"set -a; . {env}; env -0"], env={"PATH": os.environ["PATH"]}, capture_output=True, check=True
    )
    read = dict(pair.split("=", 1) for pair in shown.stdout.decode().split("\0") if "=" in pair)
    assert {name: read.get(name) for name in ENVIRONMENT} == ENVIRONMENT


def test_python_dotenv_reads_it(env: Path) -> None:
    dotenv = pytest.importorskip("dotenv", reason="needs python-dotenv, of the extra [dev]")
    assert dotenv.dotenv_values(env) == ENVIRONMENT


@pytest.mark.skipif(shutil.which("node") is None, reason="needs Node")
def test_node_reads_it(env: Path) -> None:
    script = "console.log(JSON.stringify(process.env))"
    shown = subprocess.run(["node", f"--env-file={env}", "-e", script], capture_output=True, check=False)
    if b"bad option" in shown.stderr:
        pytest.skip("this Node has no --env-file")
    read = json.loads(shown.stdout)
    assert {name: read.get(name) for name in ENVIRONMENT} == ENVIRONMENT


def test_ids_stand_alone_so_that_docker_reads_them_too() -> None:
    lines = rendered("dotenv").splitlines()
    assert "NARRATOR_VOICE_ID=829" in lines
    assert [line for line in lines if "'" in line] == [f"AUDIO_FIREWORKS_URL='{URL}'"]


@pytest.mark.parametrize("odd", ["it's", "a\\b", "a`b", "${HOME}", "a\nb", "ä"])
def test_a_value_that_readers_would_read_differently_is_a_fault(odd: str) -> None:
    rows: dict[str, Row] = {"narrator": Output(odd, None, "kling", READY)}
    fault = "NARRATOR_VOICE_ID has a character that dotenv readers read differently"
    assert rows_format("dotenv").faults(rows) == {"narrator": fault}
    assert rows_format("json").faults(rows) == {}


# -- tfvars ------------------------------------------------------------------------------------------------------------

_TYPE = "map(object({ voice_id = string, previous_voice_id = string, voice_name = string, provider = string,"
MAIN = f"""
variable "voices" {{ type = {_TYPE} labels = map(string) }})) }}
variable "sounds" {{ type = any }}
output "read" {{ value = {{ voices = var.voices, sounds = var.sounds }} }}
"""


def expected_tfvars() -> dict[str, Any]:
    return {
        "on": {
            "voice_id": "villain_01",
            "previous_voice_id": None,
            "voice_name": HOSTILE,
            "provider": "kling",
            "labels": {HOSTILE: HOSTILE},
        },
        "narrator": {
            "voice_id": "829",
            "previous_voice_id": "828",
            "voice_name": "Narrator EN",
            "provider": "kling",
            "labels": {"tier": "gold"},
        },
        "the-hero": {
            "voice_id": "830",
            "previous_voice_id": None,
            "voice_name": None,
            "provider": "kling",
            "labels": {},
        },
    }


@pytest.mark.skipif(shutil.which("terraform") is None, reason="needs Terraform")
def test_terraform_reads_tfvars(tmp_path: Path) -> None:
    (tmp_path / "main.tf").write_text(MAIN, encoding="utf-8")
    (tmp_path / "voices.auto.tfvars").write_text(rendered("tfvars"), encoding="utf-8")
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "CHECKPOINT_DISABLE": "1"}

    def terraform(*words: str) -> str:
        ran = subprocess.run(
            ["terraform", *words], cwd=tmp_path, env=environ, capture_output=True, text=True, check=False
        )
        assert ran.returncode == 0, ran.stderr
        return ran.stdout

    terraform("init", "-input=false")
    terraform("apply", "-auto-approve", "-input=false")
    read = json.loads(terraform("output", "-json", "read"))
    assert read["voices"] == expected_tfvars()
    assert read["sounds"]["fireworks"]["url"] == URL


def test_a_parser_of_hcl_reads_tfvars() -> None:
    hcl2 = pytest.importorskip("hcl2", reason="needs python-hcl2, of the extra [dev]")
    document = hcl2.loads(rendered("tfvars", dict(VOICES)))
    assert sorted(document["voices"]) == ["narrator", "on", "the-hero"]


def test_sounds_are_in_a_map_of_their_own_and_without_sounds_there_is_none() -> None:
    assert "sounds" not in rendered("tfvars", dict(VOICES))
    sounds = {address: row for address, row in ROWS.items() if address not in VOICES}
    assert "voices" not in rendered("tfvars", sounds).replace("Written by voicectl", "")
