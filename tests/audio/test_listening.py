"""Whole files are listened to: WAV of any kind, mp3 and m4a. Broken ones, and a run without PyAV, give no finding."""

from __future__ import annotations

import sys
from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.audio import listening
from reconciler.audio.block import Block
from reconciler.audio.file import AudioFile
from reconciler.audio.heard import Listener
from reconciler.audio.inspecting import inspect
from reconciler.audio.listening import LONGEST, listen
from reconciler.audio.sound_findings import Kind, SoundFinding
from reconciler.providers.kling.samples import VOICE_URL
from tests.support.sounds import FLOAT, m4a, mp3, mp4, wav
from tests.support.speech import (
    amplitude,
    chord,
    joined,
    limited,
    louder,
    mixed,
    noise,
    recorded,
    silence,
    speech,
    tone,
)

pytest.importorskip("av", reason="needs the extra [audio]")
pytestmark = pytest.mark.audio
SECONDS = 5.6


@cache
def voice() -> list[float]:
    return speech(SECONDS)


def heard(data: bytes) -> list[SoundFinding]:
    found = inspect(data)
    assert isinstance(found, AudioFile), found
    return listen(data, found, VOICE_URL)


def kinds(data: bytes) -> list[Kind]:
    return [each.kind for each in heard(data)]


@pytest.mark.parametrize("rate", [16_000, pytest.param(48_000, marks=pytest.mark.slow)])
def test_a_clean_voice_has_no_finding(rate: int) -> None:
    assert heard(recorded(speech(SECONDS, rate=rate), rate=rate)) == []


def test_a_clean_voice_in_stereo_has_no_finding() -> None:
    assert heard(recorded(voice(), voice())) == []


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [5, 10, 15, 18])
def test_noise_is_found_with_its_distance_from_the_voice(ratio: float) -> None:
    [found] = heard(recorded(mixed(voice(), noise(SECONDS, -20 - ratio))))
    assert found.kind is Kind.NOISE
    assert found.figure == pytest.approx(ratio, abs=2)


@pytest.mark.slow
@pytest.mark.parametrize("ratio", [23, 30, 40])
def test_noise_that_is_far_below_the_voice_is_no_finding(ratio: float) -> None:
    assert heard(recorded(mixed(voice(), noise(SECONDS, -20 - ratio)))) == []


def test_clipping_is_found_at_its_second() -> None:
    sound = voice()
    clipped = joined(sound[:48_000], louder(sound[48_000:51_200], 12), sound[51_200:])
    [found] = heard(recorded(clipped))
    assert (found.kind, found.figure > 20) == (Kind.CLIPPED, True)
    assert 3.0 <= found.second < 3.2


@pytest.mark.slow
@pytest.mark.parametrize(
    ("kind", "spoiled"),
    [
        (Kind.CLIPPED, lambda: recorded(limited(voice(), amplitude(-9)))),
        (Kind.HUM, lambda: recorded(mixed(voice(), tone(SECONDS, 50, -38)))),
        (Kind.TONE, lambda: recorded(mixed(speech(8), chord(8, -40)))),
        (Kind.QUIET, lambda: recorded(louder(voice(), -30))),
        (Kind.PAUSE, lambda: recorded(joined(silence(2.5), voice()))),
        (Kind.SHORT_VOICE, lambda: recorded(joined(speech(3.6), silence(1.9)))),
        (Kind.CHANNELS, lambda: recorded(voice(), silence(SECONDS))),
        (Kind.CHANNELS, lambda: recorded(voice(), [-each for each in voice()])),
        (Kind.OFFSET, lambda: recorded(mixed(voice(), [0.05] * 89_600))),
        (Kind.NARROW, lambda: recorded(speech(SECONDS, rate=8_000), rate=8_000)),
        (Kind.NO_VOICE, lambda: recorded(tone(SECONDS, 440, -13))),
        (Kind.SILENT, lambda: recorded(silence(SECONDS))),
    ],
)
def test_each_fault_is_the_only_finding(kind: Kind, spoiled: object) -> None:
    assert callable(spoiled)
    assert kinds(spoiled()) == [kind]


@pytest.mark.parametrize(
    "make",
    [
        lambda: wav(2.0),
        lambda: wav(2.0, rate=44_100, channels=2, bits=24),
        lambda: wav(2.0, rate=8_000, channels=6, tag=FLOAT, bits=32),
        lambda: wav(2.0, order=">"),
        lambda: wav(2.0, size=0),
        lambda: mp3(2.0),
        lambda: m4a(2.0),
        lambda: mp4(2.0),
    ],
    ids=["wav", "24 bits", "float", "big-endian", "no length", "mp3", "m4a", "mp4"],
)
def test_every_format_is_listened_to(make: object) -> None:
    assert callable(make)
    assert kinds(make()) == [Kind.NO_VOICE]  # a tone


@pytest.mark.slow
@pytest.mark.parametrize(
    ("level", "room", "rate", "lead", "seconds"),
    [
        (-17, -90, 16_000, 0.0, 5.2),
        (-17, -41, 22_050, 1.5, 6.0),
        (-20, -60, 44_100, 0.3, 7.7),
        (-26, -50, 48_000, 1.9, 5.1),
        (-32, -56, 32_000, 0.9, 9.0),
        (-38, -62, 24_000, 0.0, 6.9),
    ],
)
def test_no_clean_recording_has_a_finding(level: float, room: float, rate: int, lead: float, seconds: float) -> None:
    sound = joined(silence(lead, rate=rate), speech(seconds, rate=rate, level=level))
    assert heard(recorded(mixed(sound, noise(lead + seconds, room, rate=rate)), rate=rate)) == []


@pytest.mark.slow
@settings(max_examples=60)
@given(st.data())
def test_no_broken_file_raises(draw: st.DataObject) -> None:
    whole = draw.draw(st.sampled_from([wav(0.5), mp3(0.5), m4a(0.5), wav(0.3, rate=44_100, channels=2, bits=24)]))
    data = bytearray(whole[: draw.draw(st.integers(1, len(whole)))])
    for place, byte in draw.draw(st.lists(st.tuples(st.integers(0, len(data) - 1), st.integers(0, 255)), max_size=20)):
        data[place] = byte
    found = inspect(bytes(data))
    if isinstance(found, AudioFile):
        listen(bytes(data), found, VOICE_URL)


@pytest.mark.parametrize("data", [b"", b"RIFF", b"ID3", bytes(1_000)])
def test_bytes_that_are_not_the_measured_sample_give_no_finding(data: bytes) -> None:
    measured = inspect(wav(1.0))
    assert isinstance(measured, AudioFile)
    assert listen(data, measured, VOICE_URL) == []


def test_without_pyav_nothing_is_heard(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)
    assert heard(recorded(silence(1))) == []


@pytest.mark.slow
def test_a_long_file_is_listened_to_for_its_first_minutes_only(monkeypatch: pytest.MonkeyPatch) -> None:
    seconds = 0.0

    class Counting(Listener):
        def add(self, block: Block) -> None:
            nonlocal seconds
            seconds += len(block.mono) / 16_000

    monkeypatch.setattr(listening, "Listener", Counting)
    heard(wav(LONGEST + 60, rate=8_000))
    assert seconds == pytest.approx(LONGEST, abs=1)
