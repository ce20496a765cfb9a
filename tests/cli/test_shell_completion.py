"""A shell asks what may come next: addresses and providers as the manifest and the state name them, and no failure."""

from __future__ import annotations

import json
import os
import time

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.kling_service import KlingService


def offered(cli: CliHarness, line: str, *, shell: str = "bash") -> list[str]:
    """What the shell is told for the last word of the line, which may be empty."""
    words = line.split(" ")
    asked = {"_VOICECTL_COMPLETE": f"{shell}_complete", "COMP_WORDS": line, "COMP_CWORD": str(len(words) - 1)}
    if shell == "fish":
        asked["COMP_CWORD"] = words[-1]
        asked["COMP_WORDS"] = line
    ran = cli.voicectl(env=cli.env | asked, code=0)
    assert ran.err == ""
    lines = [told for told in ran.out.splitlines() if told]  # one that is empty is no offer
    if shell == "zsh":  # type, value and help, each on a line
        return lines[1::3]
    return [told.split(",", 1)[1].split("\t")[0] for told in lines]


@pytest.fixture
def studio(cli: CliHarness) -> CliHarness:
    """hero and narrator are in the state, villain and a sound are declared only."""
    cli.declare("narrator", "hero")
    cli.apply()
    entry = {"provider": "kling", "create": {"voice_name": "N", "voice_url": "https://cdn.example.com/n.mp3"}}
    task = {"provider": "vod", "task": {"scene_type": "sfx", "prompt": "Bang"}}
    cli.write(
        {"narrator": entry, "hero": entry, "villain": entry},
        providers={"kling": {"type": "kling"}, "vod": {"type": "tencent-vod", "sub_app_id": 1}},
        audio={"bang": task},
    )
    return cli


DECLARED = ["narrator", "hero", "villain", "audio.bang"]


@pytest.mark.parametrize(
    ("line", "names"),
    [
        ("voicectl plan --retry ", DECLARED),
        ("voicectl apply --replace ", DECLARED),
        ("voicectl apply --replace na", ["narrator"]),
        ("voicectl plan --retry audio.", ["audio.bang"]),
        ("voicectl import ", DECLARED),
        ("voicectl drift --accept ", ["hero", "narrator"]),
        ("voicectl output ", ["hero", "narrator"]),
        ("voicectl state show ", ["hero", "narrator"]),
        ("voicectl state rm h", ["hero"]),
        ("voicectl state mv ", ["hero", "narrator"]),
        ("voicectl state mv hero ", ["villain", "audio.bang"]),
        ("voicectl resolve ", []),
        ("voicectl voices ", ["kling", "vod"]),
        ("voicectl state rebind ", ["kling", "vod"]),
        ("voicectl sandbox faults --account v", ["vod"]),
        ("voicectl --sandbox output ", []),
    ],
)
def test_names_are_offered_where_they_are_allowed(studio: CliHarness, line: str, names: list[str]) -> None:
    assert offered(studio, line) == names


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_each_shell_is_answered(studio: CliHarness, shell: str) -> None:
    assert offered(studio, "voicectl output na", shell=shell) == ["narrator"]


def test_a_former_provider_and_an_open_creation_are_offered(studio: CliHarness) -> None:
    path = studio.folder / "voices.state.json"
    state = json.loads(path.read_text())
    first, second = state["records"].values()
    first |= {"provider": "old-name", "status": "uncertain"}
    path.write_text(json.dumps(state))
    assert offered(studio, "voicectl state rebind kling --from ") == ["old-name"]
    assert offered(studio, "voicectl resolve ") == [first["address"]]
    assert second["address"] not in offered(studio, "voicectl resolve ")


@pytest.mark.parametrize(
    "before",
    ["-C prod -f studio.yaml", "-f prod/studio.yaml", "--file prod/studio.yaml", "-C . -C prod -f studio.yaml"],
)
def test_the_manifest_that_was_named_before_counts(cli: CliHarness, before: str) -> None:
    (cli.folder / "prod").mkdir()
    cli.declare("elsewhere", file="prod/studio.yaml")
    cli.declare("here")
    assert offered(cli, f"voicectl {before} plan --retry ") == ["elsewhere"]
    assert offered(cli, f"voicectl plan {before} --retry ") == ["elsewhere"]


def test_a_folder_is_one_manifest(cli: CliHarness) -> None:
    (cli.folder / "cast").mkdir()
    cli.declare("one", file="cast/a.yaml")
    cli.declare("two", file="cast/b.yaml")
    assert offered(cli, "voicectl -f cast import ") == ["one", "two"]


@pytest.mark.parametrize(
    "text",
    [
        "voices:\n  narrator: {create: {voice_name: N\n",  # the mistake comes after it
        "x-base: &base {create: {voice_name: N}}\nvoices:\n  narrator: *base\n",
        "voices: {narrator: {provider: ${env:UNSET}, create: [1, {voices: {no: 1}}]}}",
        "providers: {p: {type: nothing}}\nvoices:\n  narrator:\n  'not a name': {}\n  $(touch x): {}\n",
    ],
)
def test_a_manifest_need_not_be_valid(cli: CliHarness, text: str) -> None:
    (cli.folder / "voices.yaml").write_text(text)
    assert offered(cli, "voicectl import ") == ["narrator"]


@pytest.mark.parametrize("content", [b"", b"\xff\xfe", b"[1, 2]", b"voices: 3", b"{", b'{"current": 7}'])
def test_nothing_is_reported_of_files_that_can_not_be_read(cli: CliHarness, content: bytes) -> None:
    (cli.folder / "voices.yaml").write_bytes(content)
    (cli.folder / "voices.state.json").write_bytes(content)
    for line in ("plan --retry ", "output ", "voices ", "resolve ", "state rebind k --from ", "state mv a "):
        assert offered(cli, f"voicectl {line}") == []


def test_a_pipe_is_not_waited_for(cli: CliHarness) -> None:
    os.mkfifo(cli.folder / "voices.yaml")
    assert offered(cli, "voicectl import ") == []
    assert offered(cli, "voicectl -C missing output ") == []


def test_nothing_is_called_and_nothing_is_written(studio: CliHarness, kling: KlingService) -> None:
    kling.calls.clear()
    before = studio.files()
    for line in ("voices ", "drift --accept ", "--sandbox plan --retry "):
        offered(studio, f"voicectl {line}")
    assert kling.calls == []
    assert studio.files() == before


def test_ten_thousand_voices_are_completed_at_once(cli: CliHarness) -> None:
    """In time of its own: what else the machine does is not counted."""
    cli.declare(*(f"v{n:05}" for n in range(10_000)))
    before, _ = os.times().children_user, time.monotonic()
    assert offered(cli, "voicectl plan --retry v0999") == [f"v0999{n}" for n in range(10)]
    assert os.times().children_user - before < 1.0
