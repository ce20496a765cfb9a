"""The vendors' limits, exact to one sample: each fault shows the measured value and the limit."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import replace

import pytest

from reconciler.audio.file import AudioFile, Unreadable
from reconciler.audio.limits import LARGEST_FILE, AudioLimits, faults, size_fault
from reconciler.providers.kling import samples as kling
from reconciler.providers.tencent.trtc import samples as trtc
from reconciler.providers.tencent.vod import samples as vod

WAV = AudioFile("wav", "pcm_s16le", 12.0, 16_000, 1, 16, 384_044, "0" * 64)
MP3 = AudioFile("mp3", "mp3", 12.0, 44_100, 2, None, 192_000, "1" * 64)
UNSEEN_MP3 = Unreadable("is mp3, and reading it takes PyAV: …", 192_000, "1" * 64, "mp3", unseen=True)
UNSEEN_FLAC = Unreadable("is flac, which voicectl can't look into", 192_000, "2" * 64, "flac", unseen=True)
PAGE = Unreadable("is an HTML page, not audio", 500, "3" * 64)


@pytest.mark.parametrize(
    ("limits", "taken", "refused"),
    [
        (kling.VOICE_URL, (5, 30), (4.9999, 30.0001)),
        (vod.VOICE_URL, (5, 30), (4.9999, 30.0001)),
        (vod.CLONE_AUDIO, (10, 300), (9.9999, 300.0001)),
        (vod.CLONE_PROMPT, (0.5, 7.9999), (8, 8.0001)),
        (trtc.PROMPT, (10, 180), (9.9999, 180.0001)),
        (vod.MINIMAX_BYTES, (0.1, 7200), ()),
        (vod.MINIMAX_ADVICE, (10, 300), (9.9999, 300.0001)),
    ],
    ids=lambda value: value.source if isinstance(value, AudioLimits) else "",
)
def test_the_length_is_checked_to_the_sample(
    limits: AudioLimits, taken: Sequence[float], refused: Sequence[float]
) -> None:
    assert [faults(replace(WAV, seconds=seconds), limits) for seconds in taken] == [[] for _ in taken]
    assert [len(faults(replace(WAV, seconds=seconds), limits)) for seconds in refused] == [1 for _ in refused]


@pytest.mark.parametrize(
    ("limits", "seconds", "fault"),
    [
        (trtc.PROMPT, 4.2, "prompt_audio is 4.2 s long; TRTC VoiceClone takes 10 to 180 s"),
        (trtc.PROMPT, 9.96, "prompt_audio is 9.96 s long; TRTC VoiceClone takes 10 to 180 s"),
        (trtc.PROMPT, 180.00006, "prompt_audio is 180.0001 s long; TRTC VoiceClone takes 10 to 180 s"),
        (kling.VOICE_URL, 31.0, "voice_url is 31.0 s long; Kling takes 5 to 30 s"),
        (vod.CLONE_PROMPT, 8.0, "prompt_audio is 8.0 s long; VOD CreateAigcAudioClone takes less than 8 s"),
        (vod.MINIMAX_ADVICE, 3.0, "audio is 3.0 s long; MiniMax, whose model this is, takes 10 to 300 s"),
    ],
)
def test_a_length_is_shown_with_the_digits_that_break_the_limit(
    limits: AudioLimits, seconds: float, fault: str
) -> None:
    assert faults(replace(WAV, seconds=seconds), limits) == [fault]


@pytest.mark.parametrize(
    ("limits", "containers"),
    [
        (kling.VOICE_URL, "mp3 wav mp4 mov"),
        (vod.VOICE_URL, "mp3 wav mp4 mov"),
        (vod.CLONE_AUDIO, "mp3 m4a wav"),
        (vod.CLONE_PROMPT, "mp3 m4a wav"),
        pytest.param(trtc.PROMPT, "mp3 m4a wav mp4 mov", marks=pytest.mark.audio),
        (vod.MINIMAX_BYTES, "mp3 m4a wav mp4 mov flac"),
    ],
    ids=lambda value: value.source if isinstance(value, AudioLimits) else "",
)
def test_the_formats_are_the_vendors(limits: AudioLimits, containers: str) -> None:
    every = ["mp3", "m4a", "wav", "mp4", "mov", "flac"]
    seconds = 7.0 if limits is vod.CLONE_PROMPT else 12.0
    taken = [c for c in every if not faults(replace(MP3, container=c, video=True, seconds=seconds), limits)]
    assert sorted(taken) == sorted(containers.split())


def test_a_format_is_reported_with_those_that_are_taken() -> None:
    assert faults(replace(MP3, container="m4a"), kling.VOICE_URL) == [
        "voice_url is m4a; Kling takes mp3, wav, mp4 and mov"
    ]


def test_an_mp4_of_sound_alone_is_an_m4a() -> None:
    assert faults(replace(MP3, container="mp4"), vod.CLONE_AUDIO) == []


def test_the_largest_file_is_20_mb() -> None:
    assert faults(replace(WAV, size=20_971_520), vod.CLONE_AUDIO) == []
    assert faults(replace(WAV, size=20_971_521), vod.CLONE_AUDIO) == [
        "audio is 20,971,521 bytes; VOD CreateAigcAudioClone takes at most 20 MB (20,971,520 bytes)"
    ]


def test_minimax_bytes_fit_into_one_request_with_the_rest() -> None:
    largest = vod.MINIMAX_BYTES.largest
    assert largest is not None
    assert 10 * 1024 * 1024 - 65_536 - 4 < (largest + 2) // 3 * 4 <= 10 * 1024 * 1024 - 65_536
    assert faults(replace(WAV, size=largest), vod.MINIMAX_BYTES) == []
    assert faults(replace(WAV, size=8_000_000), vod.MINIMAX_BYTES) == [
        "audio is 8,000,000 bytes; VOD CloneVoiceAsync takes at most 7.45 MB (7,815,168 bytes): its request of at most "
        "10 MB holds them in base64"
    ]


def test_a_file_too_large_to_be_read_is_refused_by_its_size_alone() -> None:
    assert size_fault(LARGEST_FILE, trtc.PROMPT) is None
    assert size_fault(300_000_000, trtc.PROMPT) == (
        "prompt_audio is 300,000,000 bytes; voicectl takes at most 256 MB (268,435,456 bytes)"
    )


def test_all_faults_are_reported_at_once() -> None:
    long = replace(MP3, container="mov", seconds=301.0, size=30_000_000, cut_off=True)
    assert faults(long, vod.CLONE_AUDIO) == [
        "audio is 30,000,000 bytes; VOD CreateAigcAudioClone takes at most 20 MB (20,971,520 bytes)",
        "audio is mov; VOD CreateAigcAudioClone takes mp3, m4a and wav",
        "audio is cut off: its header announces more than the file holds",
        "audio is 301.0 s long; VOD CreateAigcAudioClone takes 10 to 300 s",
    ]


def test_what_is_not_audio_has_no_other_fault() -> None:
    assert faults(PAGE, kling.VOICE_URL) == ["voice_url is an HTML page, not audio"]


def test_an_unreadable_sample_is_refused_where_its_length_matters() -> None:
    assert faults(UNSEEN_MP3, trtc.PROMPT) == ["prompt_audio is mp3, and reading it takes PyAV: …"]
    assert faults(UNSEEN_MP3, vod.MINIMAX_BYTES) == []


def test_a_format_that_is_not_taken_needs_no_second_reason() -> None:
    assert faults(UNSEEN_FLAC, trtc.PROMPT) == [
        "prompt_audio is flac; TRTC VoiceClone takes 16 kHz mono wav, to which voicectl converts mp3, m4a, "
        "wav, mp4 and mov"
    ]
    assert faults(UNSEEN_FLAC, vod.MINIMAX_BYTES) == []
    assert faults(UNSEEN_FLAC, vod.MINIMAX_ADVICE) == [
        "audio is flac; MiniMax, whose model this is, takes mp3, m4a and wav"
    ]


@pytest.mark.audio
def test_without_pyav_trtc_takes_only_the_right_shape(monkeypatch: pytest.MonkeyPatch) -> None:
    stereo = replace(WAV, rate=44_100, channels=2)
    assert faults(stereo, trtc.PROMPT) == []
    monkeypatch.setitem(sys.modules, "av", None)
    assert faults(WAV, trtc.PROMPT) == []
    assert faults(stereo, trtc.PROMPT) == [
        "prompt_audio is 44.1 kHz stereo 16-bit wav; TRTC VoiceClone takes 16 kHz mono 16-bit wav, and converting "
        "to it takes PyAV: pip install 'voicectl[audio]'"
    ]
    assert faults(stereo, vod.CLONE_AUDIO) == []
