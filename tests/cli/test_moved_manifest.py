"""A manifest that was renamed, linked or split: nothing begins without a state while another one holds its voices."""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from reconciler.backends import journal
from tests.support.cli_harness import CliHarness, Ran, voice
from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import CONCIERGE, HERO, NARRATOR, SOUNDS, TencentCliHarness
from tests.support.tencent_service import TencentService

BLOCKED = "Error: No state here, but another one holds voices\n"


def ways(refused: Ran) -> list[list[str]]:
    """The commands that it says to type."""
    return [shlex.split(words) for words in re.findall(r"voicectl ([^;\n]+)", refused.err)]


def way(refused: Ran, *holding: str) -> list[str]:
    [found] = [words for words in ways(refused) if set(holding) <= set(words)]
    return found


def unchanged(cli: CliHarness, *words: str) -> bool:
    return cli.voicectl(*words, "plan", "--detailed-exitcode").code == 0


@pytest.fixture
def renamed(made: CliHarness) -> CliHarness:
    (made.folder / "voices.yaml").rename(made.folder / "cast.yaml")
    return made


# -- renamed -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "words",
    [
        ("plan",),
        ("apply", "--auto-approve"),
        ("destroy", "--auto-approve"),
        ("drift",),
        ("output", "--json"),
        ("import", "hero", "850087542757535834"),
        ("resolve", "hero", "--retry"),
        ("state", "rebuild"),
        ("state", "list"),
        ("show",),
    ],
)
def test_a_renamed_manifest_begins_nothing_and_says_how_its_state_follows(
    renamed: CliHarness, kling: KlingService, words: tuple[str, ...]
) -> None:
    before = renamed.files()
    refused = renamed.voicectl("-f", "cast.yaml", *words, code=1)
    assert refused.err.startswith(BLOCKED)
    assert "voices.state.json beside holds 2 voices of voices.yaml, which no longer exists." in refused.err
    assert "voicectl -f cast.yaml state mv-manifest voices.yaml" in refused.err
    assert (refused.out, kling.calls) == ("", [])
    assert {k: v for k, v in renamed.files().items() if not k.endswith(".lock")} == before


def test_the_next_command_can_be_typed_as_it_is_shown(renamed: CliHarness, kling: KlingService) -> None:
    refused = renamed.voicectl("-f", "cast.yaml", "plan", code=1)
    renamed.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(renamed, "-f", "cast.yaml")
    assert kling.count("create") == 0


def test_it_is_typed_right_from_another_folder_and_in_the_sandbox(cli: CliHarness) -> None:
    (cli.folder / "prod").mkdir()
    cli.declare("hero", file="prod/our voices.yaml")
    cli.voicectl("--sandbox", "-f", "prod/our voices.yaml", "apply", "--auto-approve", code=0)
    (cli.folder / "prod/our voices.yaml").rename(cli.folder / "prod/the cast.yaml")
    refused = cli.voicectl("-C", "prod", "--sandbox", "-f", "the cast.yaml", "apply", "--auto-approve", code=1)
    assert ".voicectl/our voices.state.json beside holds 1 voice of our voices.yaml" in refused.err
    assert cli.voicectl("--sandbox", "-f", "prod/the cast.yaml", "plan", code=1).err.startswith(BLOCKED)
    cli.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(cli, "--sandbox", "-f", "prod/the cast.yaml")


def serials(cli: CliHarness, *words: str) -> list[int]:
    return [kept["serial"] for kept in cli.voicectl(*words, "state", "history", "--json", code=0).json]


def test_the_earlier_snapshots_follow_a_renamed_manifest(renamed: CliHarness) -> None:
    before = serials(renamed)
    renamed.voicectl("-f", "cast.yaml", "state", "mv-manifest", "voices.yaml", code=0)
    after = serials(renamed, "-f", "cast.yaml")
    assert after == [after[0], *before]
    renamed.voicectl("-f", "cast.yaml", "state", "pull", "--serial", str(before[-1]), code=0)
    assert not (renamed.folder / ".voicectl/history/voices").exists()


