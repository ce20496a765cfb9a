"""What others do on an account of Tencent's, and what a person may mistype: nothing of theirs is taken or deleted."""

from __future__ import annotations

import json
import os
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
    TencentCliHarness,
    changed,
)
from tests.support.tencent_service import Failure, TencentService
from tests.support.tencent_tasks import Voice


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentCliHarness:
    return TencentCliHarness(tmp_path, kling, tencent=tencent)


def copy_of_mini(tencent: TencentService, voice_id: str) -> Voice:
    """Somebody else's voice, with the labels of ours: our marker too."""
    (mine,) = [v for v in tencent.living if v.made_by == "CloneVoiceAsync"]
    copied = Voice(voice_id, "CloneVoiceAsync", mine.name, dict(mine.fields), used=True)
    tencent.voices.append(copied)
    return copied


def test_a_copy_of_our_labels_on_another_voice_does_not_make_it_ours_to_delete(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    cli.write({"mini": MINI, "hero": HERO})
    cli.apply()
    ours = cli.voice_id("mini")
    theirs = copy_of_mini(tencent, "minimax_theirs")
    cli.write({"hero": HERO})
    cli.apply()
    assert not theirs.deleted
    assert [v.deleted for v in tencent.voices if v.voice_id == ours] == [True]


def test_a_copy_of_our_labels_does_not_replace_a_deleted_voice(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({"mini": MINI}, safety={"max_recreate_percent": 100})
    cli.apply()
    copy_of_mini(tencent, "minimax_theirs")
    tencent.delete_outside(cli.voice_id("mini"))
    assert "gone" in cli.voicectl("drift", code=2).out


def test_a_reviewed_replace_that_keeps_the_old_voice_does_not_delete_it(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    unused = changed(MINI, activate=None)
    cli.write({"mini": unused})
    cli.apply()
    old = cli.voice_id("mini")
    cli.write({"mini": changed(unused, audio={"url": f"{SAMPLE}/second.mp3"})})
    cli.voicectl("plan", "--out", "reviewed.plan", code=0)
    (voice,) = tencent.living
    voice.used = True
    cli.voicectl("apply", "reviewed.plan", "--auto-approve", code=4)
    assert [v.voice_id for v in tencent.living] == [old]


def test_an_update_of_one_key_sends_the_others_as_declared(cli: TencentCliHarness, tencent: TencentService) -> None:
    described = changed(MINI, description="See https://cdn.example.com/about?page=5 for more.")
    cli.write({"mini": described})
    cli.apply()
    cli.write({"mini": changed(described, name="Minnie")})
    cli.apply()
    (voice,) = tencent.living
    assert voice.fields["Description"] == "See https://cdn.example.com/about?page=5 for more."


def test_an_ignored_name_is_not_restored(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({"mini": {**MINI, "lifecycle": {"ignore_changes": ["name"]}}})
    cli.apply()
    (voice,) = tencent.living
    voice.fields["Name"] = "Theirs"
    assert cli.actions() == {}


def test_a_sound_that_is_always_expired_is_bought_twice_at_most(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.sound_lasts = -60
    cli.write({}, audio={"fireworks": {**FIREWORKS, "on_expiry": "recreate"}})
    cli.apply()
    cli.apply()
    cli.apply(code=1)
    assert dict(tencent.accepted) == {"CreateAigcAudioTask": 2}
    assert cli.actions() == {"audio.fireworks": "blocked"}
    tencent.sound_lasts = 86_400
    cli.apply("--replace", "audio.fireworks")
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def test_an_account_of_another_type_can_not_be_the_same(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({"concierge": CONCIERGE})
    cli.apply()
    moved = {"type": "tencent-vod", "sub_app_id": tencent.sub_app_id, "endpoint": tencent.url}
    path = cli.write({"concierge": {**HERO, "provider": "trtc"}})
    document = json.loads(path.read_text())
    document["providers"]["trtc"] = moved
    path.write_text(json.dumps(document))
    assert "tencent-trtc" in cli.voicectl("state", "rebind", "trtc", code=1).err
    assert cli.actions() == {"concierge": "blocked"}


def test_a_sound_gets_no_address_of_a_voice(cli: TencentCliHarness) -> None:
    cli.write({}, audio=SOUNDS)
    cli.apply()
    assert "sound" in cli.voicectl("state", "mv", "audio.fireworks", "hero", code=1).err
    cli.voicectl("state", "mv", "audio.fireworks", "audio.rockets", code=0)
    cli.write({}, audio={"rockets": FIREWORKS})
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def test_an_imported_sound_is_its_file(cli: TencentCliHarness, tencent: TencentService) -> None:
    cli.write({}, audio=SOUNDS)
    cli.voicectl("import", "audio.fireworks", "https://files.example.com/own.mp3", code=0)
    told = cli.voicectl("output", "--json", code=0).json["audio.fireworks"]
    assert told["url"] == "https://files.example.com/own.mp3"
    cli.voicectl("plan", "--detailed-exitcode", code=0)
    assert not tencent.accepted


def test_a_payload_that_the_cloud_quotes_is_not_kept(cli: TencentCliHarness, tencent: TencentService) -> None:
    secret = "Zx81-customer-4711-Kq77"
    tencent.failing = {"villain_01": Failure(f"bad payload {secret} given")}
    cli.write({"villain": changed(VILLAIN, payload=secret)})
    applied = cli.apply(code=1)
    assert "bad payload" in applied.out
    assert secret not in applied.out + applied.err
    assert secret not in (cli.folder / "voices.state.json").read_text()


def test_a_payload_that_a_refusal_quotes_is_not_kept(cli: TencentCliHarness, tencent: TencentService) -> None:
    secret = "Zx81-customer-4711-Kq77"
    tencent.refuse("CreateAigcAudioClone", "InvalidParameter", f"bad payload {secret} given")
    cli.write({"villain": changed(VILLAIN, payload=secret)})
    applied = cli.apply(code=1)
    assert secret not in applied.out + applied.err
    assert secret not in (cli.folder / "voices.state.json").read_text()


def test_a_first_use_in_doubt_is_not_paid_again_because_its_voice_was_forgotten_for_a_while(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    cli.write({"mini": MINI, "hero": HERO})
    tencent.refuse("TextToSpeechSync", "InternalError")
    cli.apply(code=1)
    assert tencent.count("TextToSpeechSync") == 1
    cli.write({"hero": HERO})
    cli.apply()
    cli.write({"mini": MINI, "hero": HERO})
    cli.apply(code=None)
    assert tencent.count("TextToSpeechSync") == 1
    cli.apply("--retry", "mini")
    assert tencent.count("TextToSpeechSync") == 2
    cli.voicectl("plan", "--detailed-exitcode", code=0)


def test_a_pipe_is_not_a_sample(cli: TencentCliHarness) -> None:
    os.mkfifo(cli.folder / "pipe.wav")
    cli.write({"concierge": changed(CONCIERGE, prompt_audio={"file": "pipe.wav"})})
    assert "not a regular file" in cli.voicectl("validate", code=1).err
