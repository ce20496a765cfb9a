"""What others do on an account of Tencent's, and what a person may mistype: nothing of theirs is taken or deleted."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_desk import CONCIERGE, FIREWORKS, HERO, MINI, SAMPLE, SOUNDS, VILLAIN, TencentDesk, changed
from tests.support.tencent_service import Failure, TencentService
from tests.support.tencent_tasks import Voice


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, kling: KlingService, tencent: TencentService) -> TencentDesk:
    return TencentDesk(tmp_path, kling, tencent=tencent)


def copy_of_mini(tencent: TencentService, voice_id: str) -> Voice:
    """Somebody else's voice, with the labels of ours: our marker too."""
    (mine,) = [v for v in tencent.living if v.made_by == "CloneVoiceAsync"]
    copied = Voice(voice_id, "CloneVoiceAsync", mine.name, dict(mine.fields), used=True)
    tencent.voices.append(copied)
    return copied


def test_a_copy_of_our_labels_on_another_voice_does_not_make_it_ours_to_delete(
    desk: TencentDesk, tencent: TencentService
) -> None:
    desk.write({"mini": MINI, "hero": HERO})
    desk.apply()
    ours = desk.voice_id("mini")
    theirs = copy_of_mini(tencent, "minimax_theirs")
    desk.write({"hero": HERO})
    desk.apply()
    assert not theirs.deleted
    assert [v.deleted for v in tencent.voices if v.voice_id == ours] == [True]


def test_a_copy_of_our_labels_does_not_stand_for_a_voice_that_is_gone(
    desk: TencentDesk, tencent: TencentService
) -> None:
    desk.write({"mini": MINI}, safety={"max_recreate_percent": 100})
    desk.apply()
    copy_of_mini(tencent, "minimax_theirs")
    tencent.delete_outside(desk.voice_id("mini"))
    assert "gone" in desk.voicectl("drift", code=2).out


def test_a_reviewed_replace_that_keeps_the_old_voice_does_not_delete_it(
    desk: TencentDesk, tencent: TencentService
) -> None:
    unused = changed(MINI, activate=None)
    desk.write({"mini": unused})
    desk.apply()
    old = desk.voice_id("mini")
    desk.write({"mini": changed(unused, audio={"url": f"{SAMPLE}/second.mp3"})})
    desk.voicectl("plan", "--out", "reviewed.plan", code=0)
    (voice,) = tencent.living
    voice.used = True
    desk.voicectl("apply", "reviewed.plan", "--auto-approve", code=1)
    assert [v.voice_id for v in tencent.living] == [old]


def test_an_update_of_one_key_tells_the_others_as_they_are_declared(desk: TencentDesk, tencent: TencentService) -> None:
    described = changed(MINI, description="See https://cdn.example.com/about?page=5 for more.")
    desk.write({"mini": described})
    desk.apply()
    desk.write({"mini": changed(described, name="Minnie")})
    desk.apply()
    (voice,) = tencent.living
    assert voice.fields["Description"] == "See https://cdn.example.com/about?page=5 for more."


def test_a_name_that_is_ignored_is_not_put_back(desk: TencentDesk, tencent: TencentService) -> None:
    desk.write({"mini": {**MINI, "lifecycle": {"ignore_changes": ["name"]}}})
    desk.apply()
    (voice,) = tencent.living
    voice.fields["Name"] = "Theirs"
    assert desk.actions() == {}


def test_a_sound_that_is_always_over_already_is_bought_twice_at_most(
    desk: TencentDesk, tencent: TencentService
) -> None:
    tencent.sound_lasts = -60
    desk.write({}, audio={"fireworks": {**FIREWORKS, "on_expiry": "recreate"}})
    desk.apply()
    desk.apply()
    desk.apply(code=1)
    assert dict(tencent.accepted) == {"CreateAigcAudioTask": 2}
    assert desk.actions() == {"audio.fireworks": "blocked"}
    tencent.sound_lasts = 86_400
    desk.apply("--replace", "audio.fireworks")
    desk.voicectl("plan", "--detailed-exitcode", code=0)