def test_they_follow_also_into_another_folder_and_after_a_command_that_was_killed(renamed: CliHarness) -> None:
    """The state was written under its new name, and only some of the snapshots were moved."""
    before = serials(renamed)
    (renamed.folder / "new").mkdir()
    (renamed.folder / "cast.yaml").rename(renamed.folder / "new/cast.yaml")
    mv = ("-f", "new/cast.yaml", "state", "mv-manifest", "voices.yaml")
    old = renamed.folder / "voices.state.json"
    held = old.read_bytes()
    renamed.voicectl(*mv, code=0)
    old.write_bytes(held)
    one = next((renamed.folder / "new/.voicectl/history/cast").glob(f"*{before[0]}.json"))
    (renamed.folder / ".voicectl/history/voices").mkdir()
    one.rename(renamed.folder / ".voicectl/history/voices" / one.name)
    renamed.voicectl(*mv, code=0)
    assert set(before) < set(serials(renamed, "-f", "new/cast.yaml"))


def test_the_default_name_is_a_new_name_too(cli: CliHarness) -> None:
    cli.declare("hero", file="cast.yaml")
    cli.apply("-f", "cast.yaml")
    (cli.folder / "cast.yaml").rename(cli.folder / "voices.yaml")
    refused = cli.apply(code=1)
    assert way(refused, "mv-manifest") == ["state", "mv-manifest", "cast.yaml"]
    cli.voicectl("state", "mv-manifest", "cast.yaml", code=0)
    assert unchanged(cli)


@pytest.mark.parametrize("name", ["Voices.yaml", "voices.yml", "voices.YAML"])
def test_another_case_or_ending_is_another_name(made: CliHarness, kling: KlingService, name: str) -> None:
    (made.folder / "voices.yaml").rename(made.folder / name)
    refused = made.voicectl("-f", name, "apply", "--auto-approve", code=1)
    made.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(made, "-f", name)
    assert kling.count("create") == 0


def test_a_state_renamed_alone_is_named_by_its_own_name(renamed: CliHarness) -> None:
    (renamed.folder / "voices.state.json").rename(renamed.folder / "old.state.json")
    refused = renamed.voicectl("-f", "cast.yaml", "plan", code=1)
    renamed.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(renamed, "-f", "cast.yaml")


def test_two_states_without_a_manifest_are_both_named(cli: CliHarness) -> None:
    for name in ("a", "b"):
        cli.declare(name, file=f"{name}.yaml")
        cli.apply("-f", f"{name}.yaml")
    (cli.folder / "a.yaml").unlink()
    (cli.folder / "b.yaml").rename(cli.folder / "c.yaml")
    refused = cli.voicectl("-f", "c.yaml", "plan", code=1)
    assert [words[-1] for words in ways(refused) if "mv-manifest" in words] == ["a.yaml", "b.yaml"]


def test_a_state_can_not_move_to_a_manifest_that_does_not_exist(made: CliHarness) -> None:
    before = made.files()
    for name in ("csat.yaml", "no/such/folder", "dangling.yaml"):
        refused = made.voicectl("-f", name, "state", "mv-manifest", "voices.yaml", code=1)
        assert f"{name} does not exist" in refused.err
    assert made.files() == before


def test_the_whole_pair_in_another_folder_continues(made: CliHarness, kling: KlingService) -> None:
    (made.folder / "prod").mkdir()
    for path in made.folder.glob("voices.*"):
        path.rename(made.folder / "prod" / path.name)
    assert unchanged(made, "-f", "prod/voices.yaml")
    (made.folder / "prod").rename(made.folder / "production")
    assert unchanged(made, "-C", "production")
    assert kling.count("create") == 0


# -- a new state -------------------------------------------------------------------------------------------------------


def test_a_new_state_is_started_only_on_request(renamed: CliHarness, kling: KlingService) -> None:
    renamed.declare("third", file="cast.yaml")
    refused = renamed.voicectl("-f", "cast.yaml", "plan", code=1)
    assert way(refused, "--new-state") == ["-f", "cast.yaml", "plan", "--new-state"]
    assert "third" in renamed.voicectl("-f", "cast.yaml", "plan", "--new-state", code=0).out
    renamed.voicectl("-f", "cast.yaml", "apply", "--auto-approve", "--new-state", code=0)
    assert [call.body["voice_name"] for call in kling.calls if call.operation == "create"] == ["third"]
    assert unchanged(renamed, "-f", "cast.yaml")


