"""A manifest that is named without -f: what is said names the whole command."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.cli.main import run


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "prod").mkdir()
    (tmp_path / "cast.yaml").write_text("version: 1\nproviders: {kling: {type: kling}}\nvoices: {}\n")
    (tmp_path / "cast.json").write_text('{"version": 1, "providers": {"kling": {"type": "kling"}}, "voices": {}}\n')
    (tmp_path / "cast.toml").write_text("version: 1\nvoices:\n")
    return tmp_path


@pytest.mark.parametrize(
    ("words", "meant"),
    [
        ("validate cast.yaml", "-f cast.yaml validate"),
        ("validate missing.YML", "-f missing.YML validate"),
        ("plan prod/", "-f prod plan"),
        ("plan .", "-f . plan"),
        ("plan --json ../cast.yaml", "-f ../cast.yaml plan"),
        ("plan cast.json", "-f cast.json plan"),
        ("-f cast.yaml plan 'other cast.yaml'", "-f 'other cast.yaml' plan"),
        ("--sandbox drift cast.yaml", "-f cast.yaml --sandbox drift"),
        ("-C prod validate cast.yaml", "-C prod -f cast.yaml validate"),
        ("destroy cast.yaml", "-f cast.yaml destroy"),
        ("init cast.yaml", "-f cast.yaml init"),
        ("output cast.yaml", "-f cast.yaml output"),
        ("output hero cast.yaml", "-f cast.yaml output"),
        ("voices cast.yaml", "-f cast.yaml voices"),
        ("voices kling cast.yaml", "-f cast.yaml voices"),
        ("import hero cast.yaml", "-f cast.yaml import"),
        ("resolve cast.yaml --retry", "-f cast.yaml resolve"),
        ("unlock cast.yaml", "-f cast.yaml unlock"),
        ("state list cast.yaml", "-f cast.yaml state list"),
        ("state show cast.yaml", "-f cast.yaml state show"),
        ("state pull cast.yaml", "-f cast.yaml state pull"),
        ("state rebuild cast.yaml", "-f cast.yaml state rebuild"),
        ("sandbox reset cast.yaml", "-f cast.yaml sandbox reset"),
        ("sandbox faults cast.yaml", "-f cast.yaml sandbox faults"),
        ("apply cast.yaml", "-f cast.yaml apply"),
        ("apply cast.json", "-f cast.json apply"),
        ("apply cast.toml", "-f cast.toml apply"),
        ("apply missing.yaml", "-f missing.yaml apply"),
        ("apply prod", "-f prod apply"),
        ("show cast.yaml", "-f cast.yaml show"),
        ("show prod", "-f prod show"),
        ("cast.yaml", "-f cast.yaml plan"),
        ("cast.yaml plan", "-f cast.yaml plan"),
    ],
)
def test_a_manifest_as_an_argument_gets_the_command_to_type(
    folder: Path, capsys: pytest.CaptureFixture[str], words: str, meant: str
) -> None:
    import shlex

    assert run(shlex.split(words)) == 1
    said = capsys.readouterr().err
    assert "Name it with -f: " in said
    assert said.endswith(f"voicectl {meant}\n")


def test_the_default_manifest_needs_no_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["apply", "voices.yaml"]) == 1
    assert capsys.readouterr().err.endswith("It is the default: voicectl apply\n")


@pytest.mark.parametrize(
    "words", ["plan hero", "state list hero", "validate 1", "destroy hero=1", "drift https://x.y/z"]
)
def test_another_word_too_many_is_named(folder: Path, capsys: pytest.CaptureFixture[str], words: str) -> None:
    assert run(words.split()) == 1
    assert f"Got unexpected extra argument ({words.split()[-1]})" in capsys.readouterr().err


def test_an_option_that_is_refused_is_named_as_it_was_typed(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["-f", "cast.json", "plan", "--retry", "hero"]) == 1
    assert capsys.readouterr().err == "Error: --retry hero: the manifest declares no such voice.\n"
