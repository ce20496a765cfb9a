"""The README and the pages beside the examples are true: commands, output, links, and the errors that they explain.

The console blocks of the guides run in a real shell, in order; they must print what the page shows. A YAML block that
begins with a line `# FOLDER/NAME.yaml` is that file. UPDATE_GOLDEN=1 writes the output into the pages instead.
Durations, numbers of calls, and the order of lines are not compared: they depend on the speed of the machine.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from tests.test_house import EVERY_COMMAND

ROOT = Path(__file__).parent.parent
README = ROOT / "README.md"
RECIPES = ROOT / "examples" / "RECIPES.md"
ENVIRONMENTS = ROOT / "examples" / "environments" / "README.md"
PAGES = [
    README,
    ROOT / "CONTRIBUTING.md",
    *sorted((ROOT / "examples").rglob("*.md")),
    *sorted((ROOT / "tests").rglob("README.md")),
]
HOME = "/home/ann"  # what the pages show in place of the folder in which a test runs
_BLOCK = re.compile(r"^```(console|yaml)\n(.*?)^```$", re.M | re.S)
_FILE = re.compile(r"# (\w+/\w+\.yaml)\n")
_TIMES = re.compile(r"\b\d+\.\d s\b|\b\d+ calls\b|\b\d+ of \d+\b")
_LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")

installed = pytest.mark.skipif(
    not Path(sys.executable).with_name("voicectl").exists(), reason="voicectl is not installed beside this Python"
)


@installed
@pytest.mark.parametrize("page", [README, RECIPES, ENVIRONMENTS], ids=lambda page: str(page.relative_to(ROOT)))
def test_the_console_blocks_print_what_they_say(page: Path, tmp_path: Path) -> None:
    shutil.copytree(ROOT / "examples", tmp_path / "examples", ignore=shutil.ignore_patterns(".voicectl", "*.state.*"))
    text = page.read_text(encoding="utf-8")
    blocks = [(block[1], block[2]) for block in _BLOCK.finditer(text)]
    printed = [_run_block(block, tmp_path) if kind == "console" else _write(block, tmp_path) for kind, block in blocks]
    assert not [p for p in printed if "has a bug" in p or "Traceback" in p]
    if os.environ.get("UPDATE_GOLDEN"):
        outputs = iter(printed)
        page.write_text(_BLOCK.sub(lambda block: f"```{block[1]}\n{next(outputs)}```", text), encoding="utf-8")
        return
    assert [_without_times(p) for p in printed] == [_without_times(t) for _, t in blocks]


def _without_times(shown: str) -> list[str]:
    return sorted(_TIMES.sub("N", shown).splitlines())


def _write(block: str, folder: Path) -> str:
    """Writes the file that the block shows, if it names one. Returns the block."""
    named = _FILE.match(block)
    if named:
        (folder / named[1]).parent.mkdir(exist_ok=True)
        (folder / named[1]).write_text(block, encoding="utf-8")
    return block


def _run_block(block: str, folder: Path) -> str:
    """Runs the commands of a block. Returns what a shell would show. Each block starts in `folder`."""
    environ = {"PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}", "HOME": str(folder), "LC_ALL": "C.UTF-8"}
    shown = ""
    for line in block.splitlines():
        if line.startswith("$ "):
            command = line.removeprefix("$ ")
            ran = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=environ,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                timeout=120,
            )
            shown += f"{line}\n{ran.stdout.decode()}".replace(str(folder), HOME)
    return shown


@pytest.mark.parametrize(
    "shows",
    [
        "adopt kling --out",
        "sed -i.bak s/hero-1/hero-2/",
        "an earlier voice with the same inputs still exists: it is reused",
        "--replace hero",
        "moved:",
        "state mv heroine --to-manifest games.yaml",
    ],
)
def test_the_recipes_show_what_people_do_most_often(shows: str) -> None:
    assert shows in RECIPES.read_text(encoding="utf-8")


def test_going_back_to_a_kept_voice_is_not_paid_and_new_bytes_are() -> None:
    _, back, bytes_ = re.findall(r"^Plan: (1 to replace.*)$", RECIPES.read_text(encoding="utf-8"), re.MULTILINE)
    assert "paid" not in back
    assert "1 paid call" in bytes_


def test_the_readme_has_the_two_commands() -> None:
    text = README.read_text(encoding="utf-8")
    assert re.search(r"<!-- the first command -->\n+```sh\n[^`]*examples/quickstart[^`]*\n```", text)
    assert re.search(r"<!-- the test command -->\n+```sh\n[^`]*pytest[^`]*\n```", text)


# -- commands and links ------------------------------------------------------------------------------------------------


def typed_commands(text: str) -> Iterator[str]:
    """Every command of voicectl on a page: in code spans, and in blocks for a shell or a pipeline."""
    for block in re.findall(r"^```\w+\n(.*?)^```$", text, re.M | re.S):
        yield from re.findall(r"(?:^|[ &(\"])(voicectl [a-zA-Z-][^|&;#()\]\n]*)", block, re.MULTILINE)
    yield from re.findall(r"`(voicectl [^`]*)`", re.sub(r"^```\w+\n.*?^```$", "", text, flags=re.M | re.S))


def flaw(typed: str) -> str:
    """What is wrong with a command: a word that is no command, or an option that the command does not have."""
    words = shlex.split(typed.replace("'", "").replace('"', ""))[1:]
    path: tuple[str, ...] = ()
    takes_value = False
    for word in words:
        if takes_value or word in ("-C", "-f"):
            takes_value = not takes_value and word in ("-C", "-f")
        elif not word.startswith("-") and isinstance(EVERY_COMMAND[path], click.Group):
            if (*path, word) not in EVERY_COMMAND:
                return "" if word == "COMMAND" else f"no command {word}"
            path = (*path, word)
        elif word in ("--var", "--var-file", "--state"):
            takes_value = True
    options = {flag for parameter in EVERY_COMMAND[path].params for flag in parameter.opts} | {"--help", "--version"}
    unknown = [word for word in words if word.startswith("--") and word.partition("=")[0] not in options]
    return f"no option {unknown}" if unknown else ""


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_command_on_a_page_exists_with_its_options(page: Path) -> None:
    found = {typed: flaw(typed) for typed in typed_commands(page.read_text(encoding="utf-8"))}
    assert {typed: why for typed, why in found.items() if why} == {}


def test_a_command_that_does_not_exist_is_found() -> None:
    assert flaw("voicectl -C tour --sandbox paln") == "no command paln"
    assert flaw("voicectl state mw A B") == "no command mw"
    assert flaw("voicectl apply --auto-aprove") == "no option ['--auto-aprove']"
    assert [*typed_commands("Type `voicectl plan`.\n```sh\nvoicectl -C x apply   # pays\n```\n")] == [
        "voicectl -C x apply   ",
        "voicectl plan",
    ]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_on_a_page_leads_somewhere(page: Path) -> None:
    for path, anchor in _LINK.findall(page.read_text(encoding="utf-8")):
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), path
        if anchor:
            headings = re.findall(r"^#+ (.*)$", target.read_text(encoding="utf-8"), re.MULTILINE)
            assert anchor in [re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings]


def test_the_readme_is_short_enough_to_be_read() -> None:
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 520


# -- troubleshooting ---------------------------------------------------------------------------------------------------


def explained(column: str) -> list[str]:
    """The first cells of the table in "Troubleshooting" whose first column has this name."""
    section = README.read_text(encoding="utf-8").split("\n## Troubleshooting\n")[1].split("\n## ")[0]
    table = section.split(f"| {column} | ")[1].split("\n\n")[0]
    return [line.split(" | ")[0].strip("|` ") for line in table.splitlines()[2:]]


def test_every_headline_that_the_readme_explains_is_one_of_an_error() -> None:
    shown = (ROOT / "tests/golden/errors.txt").read_text(encoding="utf-8")
    headlines = set(re.findall(r"^Error: (.*)$", shown, re.MULTILINE))
    headlines |= {
        summary
        for module in (ROOT / "reconciler").rglob("*.py")
        for summary in re.findall(r'summary="([^"]*)"', module.read_text(encoding="utf-8"))
    }
    assert [headline for headline in explained("headline") if headline not in headlines] == []


@pytest.mark.parametrize(
    "headline",
    [
        "The manifest is not valid",
        "No credentials",
        "The state is locked",
        "No state here yet",
        "No state there",
        "The state was moved",
        "The state belongs to another manifest",
        "The state could not be saved",
        "The plan is out of date",
        "The change is too large to apply without confirmation",
        "The cloud's answer was lost",
        "Interrupted",
    ],
)
def test_the_readme_explains_the_frequent_errors(headline: str) -> None:
    assert headline in explained("headline")


def test_every_reason_that_the_readme_explains_is_given_by_a_plan() -> None:
    plans = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "tests/golden/plans").rglob("*.json"))
    assert [reason for reason in explained("reason") if reason not in plans] == []
    assert "is this the right account?" in explained("reason")


# -- the manifest ------------------------------------------------------------------------------------------------------


@installed
def test_the_manifest_that_the_readme_shows_is_valid(tmp_path: Path) -> None:
    shown = README.read_text(encoding="utf-8").split("\n## The manifest\n")[1].split("```yaml\n")[1].split("```")[0]
    (tmp_path / "voices.yaml").write_text(shown, encoding="utf-8")
    shutil.copytree(ROOT / "examples/tencent-trtc/samples", tmp_path / "samples")
    validated = _run_block("$ TAKE=2 voicectl validate\n", tmp_path)
    assert "is valid" in validated, validated
