"""From an empty account and back to it: apply, plan, drift, destroy, as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.desk import Desk, voice
from tests.support.kling_service import Deleted, KlingService

FIFTY = tuple(f"voice-{number:02}" for number in range(50))


def test_fifty_voices_are_fifty_creates_and_a_plan_after_it_has_none(desk: Desk, kling: KlingService) -> None:
    desk.declare(*FIFTY)
    desk.apply()
    assert kling.bought == kling.count("create") == 50
    assert sorted(task.name for task in kling.voices.values()) == sorted(FIFTY)

    planned = desk.voicectl("plan", "--detailed-exitcode", code=0)
    assert "No changes. 50 voices are as declared." in planned.out
    desk.apply()
    assert kling.count("create") == 50


def test_an_endpoint_may_have_a_path_prefix(tmp_path: Path) -> None:
    with KlingService(prefix="/company/kling") as kling:
        desk = Desk(tmp_path, kling)
        desk.declare("narrator")
        desk.apply()
        assert kling.bought == 1
        assert {call.path.partition("?")[0] for call in kling.calls} == {
            "/company/kling/v1/general/custom-voices",
            f"/company/kling/v1/general/custom-voices/{kling.tasks[0].external_task_id}",
        }


def test_an_api_key_is_enough(desk: Desk, kling: KlingService) -> None:
    desk.env = {k: v for k, v in desk.env.items() if not k.startswith("KLING_")} | {"KLING_API_KEY": kling.api_key}
    desk.declare("narrator")
    desk.apply()
    assert kling.bought == 1


def test_without_credentials_no_call_is_made_and_the_variables_are_named(desk: Desk, kling: KlingService) -> None:
    desk.env = {k: v for k, v in desk.env.items() if not k.startswith("KLING_")}
    desk.declare("narrator")
    shown = desk.voicectl("plan", code=0)
    assert "KLING_API_KEY" in shown.out
    assert "KLING_ACCESS_KEY" in shown.out
    desk.apply(code=1)
    assert kling.calls == []


def test_a_plan_with_changes_exits_0_and_2_only_when_asked(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    assert desk.voicectl("plan").code == 0
    assert desk.voicectl("plan", "--detailed-exitcode").code == 2
    assert kling.count("create") == 0
    assert desk.files() == {}


def test_the_state_lies_beside_the_manifest(desk: Desk) -> None:
    (desk.folder / "prod").mkdir()
    desk.declare("narrator", file="prod/voices.yaml")
    desk.apply("-f", "prod/voices.yaml")
    assert (desk.folder / "prod/voices.state.json").is_file()
    assert not (desk.folder / "voices.state.json").exists()


def test_a_voice_deleted_behind_its_back_is_drift_and_made_anew(desk: Desk, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    desk.declare("narrator", "hero")
    desk.apply()
    lost = desk.voice_id("hero")
    kling.delete_outside(lost)

    drifted = desk.voicectl("drift", code=2)
    assert f'voice_id  "{lost}" -> (none)' in drifted.out
    assert desk.actions() == {"hero": "create"}
    desk.apply()
    assert kling.bought == 3
    assert desk.voice_id("hero") != lost
    assert desk.actions() == {}
    assert desk.voicectl("drift").code == 0


def test_a_voice_renamed_behind_its_back_is_drift_and_never_bought_again(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    desk.apply()
    kling.rename_outside(desk.voice_id("narrator"), "Somebody")

    assert 'voice_name  "narrator" -> "Somebody"' in desk.voicectl("drift", code=2).out
    assert desk.voicectl("plan", "--detailed-exitcode").code == 0
    desk.apply()
    assert kling.bought == 1


def test_drift_exits_0_when_nothing_drifted(desk: Desk) -> None:
    desk.declare("narrator")
    desk.apply()
    assert desk.voicectl("drift", code=0).out == "No drift.\n"


def test_destroy_leaves_none_of_ours_and_every_foreign_voice(desk: Desk, kling: KlingService) -> None:
    foreign = kling.add_foreign("Somebody's", "Kling's own")
    desk.declare("narrator", "hero", "villain")
    desk.apply()
    desk.voicectl("destroy", "--auto-approve", code=0)
    assert set(kling.voices) == set(foreign)
    assert kling.count("delete") == 3
    assert "There is nothing to destroy." in desk.voicectl("destroy", "--auto-approve", code=0).out


@pytest.mark.parametrize("looks", list(Deleted))
def test_destroyed_and_applied_again_each_voice_is_made_anew_once(
    desk: Desk, kling: KlingService, looks: Deleted
) -> None:
    kling.deleted_voices = looks
    desk.declare("narrator", "hero", "villain")
    desk.apply()
    before = set(kling.voices)
    desk.voicectl("destroy", "--auto-approve", code=0)
    assert kling.voices == {}

    desk.apply()
    assert kling.bought == 6
    assert len(kling.voices) == 3
    assert before.isdisjoint(kling.voices)
    assert desk.voicectl("plan", "--detailed-exitcode").code == 0
    assert desk.voicectl("drift").code == 0


@pytest.mark.parametrize("looks", [Deleted.VANISHES, Deleted.STAYS])
def test_a_replaced_voice_is_gone_for_good(desk: Desk, kling: KlingService, looks: Deleted) -> None:
    kling.deleted_voices = looks
    desk.declare("narrator", "hero")
    desk.apply()
    old = desk.voice_id("hero")
    desk.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/better.mp3"))
    assert desk.actions() == {"hero": "replace"}
    desk.apply()
    assert kling.bought == 3
    assert old not in kling.voices
    assert set(kling.voices) == {desk.voice_id("narrator"), desk.voice_id("hero")}
    assert desk.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_voice_that_left_the_manifest_is_deleted(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator", "hero")
    desk.apply()
    kept = desk.voice_id("narrator")
    desk.declare("narrator")
    assert desk.actions() == {"hero": "delete"}
    desk.apply()
    assert set(kling.voices) == {kept}
    assert desk.voicectl("output", "--json", code=0).json.keys() == {"narrator"}


def test_an_official_voice_is_exported_and_never_deleted(desk: Desk, kling: KlingService) -> None:
    owen = next(iter(kling.presets))
    desk.write({"owen": {"provider": "kling", "preset": {"voice_id": owen}}})
    desk.apply()
    assert desk.voice_id("owen") == owen
    desk.voicectl("destroy", "--auto-approve", code=0)
    assert kling.count("create") == kling.count("delete") == 0


def test_labels_change_the_state_only(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    desk.apply()
    desk.declare(narrator=voice("narrator") | {"labels": {"team": "film"}})
    assert desk.actions() == {"narrator": "update"}
    desk.apply()
    assert desk.voicectl("output", "--json").json["narrator"]["labels"] == {"team": "film"}
    assert kling.count("create") == 1
    assert desk.actions() == {}


def test_replace_asks_for_a_new_voice_of_the_same_inputs(desk: Desk, kling: KlingService) -> None:
    desk.declare("narrator")
    desk.apply()
    old = desk.voice_id("narrator")
    desk.apply("--replace", "narrator")
    assert kling.bought == 2
    assert desk.voice_id("narrator") != old
    assert len(kling.voices) == 1


def test_a_large_deletion_is_asked_for_by_its_exact_number(desk: Desk, kling: KlingService) -> None:
    desk.declare(*FIFTY[:10])
    desk.apply()
    desk.declare(*FIFTY[:6])
    stopped = desk.apply(code=1)
    assert "4 of 10 recorded voices" in stopped.err
    assert "--allow-deletes 4" in stopped.err
    desk.apply("--allow-deletes", "3", code=1)
    assert kling.count("delete") == 0
    desk.apply("--allow-deletes", "4")
    assert len(kling.voices) == 6


def test_buying_many_gone_voices_again_is_asked_for_by_their_exact_number(desk: Desk, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    desk.declare(*FIFTY[:10])
    desk.apply()
    for voice_id in list(kling.voices)[:4]:
        kling.delete_outside(voice_id)
    assert "--allow-recreates 4" in desk.apply(code=1).out
    assert kling.bought == 10
    desk.apply("--allow-recreates", "4")
    assert kling.bought == 14
