"""Lost replies, failed tasks and limits of Tencent's clouds, as one run after the other meets them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.kling_service import KlingService
from tests.support.tencent_cli_harness import CONCIERGE, HERO, MINI, SOUNDS, VILLAIN, VOICES, TencentCliHarness, changed
from tests.support.tencent_service import RATES, Failure, Spoil, TencentService

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


KNOWN = "InvalidParameterValue.SessionId"
LOST = [(how, KNOWN) for how in Spoil]
LOST += [(Spoil.REPLY_LOST, code) for code in ("FailedOperation.TaskDuplicate", "FailedOperation", "InvalidParameter")]


@pytest.mark.parametrize(("how", "code"), LOST, ids=lambda told: getattr(told, "name", told))
def test_a_lost_reply_of_vod_is_settled_and_nothing_is_bought_twice(
    how: Spoil, code: str, cli: TencentCliHarness, tencent: TencentService
) -> None:
    vod = {"hero": HERO, "villain": VILLAIN, "mini": MINI}
    for action in ("CreateAigcCustomVoice", "CreateAigcAudioClone", "CloneVoiceAsync", "TextToSpeechSync"):
        tencent.spoil(action, how)
        tencent.duplicate_code[action] = code
    cli.write(vod)
    cli.apply(code=None)
    cli.apply(code=None)
    cli.voicectl(*EMPTY, code=0)
    assert set(tencent.sessions.values()) == {1}
    assert len(tencent.living) == 3
    assert tencent.accepted["TextToSpeechSync"] == 1


@pytest.mark.parametrize("how", Spoil, ids=lambda how: how.name)
def test_a_lost_reply_of_trtc_stops_that_voice_and_no_other(
    how: Spoil, cli: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.spoil("VoiceClone", how)
    cli.write(VOICES, audio=SOUNDS)
    cli.apply(code=1)
    assert cli.actions() == {"concierge": "blocked"}
    cli.apply(code=1)
    assert dict(tencent.accepted) == EACH_ONCE
    told = cli.voicectl("plan", code=0).out
    assert "voicectl resolve concierge --voice-id ID" in told
    assert "--retry" in told


def test_the_user_says_which_voice_the_lost_reply_made(cli: TencentCliHarness, tencent: TencentService) -> None:
    tencent.spoil("VoiceClone", Spoil.REPLY_LOST)
    cli.write({"concierge": CONCIERGE})
    cli.apply(code=1)
    (voice,) = tencent.living
    cli.voicectl("resolve", "concierge", "--voice-id", voice.voice_id, code=0)
    cli.voicectl(*EMPTY, code=0)
    assert cli.voice_id("concierge") == voice.voice_id
    assert tencent.count("VoiceClone") == 1


def test_the_user_asks_to_pay_again(cli: TencentCliHarness, tencent: TencentService) -> None:
    tencent.spoil("VoiceClone", Spoil.REPLY_LOST)
    cli.write({"concierge": CONCIERGE})
    cli.apply(code=1)
    cli.voicectl("resolve", "concierge", "--retry", code=0)
    cli.apply()
    cli.voicectl(*EMPTY, code=0)
    assert tencent.count("VoiceClone") == 2


@pytest.mark.parametrize("how", Spoil, ids=lambda how: how.name)
def test_a_lost_reply_of_a_sound_never_buys_a_second_one(
    how: Spoil, cli: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.spoil("CreateAigcAudioTask", how)
    cli.write({}, audio=SOUNDS)
    cli.apply(code=None)
    cli.apply(code=None)
    assert dict(tencent.accepted) == {"CreateAigcAudioTask": 1}


@pytest.mark.parametrize("ext", ["FailedOperation", ""])
def test_a_task_that_failed_is_reported_in_the_cloud_s_words_and_not_bought_again(
    ext: str, cli: TencentCliHarness, tencent: TencentService
) -> None:
    failure = Failure("the sample has two speakers", code=0 if ext else 60000, ext=ext)
    tencent.failing = dict.fromkeys(("Hero", "villain_01", "Mini", "Fireworks at a spring festival"), failure)
    cli.write({"hero": HERO, "villain": VILLAIN, "mini": MINI}, audio=SOUNDS)
    assert "the sample has two speakers" in cli.apply(code=1).out
    cli.apply(code=1)
    assert set(cli.actions().values()) == {"blocked"}
    assert sum(tencent.accepted.values()) == 4


def test_an_id_that_is_taken_on_the_account_is_reported_and_not_bought_again(
    cli: TencentCliHarness, tencent: TencentService
) -> None:
    tencent.failing = {"villain_01": Failure("voice clone voice id duplicate")}
    cli.write({"villain": VILLAIN})
    assert "voice clone voice id duplicate" in cli.apply(code=1).out
    cli.apply(code=1)
    assert dict(tencent.accepted) == {"CreateAigcAudioClone": 1}


@pytest.mark.parametrize("code", ["RequestLimitExceeded", "RequestLimitExceeded.UinLimitExceeded"])
def test_calls_that_are_over_the_limit_wait_and_continue(
    code: str, cli: TencentCliHarness, tencent: TencentService
) -> None:
    actions = ("CreateAigcCustomVoice", "CloneVoiceAsync", "VoiceClone", "TextToSpeechSync")
    for action in actions:
        tencent.refuse(action, code, times=2)
    cli.write({"hero": HERO, "mini": MINI, "concierge": CONCIERGE})
    cli.apply()
    assert [tencent.count(action) for action in actions] == [3, 3, 3, 3]
    assert len(tencent.living) == 3


def test_fifty_voices_keep_to_the_vendors_calls_a_second(cli: TencentCliHarness, tencent: TencentService) -> None:
    tencent.rate_limits = RATES
    cli.write({f"v{i}": changed(HERO, voice_name=f"V{i}") for i in range(50)})
    cli.apply()
    assert sum(call.code == "RequestLimitExceeded" for call in tencent.calls) <= 1  # a busy machine bunches some
    assert dict(tencent.accepted) == {"CreateAigcCustomVoice": 50}
