"""--format names how a value is shown, and --json is its short form, for each command that shows one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.cli_harness import CliHarness, Ran
from tests.support.kling_service import KlingService

COMMANDS = [
    ("plan",),
    ("drift",),
    ("show",),
    ("show", "saved.plan"),
    ("output",),
    ("output", "narrator"),
    ("validate",),
    ("voices", "kling"),
]


@pytest.fixture(scope="module")
def changing(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CliHarness]:
    """One voice is renamed outside, and one is to be made. Only read."""
    with KlingService() as kling:
        cli = CliHarness(tmp_path_factory.mktemp("changing"), kling)
        cli.declare("narrator")
        cli.apply()
        kling.rename_outside(cli.voice_id("narrator"), "Somebody")
        cli.declare("narrator", "newcomer")
        cli.voicectl("plan", "--out", "saved.plan", code=0)
        yield cli


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_json_is_the_short_form(changing: CliHarness, words: tuple[str, ...]) -> None:
    short = changing.voicectl(*words, "--json")
    assert short.json
    assert changing.voicectl(*words, "--format", "json") == short
    assert changing.voicectl(*words, "--json", "--format=json") == short


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_text_is_what_is_shown_without_it(changing: CliHarness, words: tuple[str, ...]) -> None:
    assert changing.voicectl(*words, "--format", "text") == changing.voicectl(*words)


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_two_formats_exclude_each_other(changing: CliHarness, words: tuple[str, ...]) -> None:
    refused = changing.voicectl(*words, "--json", "--format", "text", code=1)
    assert (refused.out, refused.err) == ("", "Error: --json and --format text can't be used together.\n")


def test_a_format_that_does_not_exist_is_refused_with_those_that_do(cli: CliHarness) -> None:
    refused = cli.voicectl("plan", "--format", "xml", code=1)
    assert "'xml' is not one of 'text', 'json'" in refused.err


def test_a_misspelt_format_is_suggested(cli: CliHarness) -> None:
    assert "Did you mean --format?" in cli.voicectl("plan", "--fromat", "json", code=1).err


def test_a_valid_manifest_is_counted(cli: CliHarness) -> None:
    cli.declare("narrator", "hero")
    assert cli.voicectl("validate", "--json", code=0).json == {
        "format_version": 1,
        "format_minor": 0,
        "valid": True,
        "voices": 2,
        "sounds": 0,
        "providers": 1,
        "problems": [],
        "notes": [],
    }


def test_each_problem_of_a_manifest_has_its_place(cli: CliHarness) -> None:
    path = cli.declare("narrator")
    path.write_text(path.read_text().replace('"voice_name"', '"voice_nane"'))
    told: Ran = cli.voicectl("validate", "--json", code=1)
    assert (told.json["valid"], told.json["voices"]) == (False, None)
    [problem, *_] = told.json["problems"]
    assert problem.keys() == {"file", "line", "column", "path", "what"}
    assert f"{problem['file']}:{problem['line']}:{problem['column']}: " in told.err


def test_a_manifest_that_does_not_exist_has_no_document(cli: CliHarness) -> None:
    assert cli.voicectl("validate", "--json", code=1).out == ""


def test_an_account_without_unmanaged_voices_is_an_empty_list(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    unmanaged = ("voices", "kling", "--unmanaged")
    assert cli.voicectl(*unmanaged, "--format", "json", code=0).json == []
    assert cli.voicectl(*unmanaged, code=0).out == "All 1 voices that the account lists are managed.\n"