def test_an_account_of_another_type_can_not_be_the_same(desk: TencentDesk, tencent: TencentService) -> None:
    desk.write({"concierge": CONCIERGE})
    desk.apply()
    moved = {"type": "tencent-vod", "sub_app_id": tencent.sub_app_id, "endpoint": tencent.url}
    path = desk.write({"concierge": {**HERO, "provider": "trtc"}})
    document = json.loads(path.read_text())
    document["providers"]["trtc"] = moved
    path.write_text(json.dumps(document))
    assert "tencent-trtc" in desk.voicectl("state", "rebind", "trtc", code=1).err
    assert desk.actions() == {"concierge": "blocked"}


def test_a_sound_gets_no_address_of_a_voice(desk: TencentDesk) -> None:
    desk.write({}, audio=SOUNDS)
    desk.apply()
    assert "sound" in desk.voicectl("state", "mv", "audio.fireworks", "hero", code=1).err
    desk.voicectl("state", "mv", "audio.fireworks", "audio.rockets", code=0)
    desk.write({}, audio={"rockets": FIREWORKS})
    desk.voicectl("plan", "--detailed-exitcode", code=0)


def test_an_imported_sound_is_its_file(desk: TencentDesk, tencent: TencentService) -> None:
    desk.write({}, audio=SOUNDS)
    desk.voicectl("import", "audio.fireworks", "https://files.example.com/own.mp3", code=0)
    told = desk.voicectl("output", "--json", code=0).json["audio.fireworks"]
    assert told["url"] == "https://files.example.com/own.mp3"
    desk.voicectl("plan", "--detailed-exitcode", code=0)
    assert not tencent.accepted


def test_a_payload_that_the_cloud_quotes_is_not_kept(desk: TencentDesk, tencent: TencentService) -> None:
    secret = "Zx81-customer-4711-Kq77"
    tencent.failing = {"villain_01": Failure(f"bad payload {secret} given")}
    desk.write({"villain": changed(VILLAIN, payload=secret)})
    applied = desk.apply(code=1)
    assert "bad payload" in applied.out
    assert secret not in applied.out + applied.err
    assert secret not in (desk.folder / "voices.state.json").read_text()


def test_a_payload_that_a_refusal_quotes_is_not_kept(desk: TencentDesk, tencent: TencentService) -> None:
    secret = "Zx81-customer-4711-Kq77"
    tencent.refuse("CreateAigcAudioClone", "InvalidParameter", f"bad payload {secret} given")
    desk.write({"villain": changed(VILLAIN, payload=secret)})
    applied = desk.apply(code=1)
    assert secret not in applied.out + applied.err
    assert secret not in (desk.folder / "voices.state.json").read_text()


def test_a_first_use_in_doubt_is_not_paid_again_because_its_voice_was_forgotten_for_a_while(
    desk: TencentDesk, tencent: TencentService
) -> None:
    desk.write({"mini": MINI, "hero": HERO})
    tencent.refuse("TextToSpeechSync", "InternalError")
    desk.apply(code=1)
    assert tencent.count("TextToSpeechSync") == 1
    desk.write({"hero": HERO})
    desk.apply()
    desk.write({"mini": MINI, "hero": HERO})
    desk.apply(code=None)
    assert tencent.count("TextToSpeechSync") == 1
    desk.apply("--retry", "mini")
    assert tencent.count("TextToSpeechSync") == 2
    desk.voicectl("plan", "--detailed-exitcode", code=0)


def test_a_pipe_is_no_sample(desk: TencentDesk) -> None:
    os.mkfifo(desk.folder / "pipe.wav")
    desk.write({"concierge": changed(CONCIERGE, prompt_audio={"file": "pipe.wav"})})
    assert "not a regular file" in desk.voicectl("validate", code=1).err
