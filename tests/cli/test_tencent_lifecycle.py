"""From an empty account and back to it: Kling, four kinds of Tencent's voices and a sound stand in one manifest."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import (
    CONCIERGE,
    FIREWORKS,
    HERO,
    MINI,
    SAMPLE,
    SOUNDS,
    VILLAIN,
    VOICES,
    TencentCliHarness,
    changed,
)
from tests.support.tencent_service import TencentService

EACH_ONCE = {
    "CreateAigcCustomVoice": 1,
    "CreateAigcAudioClone": 1,
    "CloneVoiceAsync": 1,
    "CreateAigcAudioTask": 1,
    "VoiceClone": 1,
    "TextToSpeechSync": 1,
}
EMPTY = ("plan", "--detailed-exitcode")


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    return TencentCliHarness(tmp_path, kling, tencent=tencent)


@pytest.fixture
def made(cli: TencentCliHarness, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    """All of it exists; what is counted begins after it."""
    cli.write(VOICES, audio=SOUNDS)
    cli.apply()
    kling.calls.clear()
    tencent.calls.clear()
    return cli


# -- one apply ---------------------------------------------------------------------------------------------------------


def test_one_apply_makes_all_of_it_and_the_second_plan_is_empty(
    cli: TencentCliHarness, kling: KlingService, tencent: TencentService
) -> None:
    cli.write(VOICES, audio=SOUNDS)
    cli.apply()
    assert (kling.bought, dict(tencent.accepted)) == (1, EACH_ONCE)
    assert "No changes. 6 voices are as declared." in cli.voicectl(*EMPTY, code=0).out
    assert dict(tencent.accepted) == EACH_ONCE


def test_what_runs_for_a_while_is_waited_for(cli: TencentCliHarness, tencent: TencentService) -> None:
    tencent.task_seconds = tencent.list_delay = 0.7
    cli.write(VOICES, audio=SOUNDS)
    cli.apply()
    assert dict(tencent.accepted) == EACH_ONCE
    cli.voicectl(*EMPTY, code=0)


def test_output_has_every_voice_id(made: TencentCliHarness, kling: KlingService, tencent: TencentService) -> None:
    told = made.voicectl("output", "--json", code=0).json
    there = {voice.voice_id for voice in tencent.living} | set(kling.voices)
    assert {told[address]["voice_id"] for address in VOICES} == there
    assert told["villain"]["voice_id"] == "villain_01"
    assert told["audio.fireworks"]["url"] == "https://files.example.com/5.mp3"
    assert {entry["status"] for entry in told.values()} == {"ready"}


def test_a_plan_after_the_apply_calls_each_list_once_and_nothing_else(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    made.voicectl(*EMPTY, code=0)
    assert [call.action for call in tencent.calls if call.action not in ("DescribeTasks", "DescribeVoices")] == []
    assert tencent.count("DescribeTasks") <= 1
    assert tencent.count("DescribeVoices") == 1


def test_what_can_not_be_verified_is_reported_and_is_not_a_difference(made: TencentCliHarness) -> None:
    drifted = made.voicectl("drift", code=0)
    assert "because its cloud can't be queried: concierge" in drifted.out
    assert "No drift." in drifted.out


def test_when_the_history_of_72_hours_is_over_nothing_is_made_again(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    for task in tencent.tasks:
        task.born -= 80 * 3600
    assert "No changes." in made.voicectl(*EMPTY, code=0).out


# -- changes -----------------------------------------------------------------------------------------------------------


def test_a_voice_of_minimax_is_renamed_in_place(made: TencentCliHarness, tencent: TencentService) -> None:
    before = made.voice_id("mini")
    made.write(
        VOICES | {"mini": changed(MINI, name="Minnie", labels=["calm", "warm"], description="Low.")}, audio=SOUNDS
    )
    assert made.actions() == {"mini": "update"}
    made.apply()
    (voice,) = [v for v in tencent.living if v.voice_id == before]
    assert voice.fields["Name"] == "Minnie"
    assert voice.fields["Description"] == "Low."
    assert {"calm", "warm"} < set(voice.fields["Labels"])  # and our marker
    assert [label for label in voice.fields["Labels"] if label.startswith("vc-")]
    assert not tencent.accepted
    made.voicectl(*EMPTY, code=0)


def test_a_voice_of_minimax_with_another_sample_is_replaced_and_the_old_one_deleted(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    before = made.voice_id("mini")
    made.write(VOICES | {"mini": changed(MINI, audio={"url": f"{SAMPLE}/second.mp3"})}, audio=SOUNDS)
    assert made.actions() == {"mini": "replace"}
    made.apply()
    assert dict(tencent.accepted) == {"CloneVoiceAsync": 1, "TextToSpeechSync": 1}
    assert [v.voice_id for v in tencent.living if v.made_by == "CloneVoiceAsync"] == [made.voice_id("mini")]
    assert made.voice_id("mini") != before
    made.voicectl(*EMPTY, code=0)


def test_a_voice_that_can_not_be_deleted_is_replaced_and_the_old_one_listed(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    before = made.voice_id("hero")
    made.write(VOICES | {"hero": changed(HERO, video_id="678")}, audio=SOUNDS)
    assert made.actions() == {"hero": "replace"}
    made.apply()
    assert dict(tencent.accepted) == {"CreateAigcCustomVoice": 1}
    assert before in made.voicectl("state", "list", "--abandoned", code=0).out
    made.voicectl(*EMPTY, code=0)


def test_a_chosen_id_is_taken_so_another_sample_asks_for_another_id(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    again = changed(VILLAIN, audio={"url": f"{SAMPLE}/second.mp3"})
    made.write(VOICES | {"villain": again}, audio=SOUNDS)
    planned = made.voicectl("plan", code=0)
    assert made.actions() == {"villain": "blocked"}
    assert "choose a new voice_id" in planned.out
    made.apply(code=1)
    assert not tencent.accepted

    made.write(VOICES | {"villain": changed(again, voice_id="villain_02")}, audio=SOUNDS)
    assert made.actions() == {"villain": "replace"}
    made.apply()
    assert made.voice_id("villain") == "villain_02"
    made.voicectl(*EMPTY, code=0)


def test_other_words_of_the_request_only_are_not_a_difference(made: TencentCliHarness, tencent: TencentService) -> None:
    quiet = {
        "hero": changed(HERO, session_context="x", tasks_priority=5, disable_moderation=True),
        "villain": changed(VILLAIN, text="Something else.", payload="p", ext_info="{}"),
        "mini": changed(MINI, language_boost="en", text="Hi.", tts_model="minimax-speech-02-hd"),
        "concierge": changed(CONCIERGE, api_key_env="SOME_KEY"),
    }
    made.write(VOICES | quiet, audio=SOUNDS)
    made.env["SOME_KEY"] = "sk-0123456789"
    made.voicectl(*EMPTY, code=0)


def test_a_moved_sample_of_the_same_bytes_is_not_a_difference(made: TencentCliHarness) -> None:
    (made.folder / "concierge.wav").rename(made.folder / "other.wav")
    made.write(VOICES | {"concierge": changed(CONCIERGE, prompt_audio={"file": "other.wav"})}, audio=SOUNDS)
    made.voicectl(*EMPTY, code=0)


# -- the end -----------------------------------------------------------------------------------------------------------


def test_destroy_deletes_what_it_can_and_lists_what_stays(
    made: TencentCliHarness, kling: KlingService, tencent: TencentService
) -> None:
    stays = {address: made.voice_id(address) for address in ("hero", "villain", "concierge")}
    made.voicectl("destroy", "--auto-approve", code=0)
    assert kling.voices == {}
    assert {voice.voice_id for voice in tencent.living} == set(stays.values())
    listed = made.voicectl("state", "list", "--abandoned", code=0).out
    assert [address for address in (*VOICES, "audio.fireworks") if f"{address} " in listed] == [
        "hero",
        "villain",
        "concierge",
        "audio.fireworks",
    ]
    assert tencent.count("DeleteVoice") == 1


def test_a_removed_voice_that_stays_is_forgotten_and_never_reported_as_deleted(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    made.write({address: entry for address, entry in VOICES.items() if address != "concierge"}, audio=SOUNDS)
    assert made.actions() == {"concierge": "forget"}
    applied = made.apply()
    assert "concierge: forget: done" in applied.out
    assert "deleted" not in applied.out
    assert "concierge" in {voice.name.partition("_")[0] for voice in tencent.living}


def test_a_forgotten_voice_that_is_declared_again_is_reused_without_a_call(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    before = {address: made.voice_id(address) for address in ("hero", "villain", "concierge")}
    made.write({"mini": MINI})
    made.apply("--allow-deletes", "5")
    made.write(VOICES, audio=SOUNDS)
    tencent.calls.clear()
    made.apply()
    assert {address: made.voice_id(address) for address in before} == before
    assert not tencent.accepted


def test_a_voice_that_was_never_activated_is_forgotten_not_deleted(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    cli.write({"mini": changed(MINI, activate=None), "hero": HERO})
    cli.apply()
    assert tencent.count("TextToSpeechSync") == 0
    cli.voicectl(*EMPTY, code=0)
    cli.write({"hero": HERO})
    assert cli.actions() == {"mini": "forget"}


def test_a_voice_is_activated_once_its_manifest_says_so(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({"mini": changed(MINI, activate=None)})
    cli.apply()
    cli.write({"mini": MINI})
    cli.apply()
    assert dict(tencent.accepted) == {"CloneVoiceAsync": 1, "TextToSpeechSync": 1}
    cli.voicectl(*EMPTY, code=0)


def test_a_voice_of_minimax_that_is_deleted_outside_is_made_again(
    made: TencentCliHarness, tencent: TencentService
) -> None:
    made.write(VOICES, audio=SOUNDS, safety={"max_recreate_percent": 100})
    tencent.delete_outside(made.voice_id("mini"))
    assert "gone" in made.voicectl("drift", code=2).out
    assert made.actions() == {"mini": "clone"}
    made.apply()
    assert dict(tencent.accepted) == {"CloneVoiceAsync": 1, "TextToSpeechSync": 1}


# -- sounds ------------------------------------------------------------------------------------------------------------


def test_an_expired_sound_stays_expired_without_on_expiry(cli: TencentCliHarness, tencent: TencentService) -> None:
    tencent.sound_lasts = -60
    cli.write({}, audio=SOUNDS)
    cli.apply()
    told = cli.voicectl("output", "--json", code=0).json
    assert told["audio.fireworks"]["status"] == "expired"
    cli.voicectl(*EMPTY, code=0)
    assert dict(tencent.accepted) == {"CreateAigcAudioTask": 1}


def test_a_sound_that_expired_is_made_again_where_the_manifest_says_so(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.sound_lasts = -60
    cli.write({}, audio={"fireworks": {**FIREWORKS, "on_expiry": "recreate"}})
    cli.apply()
    tencent.sound_lasts = 86_400
    cli.apply()
    cli.voicectl(*EMPTY, code=0)
    assert dict(tencent.accepted) == {"CreateAigcAudioTask": 2}
    assert cli.voicectl("output", "--json", code=0).json["audio.fireworks"]["status"] == "ready"


def test_a_permanent_sound_has_a_file_id_and_no_end(cli: TencentCliHarness) -> None:
    cli.write({}, audio={"fireworks": changed(FIREWORKS, output={"storage_mode": "Permanent"})})
    cli.apply()
    told = cli.voicectl("output", "--json", code=0).json["audio.fireworks"]
    assert (told["file_id"], told["expires_at"], told["status"]) == ("5280000001", None, "ready")
