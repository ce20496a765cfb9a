"""From an empty account and back to it: apply, plan, drift, destroy, as a person runs them."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import Deleted, KlingService

FIFTY = tuple(f"voice-{number:02}" for number in range(50))


def test_fifty_voices_are_fifty_creates_and_a_plan_after_it_has_none(cli: CliHarness, kling: KlingService) -> None:
    cli.declare(*FIFTY)
    cli.apply()
    assert kling.bought == kling.count("create") == 50
    assert sorted(task.name for task in kling.voices.values()) == sorted(FIFTY)

    planned = cli.voicectl("plan", "--detailed-exitcode", code=0)
    assert "No changes. 50 voices are as declared." in planned.out
    cli.apply()
    assert kling.count("create") == 50


def test_an_endpoint_may_have_a_path_prefix(tmp_path: Path) -> None:
    with KlingService(prefix="/company/kling") as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator")
        cli.apply()
        assert kling.bought == 1
        assert {call.path.partition("?")[0] for call in kling.calls} == {
            "/company/kling/v1/general/custom-voices",
            f"/company/kling/v1/general/custom-voices/{kling.tasks[0].external_task_id}",
        }


def test_an_api_key_is_enough(cli: CliHarness, kling: KlingService) -> None:
    cli.env = {k: v for k, v in cli.env.items() if not k.startswith("KLING_")} | {"KLING_API_KEY": kling.api_key}
    cli.declare("narrator")
    cli.apply()
    assert kling.bought == 1


def test_without_credentials_no_call_is_made_and_the_variables_are_named(cli: CliHarness, kling: KlingService) -> None:
    cli.env = {k: v for k, v in cli.env.items() if not k.startswith("KLING_")}
    cli.declare("narrator")
    shown = cli.voicectl("plan", code=0)
    assert "KLING_API_KEY" in shown.out
    assert "KLING_ACCESS_KEY" in shown.out
    cli.apply(code=1)
    assert kling.calls == []


def test_a_plan_with_changes_exits_0_and_2_only_when_asked(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    assert cli.voicectl("plan").code == 0
    assert cli.voicectl("plan", "--detailed-exitcode").code == 2
    assert kling.count("create") == 0
    assert cli.files() == {}


def test_the_state_lies_beside_the_manifest(cli: CliHarness) -> None:
    (cli.folder / "prod").mkdir()
    cli.declare("narrator", file="prod/voices.yaml")
    cli.apply("-f", "prod/voices.yaml")
    assert (cli.folder / "prod/voices.state.json").is_file()
    assert not (cli.folder / "voices.state.json").exists()


def test_a_voice_deleted_outside_of_voicectl_is_drift_and_made_again(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    cli.declare("narrator", "hero")
    cli.apply()
    lost = cli.voice_id("hero")
    kling.delete_outside(lost)

    drifted = cli.voicectl("drift", code=2)
    assert f'voice_id  "{lost}" -> (none)' in drifted.out
    assert cli.actions() == {"hero": "create"}
    cli.apply()
    assert kling.bought == 3
    assert cli.voice_id("hero") != lost
    assert cli.actions() == {}
    assert cli.voicectl("drift").code == 0


def test_a_voice_renamed_outside_of_voicectl_is_drift_and_never_bought_again(
    cli: CliHarness, kling: KlingService
) -> None:
    cli.declare("narrator")
    cli.apply()
    kling.rename_outside(cli.voice_id("narrator"), "Somebody")

    assert 'voice_name  "narrator" -> "Somebody"' in cli.voicectl("drift", code=2).out
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    cli.apply()
    assert kling.bought == 1


def test_drift_exits_0_when_nothing_drifted(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    assert cli.voicectl("drift", code=0).out == "No drift.\n"


def test_destroy_leaves_none_of_ours_and_every_foreign_voice(cli: CliHarness, kling: KlingService) -> None:
    foreign = kling.add_foreign("Somebody's", "Kling's own")
    cli.declare("narrator", "hero", "villain")
    cli.apply()
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert set(kling.voices) == set(foreign)
    assert kling.count("delete") == 3
    assert "There is nothing to destroy." in cli.voicectl("destroy", "--auto-approve", code=0).out


@pytest.mark.parametrize("looks", list(Deleted))
def test_destroyed_and_applied_again_each_voice_is_made_again_once(
    cli: CliHarness, kling: KlingService, looks: Deleted
) -> None:
    kling.deleted_voices = looks
    cli.declare("narrator", "hero", "villain")
    cli.apply()
    before = set(kling.voices)
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert kling.voices == {}

    cli.apply()
    assert kling.bought == 6
    assert len(kling.voices) == 3
    assert before.isdisjoint(kling.voices)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert cli.voicectl("drift").code == 0


@pytest.mark.parametrize("looks", [Deleted.VANISHES, Deleted.STAYS])
def test_a_replaced_voice_is_gone_for_good(cli: CliHarness, kling: KlingService, looks: Deleted) -> None:
    kling.deleted_voices = looks
    cli.declare("narrator", "hero")
    cli.apply()
    old = cli.voice_id("hero")
    cli.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/better.mp3"))
    assert cli.actions() == {"hero": "replace"}
    cli.apply()
    assert kling.bought == 3
    assert old not in kling.voices
    assert set(kling.voices) == {cli.voice_id("narrator"), cli.voice_id("hero")}
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_voice_that_left_the_manifest_is_deleted(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator", "hero")
    cli.apply()
    kept = cli.voice_id("narrator")
    cli.declare("narrator")
    assert cli.actions() == {"hero": "delete"}
    cli.apply()
    assert set(kling.voices) == {kept}
    assert cli.voicectl("output", "--json", code=0).json.keys() == {"narrator"}


def test_an_official_voice_is_exported_and_never_deleted(cli: CliHarness, kling: KlingService) -> None:
    owen = next(iter(kling.presets))
    cli.write({"owen": {"provider": "kling", "preset": {"voice_id": owen}}})
    cli.apply()
    assert cli.voice_id("owen") == owen
    cli.voicectl("destroy", "--auto-approve", code=0)
    assert kling.count("create") == kling.count("delete") == 0


def test_labels_change_the_state_only(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    cli.apply()
    cli.declare(narrator=voice("narrator") | {"labels": {"team": "film"}})
    assert cli.actions() == {"narrator": "update"}
    cli.apply()
    assert cli.voicectl("output", "--json").json["narrator"]["labels"] == {"team": "film"}
    assert kling.count("create") == 1
    assert cli.actions() == {}


def test_replace_asks_for_a_new_voice_of_the_same_inputs(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("narrator")
    cli.apply()
    old = cli.voice_id("narrator")
    cli.apply("--replace", "narrator")
    assert kling.bought == 2
    assert cli.voice_id("narrator") != old
    assert len(kling.voices) == 1


def test_a_large_deletion_needs_its_exact_number(cli: CliHarness, kling: KlingService) -> None:
    cli.declare(*FIFTY[:10])
    cli.apply()
    cli.declare(*FIFTY[:6])
    stopped = cli.apply(code=1)
    assert "4 of 10 recorded voices" in stopped.err
    assert "--allow-deletes 4" in stopped.err
    cli.apply("--allow-deletes", "3", code=1)
    assert kling.count("delete") == 0
    cli.apply("--allow-deletes", "4")
    assert len(kling.voices) == 6


def test_creating_many_missing_voices_again_needs_their_exact_number(cli: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    cli.declare(*FIFTY[:10])
    cli.apply()
    for voice_id in list(kling.voices)[:4]:
        kling.delete_outside(voice_id)
    assert "--allow-recreates 4" in cli.apply(code=1).out
    assert kling.bought == 10
    cli.apply("--allow-recreates", "4")
    assert kling.bought == 14
