"""state mv: many pairs, patterns, and moves into the state of another manifest."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from reconciler.model import statefile
from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService


@pytest.fixture
def cast(cli: CliHarness, kling: KlingService) -> CliHarness:
    """Three voices of one manifest; what is counted begins after them."""
    cli.declare("npc_a", "npc_b", "hero")
    cli.apply()
    kling.calls.clear()
    return cli


@pytest.fixture
def games(cast: CliHarness, kling: KlingService) -> CliHarness:
    """A second manifest in the same folder, which declares two of the voices too."""
    return second(cast, kling, "npc_a", "npc_b")


def second(cli: CliHarness, kling: KlingService, *names: str) -> CliHarness:
    other = CliHarness(cli.folder, kling, manifest="games.yaml")
    other.declare(*names)
    return other


def moved(cli: CliHarness, *patterns: str, code: int = 0) -> str:
    return cli.voicectl("state", "mv", "--to-manifest", "games.yaml", *patterns, code=code).err


def addresses(cli: CliHarness) -> set[str]:
    return set(cli.state["current"])


def test_several_pairs_and_patterns_move_at_once(cast: CliHarness) -> None:
    cast.voicectl("state", "mv", "hero", "star", "npc_*", "cast_*", code=0)
    assert addresses(cast) == {"star", "cast_a", "cast_b"}


def test_addresses_can_be_swapped(cast: CliHarness) -> None:
    a, b = cast.voice_id("npc_a"), cast.voice_id("npc_b")
    cast.voicectl("state", "mv", "npc_a", "npc_b", "npc_b", "npc_a", code=0)
    assert (cast.voice_id("npc_a"), cast.voice_id("npc_b")) == (b, a)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("hero",), "hero has no new address"),
        (("npc_*", "cast"), "one * on both sides"),
        (("x*", "y*"), "x* is not in the state"),
        (("npc_a", "star", "npc_b", "star"), "can't both become star"),
        (("hero", "star", "npc_a", "hero", "npc_b", "9"), "9 can't be an address"),
    ],
)
def test_nothing_moves_if_one_pair_is_wrong(cast: CliHarness, words: tuple[str, ...], said: str) -> None:
    assert said in cast.voicectl("state", "mv", *words, code=1).err
    assert addresses(cast) == {"hero", "npc_a", "npc_b"}


def test_voices_move_into_another_manifest_and_nothing_is_paid(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    ids = cast.voice_id("npc_a"), cast.voice_id("npc_b")
    assert "2 voices" in moved(cast, "npc_*")
    assert (games.voice_id("npc_a"), games.voice_id("npc_b")) == ids
    assert games.voicectl("plan", "--detailed-exitcode").code == 0
    cast.declare("hero")
    assert cast.voicectl("plan", "--detailed-exitcode").code == 0
    assert cast.voicectl("drift", code=0).out == "No drift.\n"
    assert games.voicectl("drift", code=0).out == "No drift.\n"
    assert kling.count("create") == kling.count("delete") == 0


def test_an_entry_that_is_still_declared_here_is_not_bought_again(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    moved(cast, "npc_a", "npc_b")
    ran = cast.apply(code=1)
    assert "npc_a (kling): its voice was moved to games.yaml" in ran.out
    assert kling.count("create") == kling.count("delete") == 0
    cast.apply("--retry", "npc_a", code=1)
    assert kling.bought == 1


def test_a_voice_that_the_other_manifest_does_not_declare_stays(cast: CliHarness, games: CliHarness) -> None:
    assert "games.yaml does not declare hero" in moved(cast, "*", code=1)
    assert addresses(cast) == {"hero", "npc_a", "npc_b"}
    assert not (games.folder / "games.state.json").exists()


def test_a_taken_address_is_refused(cast: CliHarness, games: CliHarness) -> None:
    games.declare(npc_a=voice("npc_a", voice_name="Another"))
    games.voicectl("state", "rebuild", "--new-lineage", "--auto-approve", code=0)
    games.apply()
    assert "games.yaml has another voice at npc_a already" in moved(cast, "npc_a", code=1)


def test_voices_can_move_back(cast: CliHarness, games: CliHarness, kling: KlingService) -> None:
    held = cast.voice_id("npc_a")
    moved(cast, "npc_*")
    games.voicectl("state", "mv", "--to-manifest", "voices.yaml", "npc_a", code=0)
    assert cast.voice_id("npc_a") == held
    cast.declare("hero", "npc_a")
    games.declare("npc_b")
    for each in (cast, games):
        assert each.voicectl("plan", "--detailed-exitcode").code == 0
    cast.declare("hero")
    cast.apply()
    assert kling.count("delete") == 1


def test_the_new_manifest_replaces_and_deletes_what_it_got(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    moved(cast, "npc_*")
    cast.declare("hero")
    games.declare(npc_a=voice("npc_a", voice_name="Another"))
    games.apply()
    assert sorted(task.name for task in kling.voices.values()) == ["Another", "hero"]
    cast.apply()
    assert cast.voicectl("plan", "--detailed-exitcode").code == 0


def test_the_same_command_again_says_that_it_was_done(cast: CliHarness, games: CliHarness) -> None:
    moved(cast, "npc_*")
    assert "They were moved before." in moved(cast, "npc_*")


def test_a_manifest_that_does_not_exist_gets_nothing(cast: CliHarness) -> None:
    assert "games.yaml does not exist" in moved(cast, "npc_*", code=1)


def test_a_lost_target_asks_which_state_holds_the_voices(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    moved(cast, "npc_*")
    cast.declare("hero")
    Path(games.folder / "games.state.json").unlink()
    for backup in games.folder.glob("games.state.*"):
        backup.unlink()
    ran = games.apply("--new-state", code=1)
    assert "made under another state" in ran.out
    assert kling.count("create") == 0


def test_a_target_whose_state_may_lie_elsewhere_gets_no_new_one(cast: CliHarness, kling: KlingService) -> None:
    old = CliHarness(cast.folder, kling, manifest="old.yaml")
    old.declare("star")
    old.apply()
    (cast.folder / "old.yaml").unlink()  # it was renamed, and its state was not
    second(cast, kling, "star", "npc_a")
    ran = moved(cast, "npc_a", code=1)
    assert "old.state.json beside holds 1 voice of old.yaml" in ran
    assert "voicectl -f games.yaml plan" in ran
    assert addresses(cast) == {"npc_a", "npc_b", "hero"}
    assert not (cast.folder / "games.state.json").exists()


def interrupt(cli: CliHarness, to: str, address: str) -> None:
    """Writes the state as a move leaves it that was killed before its last write."""
    path = cli.folder / cli.manifest.replace(".yaml", ".state.json")
    state = statefile.load(path.read_bytes())
    record = state.records[state.current[address]]
    path.write_bytes(statefile.dump(state.with_changes([replace(record, moved_to=to, moves=record.moves + 1)])))


def interrupted(cli: CliHarness, to: str, address: str) -> None:
    """Moves the voice, and then puts back the source as it was before the last write."""
    path = cli.folder / cli.manifest.replace(".yaml", ".state.json")
    before = path.read_bytes()
    cli.voicectl("state", "mv", "--to-manifest", to, address, code=0)
    path.write_bytes(before)
    interrupt(cli, to, address)


def test_a_voice_that_moved_on_after_an_interrupted_move_is_in_one_state_only(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    third = CliHarness(cast.folder, kling, manifest="third.yaml")
    third.declare("npc_a")
    interrupted(cast, "games.yaml", "npc_a")
    games.voicectl("state", "mv", "--to-manifest", "third.yaml", "npc_a", code=0)
    moved(cast, "npc_a")
    assert (addresses(cast), addresses(games), addresses(third)) == ({"npc_b", "hero"}, set(), {"npc_a"})


@pytest.mark.parametrize("first", ["voices", "games"])
def test_two_interrupted_moves_in_opposite_directions_can_be_finished(
    cast: CliHarness, games: CliHarness, kling: KlingService, first: str
) -> None:
    interrupted(cast, "games.yaml", "npc_a")
    interrupt(games, "voices.yaml", "npc_a")
    moves = {"voices": (cast, "games.yaml"), "games": (games, "voices.yaml")}
    for name in (first, *moves.keys() - {first}):
        cli, to = moves[name]
        cli.voicectl("state", "mv", "--to-manifest", to, "npc_a", code=0)
        assert sum("npc_a" in addresses(each) for each in (cast, games)) == 1
    held_by = cast if "npc_a" in addresses(cast) else games
    assert not any("moved_to" in r for r in held_by.state["records"].values() if r["status"] == "ready")
    cast.declare("hero", "npc_b", *(["npc_a"] if held_by is cast else []))
    assert cast.voicectl("plan", "--detailed-exitcode").code == 0


def test_an_old_copy_of_the_state_does_not_take_a_moved_voice_back(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    copy = cast.folder / "copy.json"
    copy.write_text(cast.voicectl("state", "pull", code=0).out)
    moved(cast, "npc_a")
    cast.declare("hero", "npc_b")
    pushed = cast.voicectl("state", "push", "--force", "copy.json", code=0)
    assert "npc_a was moved to games.yaml after this copy was made" in pushed.err
    ran = cast.apply(code=1)
    assert "its move to games.yaml was interrupted" in ran.out
    assert kling.count("delete") == 0
    moved(cast, "npc_a")
    assert cast.voicectl("plan", "--detailed-exitcode").code == 0
    assert addresses(games) == {"npc_a"}


def test_a_lost_source_leaves_the_moved_voices_where_they_are_and_asks(
    cast: CliHarness, games: CliHarness, kling: KlingService
) -> None:
    lineage = cast.state["lineage"][:8]
    moved(cast, "npc_*")
    for lost in cast.folder.glob("voices.state.*"):
        lost.unlink()
    ran = cast.voicectl("state", "rebuild", "--lineage", lineage, "--auto-approve", code=0)
    assert "npc_a is left out: the state of games.yaml holds its voice." in ran.err
    assert "voicectl -f games.yaml state mv --to-manifest voices.yaml npc_a" in ran.err
    assert addresses(cast) == {"hero"}
    assert cast.actions() == {"npc_a": "blocked", "npc_b": "blocked"}
    cast.declare("hero")
    cast.apply()
    assert kling.count("create") == kling.count("delete") == 0
