"""The section `outputs:`: which paths are refused, and which addresses a file selects."""

from __future__ import annotations

import pytest

from reconciler.model.output_files import OutputFile, path_fault

ALL = ("audio.rain", "hero", "narrator", 'narrator["en"]')


@pytest.mark.parametrize("path", ["voices.env", "config/voices.env", ".env", ".config/voices.json", "a b/ü.csv"])
def test_a_plain_path_is_fine(path: str) -> None:
    assert path_fault(path) is None


@pytest.mark.parametrize(
    ("path", "fault"),
    [
        ("/etc/cron.d/x", "should be relative"),
        ("~/voices.env", "should be relative"),
        ("../voices.env", "leads out of the folder"),
        ("a/../../voices.env", "leads out of the folder"),
        ("a/..", "leads out of the folder"),
        (".git/config", "leads into .git"),
        ("a/.GIT/hooks/pre-commit", "leads into .GIT"),
        (".VoiceCtl/world.db", "leads into .VoiceCtl"),
        (".git", "leads into .git"),
        ("voices.state.json", "is a name of a state"),
        ("a/Prod.State.Journal", "is a name of a state"),
        ("voices.state.rescue.json", "is a name of a state"),
        ("a//b", "should name a file"),
        ("a/", "should name a file"),
        ("./a", "should name a file"),
        (".g\u200cit/config", "has characters"),
        ("a\\b", "has characters"),
        ("a\nb", "has characters"),
        ("x" * 201, "has a name of more than 200 bytes"),
    ],
)
def test_a_path_that_leads_elsewhere_is_refused(path: str, fault: str) -> None:
    assert (path_fault(path) or "").startswith(fault)


@pytest.mark.parametrize(
    ("patterns", "selected"),
    [
        ((), ALL),
        (("hero",), ("hero",)),
        (("h*", "audio.*"), ("audio.rain", "hero")),
        (('narrator["en"]',), ('narrator["en"]',)),
        (("HERO",), ()),
    ],
)
def test_patterns_select_addresses(patterns: tuple[str, ...], selected: tuple[str, ...]) -> None:
    file = OutputFile(path="voices.env", format="dotenv", addresses=patterns)
    assert file.selected(ALL) == list(selected)


def test_no_output_has_the_name_of_a_temporary_file() -> None:
    assert path_fault("a/.voices.env.voicectl.tmp") == "is a name of a temporary file: choose another name"
