"""An entry gets another name in the manifest: its record moves, no call is made, nothing is paid."""

from __future__ import annotations

from pathlib import Path

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import SOUNDS, VOICES, TencentCliHarness
from tests.support.tencent_service import TencentService


def test_a_renamed_entry_keeps_its_voice(made: CliHarness, kling: KlingService) -> None:
    voice_id = made.voice_id("hero")
    made.declare("narrator", champion=voice("hero"))
    [move] = made.plan()["changes"]
    assert (move["action"], move["from"], move["address"]) == ("move", "hero", "champion")
    shown = made.voicectl("plan").out
    assert "~ move hero -> champion (kling): same inputs, nothing is paid" in shown
    assert shown.endswith("Plan: 1 to move. 1 unchanged.\n")
    made.apply()
    assert made.voice_id("champion") == voice_id
    assert kling.count("create") == kling.count("delete") == 0
    assert made.actions() == {}
    assert made.voicectl("output", "hero").code == 1


def test_a_saved_plan_moves_what_was_reviewed(made: CliHarness, kling: KlingService) -> None:
    made.declare("narrator", champion=voice("hero"))
    made.voicectl("plan", "--out", "a.plan", code=0)
    made.voicectl("apply", "a.plan", code=0)
    assert kling.count("create") == kling.count("delete") == 0
    assert made.actions() == {}


def test_a_move_that_was_not_reviewed_does_not_run(made: CliHarness, kling: KlingService) -> None:
    made.declare("narrator", "hero", "guest")
    made.voicectl("plan", "--out", "a.plan", code=0)
    made.declare("narrator", "guest", champion=voice("hero"))
    made.voicectl("apply", "a.plan", code=0)
    assert kling.count("create") == 1
    assert made.actions() == {"champion": "move"}


def test_many_entries_are_renamed_at_once(cli: CliHarness, kling: KlingService) -> None:
    cli.declare(*(f"npc-{n}" for n in range(30)))
    cli.apply()
    kling.calls.clear()
    cli.write({f"villager-{n}": voice(f"npc-{n}") for n in range(30)})
    assert set(cli.actions().values()) == {"move"}
    cli.apply()
    assert kling.count("create") == kling.count("delete") == 0
    assert cli.actions() == {}


def test_entries_renamed_one_after_the_other_and_in_a_ring_keep_their_voices(
    cli: CliHarness, kling: KlingService
) -> None:
    cli.declare("a", "b", "c", "d", "e")
    cli.apply()
    ids = {address: cli.voice_id(address) for address in "abcde"}
    kling.calls.clear()
    cli.declare(b=voice("a"), c=voice("b"), d=voice("e"), e=voice("d"), f=voice("c"))  # a > b > c > f, d <> e
    cli.voicectl("plan", "--out", "a.plan", code=0)
    cli.voicectl("apply", "a.plan", code=0)
    assert kling.count("create") == kling.count("delete") == 0
    now = {address: cli.voice_id(address) for address in "bcdef"}
    assert now == {"b": ids["a"], "c": ids["b"], "f": ids["c"], "d": ids["e"], "e": ids["d"]}
    assert cli.actions() == {}


def test_a_voice_moves_to_the_place_of_one_that_was_removed(made: CliHarness, kling: KlingService) -> None:
    guard = made.voice_id("narrator")
    made.declare(hero=voice("narrator"))
    made.apply()
    assert (kling.count("create"), kling.count("delete")) == (0, 1)
    assert made.voice_id("hero") == guard
    assert made.actions() == {}


def test_apply_reports_a_move_as_an_event(made: CliHarness) -> None:
    made.declare("narrator", champion=voice("hero"))
    events = made.apply("--json").events
    assert [(e["type"], e.get("action"), e.get("address")) for e in events[:-1]] == [("done", "move", "champion")]


def test_where_two_voices_fit_nothing_happens(made: CliHarness, kling: KlingService) -> None:
    made.declare("narrator", "hero", twin=voice("hero"))
    made.apply()
    kling.calls.clear()
    made.declare("narrator", champion=voice("hero"))
    blocked = made.apply(code=1)
    assert "voicectl state mv hero champion" in blocked.out
    assert "voicectl state mv twin champion" in blocked.out
    assert kling.count("create") == kling.count("delete") == 0
    made.voicectl("state", "mv", "twin", "champion", code=0)
    made.apply()
    assert kling.count("create") == 0
    assert kling.count("delete") == 1


def test_a_protected_entry_moves_with_its_protection(cli: CliHarness, kling: KlingService) -> None:
    protected = {**voice("hero"), "lifecycle": {"prevent_destroy": True}}
    cli.declare(hero=protected)
    cli.apply()
    cli.declare(champion=protected)
    cli.apply()
    assert cli.actions() == {}
    cli.write({})
    assert cli.actions() == {"champion": "blocked"}
    assert kling.bought == 1


def test_every_cloud_of_tencent_keeps_its_voices(tmp_path: Path, kling: KlingService) -> None:
    with TencentService() as tencent:
        cli = TencentCliHarness(tmp_path, kling, tencent=tencent)
        cli.write(VOICES, audio=SOUNDS)
        cli.apply()
        tencent.calls.clear()
        kling.calls.clear()
        cli.write({f"{a}-2": e for a, e in VOICES.items()}, audio={f"{a}-2": e for a, e in SOUNDS.items()})
        assert set(cli.actions().values()) == {"move"}
        cli.apply()
        assert not tencent.accepted
        assert kling.count("create") == kling.count("delete") == 0
        assert cli.actions() == {}
