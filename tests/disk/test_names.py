"""Names and places of state files: spaces, quotes, Unicode, invalid text, and symbolic links."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import unicodedata
from pathlib import Path

import pytest

from tests.disk.harnesses import to_type
from tests.support.cli_harness import COMMAND, CliHarness
from tests.support.holding import Holding
from tests.support.moments import Watched

NAMES = [
    "our voices.yaml",
    'it\'s "quoted".yaml',
    "$(touch pwned) `x` & ;.yaml",
    unicodedata.normalize("NFC", "voix été 声音.yaml"),
    unicodedata.normalize("NFD", "voix été 声音.yaml"),
    "-f.yaml",
    "two\nlines.yaml",
    "no-ending",
]


@pytest.mark.parametrize("name", NAMES)
def test_any_name_gets_a_state_of_its_own_beside_it(cli: CliHarness, kling: Watched, name: str) -> None:
    cli.declare("hero", file=name)
    cli.voicectl("-f", name, "apply", "--auto-approve", code=0)
    stem = name.removesuffix(".yaml")
    assert set(cli.files(history=False)) - {name} == {f"{stem}.state.json", f"{stem}.state.backup"}
    assert cli.voicectl("-f", name, "plan", "--detailed-exitcode").code == 0
    assert cli.voicectl("-f", name, "output", "hero", code=0).out.strip() in kling.voices


def test_two_spellings_of_one_word_are_two_manifests(cli: CliHarness, kling: Watched) -> None:
    for address, name in (("nfc", "\u00e9t\u00e9.yaml"), ("nfd", "e\u0301te\u0301.yaml")):
        cli.declare(address, file=name)
        cli.voicectl("-f", name, "apply", "--auto-approve", code=0)
    assert kling.bought == 2
    assert len([name for name in cli.files() if name.endswith(".state.json")]) == 2


@pytest.mark.parametrize("folder", ["our voices", "l'été", "声音"])
def test_the_command_that_a_refusal_says_can_be_typed_whatever_the_folder(
    tmp_path: Path, kling: Watched, folder: str
) -> None:
    cli = CliHarness(tmp_path, kling)
    (tmp_path / folder).mkdir()
    cli.declare("hero", file=f"{folder}/my voices.yaml")
    lock = tmp_path / folder / "my voices.state.lock"
    lock.write_text(
        '{"lock_id":"cafe0001","who":"ana@far","pid":1,"host":"far","operation":"apply","since":"2026-01-02T03:04:05Z"}'
    )
    refused = cli.voicectl("-C", folder, "-f", "my voices.yaml", "apply", "--auto-approve", code=3)
    [typed] = re.findall(r"voicectl .*unlock \w+.*", refused.err)
    cli.voicectl(*shlex.split(typed)[1:], code=0)
    assert not lock.exists()


def test_a_name_that_is_not_text_works_like_any_other(cli: CliHarness, kling: Watched) -> None:
    cli.declare("hero")
    (cli.folder / "voices.yaml").rename(cli.folder / os.fsdecode(b"v\xff.yaml"))

    def run(*words: str) -> subprocess.CompletedProcess[bytes]:
        return subprocess.run(
            [*COMMAND, "-f", b"v\xff.yaml", *words], cwd=cli.folder, env=cli.env, capture_output=True, check=False
        )

    assert run("apply", "--auto-approve").returncode == 0
    assert run("output", "hero").stdout.decode().strip() in kling.voices
    assert run("state", "list").returncode == 0
    assert run("plan", "--detailed-exitcode").returncode == 0
    assert run("apply", "--auto-approve").returncode == 0
    assert kling.bought == 1


@pytest.mark.parametrize("length", [*range(228, 241, 2), 250])
def test_a_name_too_long_for_its_states_files_is_reported_before_anything_is_bought(
    cli: CliHarness, kling: Watched, length: int
) -> None:
    name = "\u00e9" * (length // 2) + ".yaml"  # two bytes each: the limit of a disk is in bytes
    cli.declare("hero", file=name)
    ran = cli.voicectl("-f", name, "apply", "--auto-approve")
    if ran.code == 0:
        assert kling.bought == 1
        assert cli.voicectl("-f", name, "plan", "--detailed-exitcode").code == 0
    else:
        assert "name is too long by" in ran.err
        assert kling.bought == 0


# -- links -------------------------------------------------------------------------------------------------------------


@pytest.fixture
def shared(cli: CliHarness) -> Path:
    """The folder with the target of the harness's state link."""
    folder = cli.folder.parent / "shared"
    folder.mkdir()
    return folder


@pytest.mark.parametrize("chain", [1, 3])
def test_a_link_stays_a_link_and_its_target_is_replaced(
    cli: CliHarness, kling: Watched, shared: Path, chain: int
) -> None:
    place = shared / "real.state.json"
    for number in range(chain - 1):
        link = shared / f"link-{number}"
        link.symlink_to(place)
        place = link
    (cli.folder / "voices.state.json").symlink_to(os.path.relpath(place, cli.folder))
    cli.declare("narrator")
    cli.apply()  # the target did not exist before
    cli.declare("narrator", "hero")
    cli.apply()
    assert (cli.folder / "voices.state.json").is_symlink()
    assert set(cli.files(history=False)) == {"voices.state.json"}
    assert {p.name for p in shared.iterdir() if not p.is_symlink()} == {"real.state.json", "real.state.backup"}
    assert kling.bought == 2
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_link_to_itself_is_reported(cli: CliHarness, kling: Watched) -> None:
    (cli.folder / "voices.state.json").symlink_to("voices.state.json")
    cli.declare("narrator")
    refused = cli.apply(code=1)
    assert "bug" not in refused.err
    assert "voices.state.json" in refused.err
    assert kling.calls == []


def test_two_applies_through_two_links_to_one_state_keep_each_other_out(tmp_path: Path) -> None:
    with Holding() as kling:
        (tmp_path / "shared").mkdir()
        clis = []
        for name in ("one", "other"):
            (tmp_path / name).mkdir()
            (tmp_path / name / "voices.state.json").symlink_to(tmp_path / "shared" / "voices.state.json")
            clis.append(CliHarness(tmp_path / name, kling))
            clis[-1].declare("narrator")
        running = clis[0].start("apply", "--auto-approve")
        assert kling.held.wait(20)
        refused = clis[1].apply(code=3)
        assert "The state is locked" in refused.err
        assert f"pid {running.pid}" in refused.err
        assert "alive" in clis[1].voicectl(*to_type(refused), code=1).err
        kling.released.set()
        running.communicate(timeout=20)
        clis[1].apply()
        assert kling.bought == 1


def test_a_linked_folder_is_one_place_too(tmp_path: Path) -> None:
    with Holding() as kling:
        (tmp_path / "real").mkdir()
        (tmp_path / "link").symlink_to("real")
        cli, linked = CliHarness(tmp_path / "real", kling), CliHarness(tmp_path / "link", kling)
        cli.declare("narrator")
        running = cli.start("apply", "--auto-approve")
        assert kling.held.wait(20)
        assert "The state is locked" in linked.apply(code=3).err
        kling.released.set()
        running.communicate(timeout=20)
        assert kling.bought == 1
