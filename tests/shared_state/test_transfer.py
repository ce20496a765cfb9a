"""`state mv --to-manifest` out of a shared state and back, with each engine."""

from __future__ import annotations

from dataclasses import replace

from tests.shared_state.conftest import Desk, Team


def two_manifests(team: Team) -> tuple[Desk, Desk]:
    """Two manifests in one folder, the second with a local state. The first has made two voices."""
    here = team.desk()
    there = replace(here, manifest="games.yaml", state_settings={"url": "local"})
    here.declare("npc", "hero")
    here.apply()
    there.declare("npc")
    return here, there


def test_a_voice_moves_out_of_a_shared_state_and_back(team: Team) -> None:
    here, there = two_manifests(team)
    held = here.voice_id("npc")
    here.voicectl("state", "mv", "--to-manifest", "games.yaml", "npc", code=0)
    here.declare("hero")
    assert here.actions() == there.actions() == {}
    assert there.voice_id("npc") == held
    here.declare("npc", "hero")
    there.voicectl("state", "mv", "--to-manifest", "voices.yaml", "npc", code=0)
    assert here.actions() == {}
    assert here.voice_id("npc") == held
    assert team.kling.bought == 2