def test_a_saved_plan_with_a_new_state_is_applied_as_it_was_reviewed(renamed: CliHarness, kling: KlingService) -> None:
    renamed.declare("third", file="cast.yaml")
    renamed.voicectl("-f", "cast.yaml", "plan", "--new-state", "--out", "p", code=0)
    renamed.voicectl("-f", "cast.yaml", "apply", "p", "--new-state", code=1)
    renamed.voicectl("-f", "cast.yaml", "apply", "p", code=0)
    assert kling.bought == 1
    assert "applied already" in renamed.voicectl("-f", "cast.yaml", "apply", "p", code=4).err


@pytest.mark.parametrize("words", [("plan",), ("apply", "--auto-approve")])
def test_a_new_state_over_one_that_exists_is_refused(
    made: CliHarness, kling: KlingService, words: tuple[str, ...]
) -> None:
    refused = made.voicectl(*words, "--new-state", code=1)
    assert f"{made.folder / 'voices.state.json'} already holds a state" in refused.err
    assert kling.count("create") == 0


def test_the_same_voices_in_a_second_environment_are_bought_on_purpose(
    renamed: CliHarness, kling: KlingService
) -> None:
    """On the same account, which shows them: that is a second question, with its own way on."""
    cast = ("-f", "cast.yaml")
    blocked = renamed.voicectl(*cast, "apply", "--auto-approve", "--new-state", code=1)
    assert "was the state lost?" in blocked.out
    renamed.voicectl(*cast, "state", "rebuild", "--new-lineage", code=0)
    renamed.voicectl(*cast, "apply", "--auto-approve", code=0)
    assert kling.bought == 2


# -- what is beside and blocks nothing ---------------------------------------------------------------------------------


def test_another_project_in_the_folder_blocks_nothing(made: CliHarness) -> None:
    made.declare("third", file="other.yaml")
    made.apply("-f", "other.yaml")
    assert unchanged(made)
    assert unchanged(made, "-f", "other.yaml")


def test_a_state_that_holds_nothing_any_more_blocks_nothing(made: CliHarness) -> None:
    made.voicectl("destroy", "--auto-approve", code=0)
    (made.folder / "voices.yaml").unlink()
    made.declare("third", file="cast.yaml")
    made.apply("-f", "cast.yaml")


def test_what_a_run_wrote_after_the_state_followed_is_kept_if_the_old_file_comes_back(renamed: CliHarness) -> None:
    """As after a kill between the write of the new file and the removal of the old one."""
    old = renamed.folder / "voices.state.json"
    copy = old.read_bytes()
    move = ("-f", "cast.yaml", "state", "mv-manifest", "voices.yaml")
    renamed.voicectl(*move, code=0)
    old.write_bytes(copy)
    renamed.declare("narrator", "hero", "villain", file="cast.yaml")
    renamed.voicectl("-f", "cast.yaml", "apply", "--auto-approve", code=0)
    renamed.voicectl(*move, code=0)
    assert not old.exists()
    assert unchanged(renamed, "-f", "cast.yaml")


def test_after_the_state_followed_its_copy_under_the_old_name_blocks_nothing(renamed: CliHarness) -> None:
    renamed.voicectl("-f", "cast.yaml", "state", "mv-manifest", "voices.yaml", code=0)
    assert (renamed.folder / "voices.state.backup").exists()
    renamed.declare("third")
    renamed.apply()


@pytest.mark.parametrize("words", [("voices", "kling"), ("validate",)])
def test_what_needs_no_state_continues(renamed: CliHarness, words: tuple[str, ...]) -> None:
    renamed.voicectl("-f", "cast.yaml", *words, code=0)


# -- links -------------------------------------------------------------------------------------------------------------


def beside(folder: Path) -> Path:
    (folder / "cast.yaml").symlink_to("voices.yaml")
    return Path("cast.yaml")


def in_a_chain(folder: Path) -> Path:
    (folder / "links").mkdir()
    (folder / "links/one.yaml").symlink_to("../voices.yaml")
    (folder / "links/two.yaml").symlink_to("one.yaml")
    return Path("links/two.yaml")


