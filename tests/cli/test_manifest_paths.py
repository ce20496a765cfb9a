"""What -f may name: one regular file or one folder, so that the state has a place beside it."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.kling_service import KlingService

COMMANDS = (
    ("validate",),
    ("plan",),
    ("apply", "--auto-approve"),
    ("destroy", "--auto-approve"),
    ("drift",),
    ("output", "--json"),
    ("show",),
    ("voices", "kling"),
    ("import", "narrator", "829"),
    ("resolve", "narrator", "--retry"),
    ("unlock", "id"),
    ("init",),
    ("state", "list"),
    ("state", "pull"),
    ("state", "push", "voices.yaml"),
    ("state", "rebuild"),
    ("state", "mv-manifest", "voices.yaml"),
    ("--sandbox", "plan"),
    ("sandbox", "reset"),
)


def pipe(path: Path) -> None:
    os.mkfifo(path)


def unix_socket(path: Path) -> None:
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(path.name)  # a long path would not fit


def link_to_a_device(path: Path) -> None:
    path.symlink_to("/dev/null")


def link_to_stdin(path: Path) -> None:
    (path.parent / "between").symlink_to("/dev/stdin")
    path.symlink_to("between")


@pytest.fixture
def there(cli: CliHarness, kling: KlingService, monkeypatch: pytest.MonkeyPatch) -> Iterator[CliHarness]:
    """A good manifest; afterwards nothing was called and nothing is left."""
    monkeypatch.chdir(cli.folder)
    cli.declare("narrator")
    before = {"cast.yaml", "between"} | {path.name for path in cli.folder.iterdir()}
    yield cli
    assert kling.calls == []
    assert {path.name for path in cli.folder.iterdir()} <= before
    assert not Path("/dev/stdin.state.json").exists()


@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_standard_input_is_refused_by_every_command(there: CliHarness, words: tuple[str, ...]) -> None:
    assert "-f -: standard input can't be a manifest" in there.voicectl(*words, "-f", "-", code=1).err


@pytest.mark.parametrize("path", ["-", "/dev/stdin", "/dev/fd/0", "/proc/self/fd/0"])
def test_a_descriptor_is_refused_though_it_is_a_regular_file(there: CliHarness, path: str) -> None:
    """With `< voices.yaml`, the state would lie beside the descriptor's name."""
    with (there.folder / "voices.yaml").open("rb") as manifest:
        words = [*COMMAND, "-f", path, "apply", "--auto-approve"]
        ran = subprocess.run(words, stdin=manifest, capture_output=True, env=there.env, timeout=60, check=False)
    assert (ran.returncode, ran.stdout) == (1, b"")
    assert f"-f {path}: ".encode() in ran.stderr
    assert b"can't be a manifest" in ran.stderr
    assert b"-f voices.yaml" in ran.stderr


@pytest.mark.parametrize("make", [pipe, unix_socket, link_to_a_device, link_to_stdin])
def test_what_is_neither_a_file_nor_a_folder_is_refused(there: CliHarness, make: Callable[[Path], None]) -> None:
    make(there.folder / "cast.yaml")
    for words in (("plan", "-f", "cast.yaml"), ("-f", "cast.yaml", "state", "list")):
        assert "can't be a manifest" in there.voicectl(*words, code=1).err


def test_the_default_name_is_checked_too(there: CliHarness) -> None:
    (there.folder / "voices.yaml").unlink()
    pipe(there.folder / "voices.yaml")
    assert "a pipe can't be a manifest" in there.voicectl("plan", code=1).err


def test_process_substitution_is_refused(there: CliHarness) -> None:
    told = 'exec "$@" -f <(cat voices.yaml)'
    ran = subprocess.run(
        ["bash", "-c", told, "bash", *COMMAND, "apply", "--auto-approve"],
        capture_output=True,
        env=there.env,
        check=False,
    )
    assert ran.returncode == 1
    assert b"a pipe can't be a manifest" in ran.stderr


def test_a_link_to_a_regular_file_or_a_folder_is_a_manifest(cli: CliHarness) -> None:
    (cli.folder / "real").mkdir()
    cli.declare("narrator", file="real/voices.yaml")
    (cli.folder / "cast.yaml").symlink_to("real/voices.yaml")
    (cli.folder / "cast").symlink_to("real")
    for path in ("cast.yaml", "cast", "/proc/self/cwd/cast.yaml", str(cli.folder / "cast")):
        cli.voicectl("validate", "-f", path, code=0)


