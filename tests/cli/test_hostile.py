"""Names that would drive a terminal, turn text round or end a line early are shown, never obeyed."""

from __future__ import annotations

import json
import re

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService

HOSTILE = "\x1b]0;own\x07\x1b[2J\r\nEvil\u202etxt"
BIDI = "film\u202etxt.\u2066"  # controls themselves are refused in a manifest
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")
COMMANDS = (
    ("plan",),
    ("plan", "--json"),
    ("drift",),
    ("output",),
    ("output", "--json"),
    ("show",),
    ("show", "--json"),
    ("voices", "kling"),
    ("voices", "kling", "--json"),
    ("state", "list"),
    ("state", "show", "narrator"),
)


@pytest.fixture
def renamed(cli: CliHarness, kling: KlingService) -> CliHarness:
    """One voice with hostile labels, a hostile name in the cloud beside a foreign one, and one hostile refusal."""
    cli.declare("villain", narrator=voice("narrator") | {"labels": {"team\u202e": BIDI}})
    kling.failing["villain"] = HOSTILE
    cli.apply(code=1)
    kling.rename_outside(cli.voice_id("narrator"), HOSTILE)
    kling.add_foreign(HOSTILE)
    return cli


def test_no_command_passes_a_control_character_on(renamed: CliHarness) -> None:
    for words in COMMANDS:
        ran = renamed.voicectl(*words)
        assert ran.code in (0, 2)
        assert not UNSAFE.search(ran.out + ran.err), words


def test_json_shows_the_name_unchanged(renamed: CliHarness) -> None:
    names = {listed["voice_name"] for listed in renamed.voicectl("voices", "kling", "--json", code=0).json}
    assert HOSTILE in names


def test_text_of_a_cloud_is_escaped_in_an_apply(renamed: CliHarness) -> None:
    for words in (("--retry", "villain"), ("--retry", "villain", "--json")):
        ran = renamed.apply(*words, code=1)
        assert not UNSAFE.search(ran.out + ran.err)
        assert "Evil" in ran.out


def test_text_of_the_command_line_is_escaped(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    for words in (
        ("output", HOSTILE),
        ("state", "mv", "narrator", HOSTILE),
        ("plan", "--retry", HOSTILE),
        ("import", "narrator", HOSTILE),
        ("unlock", HOSTILE),
        ("-f", HOSTILE, "plan"),
        ("-C", HOSTILE, "plan"),
        ("schema", HOSTILE),
        ("plan", "--" + HOSTILE),
        ("plan", HOSTILE),
        ("validate", HOSTILE + ".yaml"),
        (HOSTILE + ".yaml",),
        (HOSTILE,),
        ("--sandbox", "sandbox", "faults", HOSTILE),
        ("apply", "--lock-timeout", HOSTILE),
    ):
        ran = cli.voicectl(*words, code=1)
        assert not UNSAFE.search(ran.out + ran.err), words


def test_text_of_a_refused_manifest_is_escaped(cli: CliHarness) -> None:
    (cli.folder / "voices.yaml").write_text(
        json.dumps({"version": 1, "providers": {"kling": {"type": HOSTILE}}, HOSTILE: 1, "voices": {HOSTILE: {}}})
    )
    ran = cli.voicectl("validate", code=1)
    assert not UNSAFE.search(ran.err)
    assert "Evil" in ran.err


@pytest.mark.parametrize(
    "words",
    [
        ("output", HOSTILE),
        ("plan", "--" + HOSTILE),
        (HOSTILE,),
        ("schema", HOSTILE),
        ("plan", "--out", HOSTILE.replace("/", "")),
        ("-f", HOSTILE + ".yaml", "--sandbox", "init"),
    ],
)
def test_text_of_a_cloud_is_escaped_at_a_terminal(cli: CliHarness, words: tuple[str, ...]) -> None:
    cli.declare("narrator")
    cli.apply()
    with cli.at_a_terminal("--no-color", *words) as screen:
        _, shown = screen.end()
    assert "Evil" in shown
    assert not UNSAFE.search(shown.replace("\r\n", "\n"))