def absolute(folder: Path) -> Path:
    (folder / "dev").mkdir()
    (folder / "dev/voices.yaml").symlink_to(folder / "voices.yaml")
    return Path("dev/voices.yaml")


@pytest.mark.parametrize("link", [beside, in_a_chain, absolute])
def test_a_link_to_a_manifest_with_a_state_names_both_next_commands(
    made: CliHarness, kling: KlingService, link: Callable[[Path], Path]
) -> None:
    linked = str(link(made.folder))
    refused = made.voicectl("-f", linked, "apply", "--auto-approve", code=1)
    assert refused.err.startswith(BLOCKED)
    assert "voices.state.json" in refused.err
    [named] = [words for words in ways(refused) if "plan" in words and "--new-state" not in words]
    assert made.voicectl(*named, "--detailed-exitcode", code=0).err == ""
    assert way(refused, "--new-state") == ["-f", linked, "plan", "--new-state"]
    assert kling.count("create") == 0


def test_a_link_with_a_state_of_its_own_is_a_second_environment(made: CliHarness, kling: KlingService) -> None:
    linked = str(absolute(made.folder))
    made.voicectl("-f", linked, "apply", "--auto-approve", "--new-state", code=1)  # the account shows them: see above
    made.voicectl("-f", linked, "state", "rebuild", "--new-lineage", code=0)
    made.voicectl("-f", linked, "apply", "--auto-approve", code=0)
    assert unchanged(made, "-f", linked)
    assert unchanged(made)


def test_a_link_to_a_manifest_that_was_renamed_is_blocked_too(renamed: CliHarness) -> None:
    (renamed.folder / "dev").mkdir()
    (renamed.folder / "dev/voices.yaml").symlink_to("../cast.yaml")
    refused = renamed.voicectl("-f", "dev/voices.yaml", "plan", code=1)
    renamed.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(renamed, "-f", "cast.yaml")


def test_a_hard_link_is_the_same_file(made: CliHarness) -> None:
    os.link(made.folder / "voices.yaml", made.folder / "cast.yaml")
    refused = made.voicectl("-f", "cast.yaml", "plan", code=1)
    assert "voices.state.json beside holds 2 voices of voices.yaml, and cast.yaml is the same file." in refused.err
    made.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(made, "-f", "cast.yaml")
    assert "cast.state.json beside holds 2 voices" in made.voicectl("plan", code=1).err


def test_a_linked_folder_is_the_folder(made: CliHarness) -> None:
    (made.folder / "current").symlink_to(".")
    assert unchanged(made, "-f", "current/voices.yaml")
    assert unchanged(made, "-C", "current")


# -- a folder as one manifest ------------------------------------------------------------------------------------------


def test_a_file_that_becomes_part_of_a_folder_keeps_its_state(cli: CliHarness) -> None:
    cli.declare("hero", file="cast.yaml")
    cli.apply("-f", "cast.yaml")
    (cli.folder / "more.yaml").write_text(json.dumps({"version": 1, "voices": {"third": voice("third")}}))
    refused = cli.voicectl("-f", ".", "plan", code=1)
    assert "cast.state.json beside holds 1 voice of cast.yaml, which is one of the files of this folder." in refused.err
    cli.voicectl(*way(refused, "mv-manifest"), code=0)
    assert cli.actions("-f", ".") == {"third": "create"}


def test_a_folder_that_becomes_one_file_keeps_its_state(cli: CliHarness) -> None:
    cli.declare("hero", file="a.yaml")
    cli.apply("-f", ".")
    (cli.folder / "a.yaml").rename(cli.folder / "all.yaml")
    refused = cli.voicectl("-f", "all.yaml", "plan", code=1)
    assert "voices.state.json beside holds 1 voice of the folder as one manifest" in refused.err
    cli.voicectl(*way(refused, "mv-manifest"), code=0)
    assert unchanged(cli, "-f", "all.yaml")


def test_the_state_of_a_folder_and_of_its_voices_yaml_is_one_file(made: CliHarness) -> None:
    for target in (".", "voices.yaml"):
        refused = made.voicectl("-f", target, "plan", code=1)
        assert "The state belongs to another manifest" in refused.err
        made.voicectl(*way(refused, "mv-manifest"), code=0)
        assert unchanged(made, "-f", target)


