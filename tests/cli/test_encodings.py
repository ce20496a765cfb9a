"""No letter ends a run: what a stream's encoding lacks is escaped, and files are UTF-8 or ASCII always."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tokenize
from pathlib import Path

import pytest

import reconciler
from tests.support.cli_harness import COMMAND, CliHarness, Ran, voice
from tests.support.kling_service import KlingService

PLACES: dict[str, tuple[dict[str, str], str]] = {  # the environment, and the encoding of the streams under it
    "latin-1": ({"PYTHONIOENCODING": "iso-8859-1:strict"}, "iso-8859-1"),
    "gbk": ({"PYTHONIOENCODING": "gbk"}, "gbk"),
    "the C locale": ({"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}, "ascii"),
    "UTF-8": ({"LC_ALL": "POSIX", "PYTHONUTF8": "1"}, "utf-8"),
}
NAMES = {"accents": "Zoé ÿ", "han": "旁白汉字", "cyrillic": "Жук", "emoji": "A😀", "euro": "€5 “x”"}
REFUSAL = "参数错误 €: voix refusée \N{SLIGHTLY SMILING FACE} \ud83d."
READING = (
    ("plan", "--detailed-exitcode"),
    ("plan", "--json"),
    ("drift",),
    ("-v", "validate"),
    ("output", "--json"),
    ("show",),
    ("voices", "kling"),
    ("state", "list"),
    ("state", "show", "han"),
    ("state", "pull"),
)


@pytest.fixture(params=PLACES)
def place(request: pytest.FixtureRequest) -> tuple[dict[str, str], str]:
    return PLACES[request.param]


@pytest.fixture
def worded(cli: CliHarness, kling: KlingService) -> CliHarness:
    """Voices whose names are of many scripts, one with a label, one renamed outside, one that a cloud refused."""
    named = {address: voice(address, voice_name=name) for address, name in NAMES.items()}
    named["han"] |= {"labels": {"équipe": "配音"}}
    cli.write(named | {"refused": voice("refused")})
    kling.refused["refused"] = REFUSAL
    return cli


def run(cli: CliHarness, place: tuple[dict[str, str], str], *words: str | bytes) -> Ran:
    """What it wrote, decoded strictly as its streams are said to be encoded."""
    env, encoding = place
    ran = subprocess.run(
        [*COMMAND, *words],
        cwd=cli.folder,
        env=cli.env | env,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        check=False,
    )
    done = Ran(ran.returncode, ran.stdout.decode(encoding), ran.stderr.decode(encoding))
    assert "bug" not in done.err, done
    assert "Traceback" not in done.err, done
    return done


def test_an_apply_goes_to_its_end_and_every_later_command_too(
    worded: CliHarness, kling: KlingService, place: tuple[dict[str, str], str]
) -> None:
    applied = run(worded, place, "apply", "--auto-approve")
    assert applied.code == 1, applied
    assert kling.bought == len(NAMES)
    assert f"Applied: {len(NAMES)} done, 1 failed; " in applied.out
    kling.rename_outside(worded.voice_id("han"), "改名 Ж é")
    for words in READING:
        ran = run(worded, place, *words)
        assert ran.code == (2 if words[0] == "drift" or "--detailed-exitcode" in words else 0), (words, ran)


def test_json_is_ascii_where_stdout_is_not_utf8_and_says_the_same(
    worded: CliHarness, place: tuple[dict[str, str], str]
) -> None:
    events = run(worded, place, "apply", "--auto-approve", "--json").events
    assert any("参数错误 €: voix refusée" in event.get("detail", "") for event in events)
    for words in (("voices", "kling", "--json"), ("state", "pull")):
        told = run(worded, place, *words)
        assert told.out.isascii() == (place[1] != "utf-8")
        assert set(NAMES.values()) <= set(_texts(told.json))


def _texts(document: object) -> list[str]:
    match document:
        case str():
            return [document]
        case dict():
            return [text for inner in document.values() for text in _texts(inner)]
        case list():
            return [text for inner in document for text in _texts(inner)]
        case _:
            return []


def test_what_is_lacking_is_shown_as_its_escape_and_the_rest_as_it_is(worded: CliHarness) -> None:
    worded.apply(code=1)
    assert r"\u65c1\u767d\u6c49\u5b57" in run(worded, PLACES["latin-1"], "voices", "kling").out
    assert "Zoé ÿ" in run(worded, PLACES["latin-1"], "voices", "kling").out
    assert "旁白汉字" in run(worded, PLACES["gbk"], "voices", "kling").out
    assert r"A\U0001f600" in run(worded, PLACES["gbk"], "voices", "kling").out
    assert r"Zo\xe9 \xff" in run(worded, PLACES["the C locale"], "voices", "kling").out


def test_files_do_not_follow_the_streams(worded: CliHarness) -> None:
    place = PLACES["the C locale"]
    assert run(worded, place, "plan", "--out", "reviewed.plan").code == 0
    assert run(worded, place, "apply", "reviewed.plan").code == 1
    assert json.loads((worded.folder / "voices.state.json").read_bytes().decode("utf-8"))
    pulled = run(worded, place, "state", "pull").out
    (worded.folder / "copy.json").write_text(pulled, encoding="ascii" if pulled.isascii() else "utf-8")
    assert run(worded, place, "state", "push", "copy.json").code == 0
    assert run(worded, place, "plan", "--json").json["summary"]["no-op"] == len(NAMES)


def test_state_pull_prints_the_very_bytes_of_the_file(worded: CliHarness) -> None:
    worded.apply(code=1)
    pulled = subprocess.run(
        [*COMMAND, "state", "pull"], cwd=worded.folder, env=worded.env, capture_output=True, check=True
    ).stdout
    assert pulled == (worded.folder / "voices.state.json").read_bytes()


@pytest.mark.parametrize("name", [b"cast-\xff\xe9.yaml", "声音.yaml".encode(), b"caf\xc3\xa9.yaml"])
def test_a_manifest_of_any_file_name_can_be_used(cli: CliHarness, name: bytes) -> None:
    place = PLACES["the C locale"]
    made = cli.declare("narrator")
    os.rename(os.fsencode(made), os.path.join(os.fsencode(cli.folder), name))  # noqa: PTH104, PTH118 - its name is bytes
    assert run(cli, place, "-f", name, "-v", "apply", "--auto-approve").code == 0
    for words in (["output"], ["validate"], ["plan", "--out", b"\xff.plan"]):
        assert run(cli, place, "-f", name, *words).code == 0, words
    assert run(cli, place, "-f", name, "apply", b"\xff.plan").code in (0, 1)


@pytest.mark.parametrize(
    "words",
    [
        (b"pl\xffan",),
        (b"\xe6\xb1\x89",),
        ("plan", b"--\xff"),
        ("plan", b"\xff\xe6"),
        ("plan", "--retry", b"\xff"),
        ("output", "汉字"),
        ("schema", b"\xff"),
        ("-f", b"missing-\xff.yaml", "plan"),
        ("-C", b"missing-\xff", "plan"),
        ("state", "mv", "narrator", b"\xe9"),
        ("state", "push", b"\xff.json"),
        ("import", "narrator", b"\xff"),
        ("sandbox", "faults", b"\xff=1"),
        ("apply", b"\xff.plan"),
        ("apply", "--lock-timeout", "五分"),
        ("unlock", "锁"),
    ],
)
def test_unusual_arguments_end_in_an_error_message(cli: CliHarness, words: tuple[str | bytes, ...]) -> None:
    cli.declare("narrator")
    ran = run(cli, PLACES["the C locale"], *words)
    assert ran.code == 1
    assert ran.err


def test_init_writes_utf8(cli: CliHarness) -> None:
    assert run(cli, PLACES["latin-1"], "-f", "名.yaml", "init").code == 0
    assert (cli.folder / "名.yaml").read_text(encoding="utf-8").startswith("# yaml")


@pytest.mark.parametrize("words", [("--help",), ("apply", "--help"), ("completion", "zsh")])
def test_our_own_words_need_no_more_than_ascii(cli: CliHarness, words: tuple[str, ...]) -> None:
    assert cli.voicectl(*words, code=0).out.isascii()


def test_an_answer_of_any_bytes_is_not_a_confirmation(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    with cli.at_a_terminal("apply", PYTHONIOENCODING="ascii:strict") as screen:
        screen.until("Only 'yes' will be accepted")
        screen.type("是\n")
        code, shown = screen.end()
    assert code == 1
    assert "Nothing was applied" in shown
    assert kling.count("create") == 0


@pytest.mark.parametrize("encoding", ["gbk", "ascii"])
def test_the_live_block_takes_every_letter(worded: CliHarness, kling: KlingService, encoding: str) -> None:
    kling.failing["旁白汉字"] = REFUSAL
    with worded.at_a_terminal("apply", "--auto-approve", PYTHONIOENCODING=encoding) as screen:
        code, shown = screen.end()
    assert code == 1
    assert f"{len(NAMES) - 1} done, 2 failed" in shown
    assert "Traceback" not in shown


def test_no_message_of_ours_has_an_ellipsis_that_streams_may_lack() -> None:
    found = [
        (module.name, token.string)
        for module in Path(reconciler.__file__).parent.rglob("*.py")
        for token in tokenize.tokenize(io.BytesIO(module.read_bytes()).readline)
        if token.type == tokenize.STRING and "…" in token.string and not token.string.startswith(('"""', 'r"""'))
    ]
    assert found == []