@pytest.mark.parametrize(
    "words",
    [
        ("-f", "a.yaml", "plan", "-f", "b.yaml"),
        ("-f", "a.yaml", "-f", "b.yaml", "plan"),
        ("plan", "-fa.yaml", "--file=b.yaml"),
        ("-f", "a.yaml", "validate", "-f", "a.yaml"),
        ("-f", "a.yaml", "state", "list", "-f", "b.yaml"),
        ("state", "-f", "a.yaml", "list", "-f", "b.yaml"),
        ("-f", "a.yaml", "output", "-f", "b.yaml"),
        ("schema", "manifest", "-f", "a.yaml", "-f", "b.yaml"),
    ],
)
def test_a_second_f_is_refused_wherever_it_is_written(there: CliHarness, words: tuple[str, ...]) -> None:
    refused = there.voicectl(*words, code=1)
    assert "-f is given twice: a.yaml and " in refused.err
    assert "-f FOLDER" in refused.err


def test_an_empty_f_is_refused(there: CliHarness) -> None:
    assert "-f is empty" in there.voicectl("plan", "-f", "", code=1).err


def test_a_voice_stays_when_its_file_becomes_a_yml(cli: CliHarness, kling: KlingService) -> None:
    (cli.folder / "cast").mkdir()
    cli.declare("narrator", file="cast/a.yaml")
    cli.apply("-f", "cast")
    (cli.folder / "cast/a.yaml").rename(cli.folder / "cast/a.YML")
    assert cli.actions("-f", "cast") == {}
    cli.apply("-f", "cast")
    assert kling.bought == 1


def test_a_sub_folder_with_manifests_is_named_by_validate_plan_and_apply(cli: CliHarness) -> None:
    (cli.folder / "cast/team").mkdir(parents=True)
    cli.declare("narrator", file="cast/a.yaml")
    cli.declare("hero", file="cast/team/b.yml")
    note = "Note: the sub-folder team has a manifest (team/b.yml); it is not read, "
    assert note in cli.voicectl("validate", "-f", "cast", code=0).out
    assert note in cli.voicectl("plan", "-f", "cast", code=0).out
    assert note in cli.apply("-f", "cast").out


@pytest.mark.parametrize(
    ("files", "said"),
    [
        (("voices.yml",), ("this folder has voices.yml", "-f voices.yml")),
        (("studio.yaml", "cast.YML"), ("this folder has cast.YML and studio.yaml", "-f .")),
        (("prod/a.yaml",), ("the sub-folder prod has a manifest (prod/a.yaml)", "-f prod")),
        (("Voices.yaml",), ("there is Voices.yaml, which differs in upper and lower case", "-f Voices.yaml")),
        ((), ("voices.yaml does not exist", "voicectl init")),
    ],
)
def test_without_voices_yaml_the_folder_s_own_manifests_are_named(
    cli: CliHarness, files: tuple[str, ...], said: tuple[str, ...]
) -> None:
    for file in files:
        (cli.folder / file).parent.mkdir(exist_ok=True)
        cli.declare("narrator", file=file)
    (cli.folder / "compose.yaml").write_text("services: {}")
    refused = cli.voicectl("plan", code=1)
    for words in ("voices.yaml does not exist", *said):
        assert words in refused.err
    assert "compose" not in refused.err


def test_a_link_that_leads_nowhere_is_not_offered(cli: CliHarness) -> None:
    cli.declare("narrator", file="cast.yaml")
    (cli.folder / "voices.yaml").symlink_to("moved/voices.yaml")
    refused = cli.voicectl("plan", code=1)
    assert "voices.yaml is a link to moved/voices.yaml, which does not exist, but this folder has cast.yaml." in (
        refused.err
    )


@pytest.mark.parametrize(
    ("named", "there", "said"),
    [
        ("caf\u00e9.yaml", "cafe\u0301.yaml", "differs in how \u00e9 is written"),
        (
            "Cafe\u0301.yaml",
            "caf\u00e9.yaml",
            "differs in how \u00e9 is written (Unicode NFC and NFD) and in upper and",
        ),
        ("gro\u00dfe.yaml", "GRO\u00dfE.YAML", "differs in upper and lower case"),
        ("the\u00a0cast.yaml", "the cast.yaml", "look alike, such as a no-break space"),
        ("\ud55c.yaml", "\u1112\u1161\u11ab.yaml", "differs in how \ud55c is written"),
    ],
)
def test_a_name_that_only_reads_the_same_is_explained(cli: CliHarness, named: str, there: str, said: str) -> None:
    cli.declare("narrator", file=there)
    refused = cli.voicectl("plan", "-f", named, code=1)
    assert said in refused.err
    assert there in refused.err