# -- what can't be read ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("content", [b"", b"{", b'{"version":99}', b"\xff\xfe"])
def test_a_damaged_state_beside_is_named(renamed: CliHarness, kling: KlingService, content: bytes) -> None:
    (renamed.folder / "voices.state.json").write_bytes(content)
    refused = renamed.voicectl("-f", "cast.yaml", "apply", "--auto-approve", code=1)
    assert "voices.state.json beside can't be read, and voices.yaml no longer exists: " in refused.err
    assert way(refused, "--new-state")
    assert kling.count("create") == 0


def test_a_journal_without_its_state_is_named(renamed: CliHarness) -> None:
    state = renamed.folder / "voices.state.json"
    (renamed.folder / "voices.state.journal").write_bytes(journal.header(journal.digest(state.read_bytes())))
    state.unlink()
    refused = renamed.voicectl("-f", "cast.yaml", "plan", code=1)
    assert "voices.state.json beside can't be read" in refused.err


def test_a_damaged_state_of_another_project_blocks_nothing(made: CliHarness) -> None:
    made.declare("third", file="other.yaml")
    (made.folder / "other.state.json").write_bytes(b"{")
    made.declare("fourth", file="cast.yaml")
    assert made.actions("-f", "cast.yaml") == {"fourth": "create"}
    (made.folder / "folder.state.json").mkdir()
    assert made.actions("-f", "cast.yaml") == {"fourth": "create"}


# -- what no cloud lists -----------------------------------------------------------------------------------------------


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def unlisted(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    """A voice of TRTC, of VOD and a sound, which nothing but the state remembers."""
    cli = TencentCliHarness(tmp_path, kling, tencent=tencent)
    cli.write({"concierge": CONCIERGE, "hero": HERO}, audio=SOUNDS)
    cli.apply()
    tencent.tasks.clear()  # 72 hours later
    return cli


def renames(folder: Path) -> str:
    (folder / "voices.yaml").rename(folder / "cast.yaml")
    return "cast.yaml"


def links(folder: Path) -> str:
    return str(beside(folder))


def loses_the_state_but_not_its_backup(folder: Path) -> str:
    (folder / "voices.state.json").unlink()
    return "voices.yaml"


def loses_the_state_but_not_its_rescue_copy(folder: Path) -> str:
    (folder / "voices.state.json").rename(folder / "voices.state.rescue.json")
    (folder / "voices.state.backup").unlink()
    return "voices.yaml"


def splits(folder: Path) -> str:
    shutil.move(folder / "voices.yaml", folder / "a.yaml")
    return "a.yaml"


@pytest.mark.parametrize(
    "happens", [renames, links, loses_the_state_but_not_its_backup, loses_the_state_but_not_its_rescue_copy, splits]
)
def test_nothing_is_bought_twice_that_only_a_state_remembers(
    unlisted: TencentCliHarness, tencent: TencentService, happens: Callable[[Path], str]
) -> None:
    name = happens(unlisted.folder)
    before = len(tencent.tasks), sum(tencent.accepted.values())
    refused = unlisted.voicectl("-f", name, "apply", "--auto-approve", code=1)
    assert refused.err.startswith(BLOCKED)
    assert (len(tencent.tasks), sum(tencent.accepted.values())) == before
    there = next(words for words in ways(refused) if "--new-state" not in words)
    unlisted.voicectl(*there, code=0)
    assert sum(tencent.accepted.values()) == before[1]


def test_one_file_of_a_folder_does_not_buy_what_the_folder_holds(
    unlisted: TencentCliHarness, tencent: TencentService
) -> None:
    unlisted.voicectl("-f", ".", "state", "mv-manifest", code=0)
    unlisted.write({"narrator": NARRATOR, "concierge": CONCIERGE}, file="part.yaml")
    refused = unlisted.voicectl("-f", "part.yaml", "apply", "--auto-approve", code=1)
    assert "voices.state.json beside holds 3 voices of the folder as one manifest, and part.yaml is part of it." in (
        refused.err
    )
