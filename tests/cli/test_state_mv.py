"""state mv: many pairs, patterns, and moves into the state of another manifest."""

from __future__ import annotations

from pathlib import Path

import pytest

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
