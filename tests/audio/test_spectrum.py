"""What frequencies show: a hum, a tone in the pauses, nothing above 4 kHz. And what they must not show."""

from __future__ import annotations

import math

import pytest

from reconciler.audio.envelope import Envelope, LevelMeter
from reconciler.audio.spectrum import Tone, _fft, hum, is_narrow, tone_in_pauses
from tests.support.speech import Samples, chord, joined, mixed, noise, silence, speech, stored, thinned, tone

SECONDS = 6.0
VOICE = speech(SECONDS)


def envelope_of(samples: Samples) -> Envelope:
    meter = LevelMeter()
    meter.add(stored(samples))
    return meter.envelope()


def background_tone(samples: Samples) -> Tone | None:
    return tone_in_pauses(stored(samples), envelope_of(samples).pauses)


def narrow(samples: Samples) -> bool:
    return is_narrow(stored(samples), envelope_of(samples).voice)


def hum_in_a_voice_with(background: Samples) -> Tone | None:
    return hum(thinned(stored(mixed(VOICE, background)), 16))


def test_the_transform_finds_the_frequencies_of_its_input() -> None:
    turned = _fft([complex(math.cos(2 * math.pi * 3 * index / 16)) for index in range(16)])
    assert [round(abs(each), 9) for each in turned] == [0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 8, 0, 0]


@pytest.mark.parametrize(("mains", "level"), [(50, -30), pytest.param(60, -40, marks=pytest.mark.slow)])
def test_a_hum_of_the_mains_is_measured(mains: int, level: float) -> None:
    found = hum_in_a_voice_with(tone(SECONDS, mains, level))
    assert found is not None
    assert found.frequency == mains
    assert found.level == pytest.approx(level, abs=1)


def test_a_hum_that_begins_later_has_its_second() -> None:
    found = hum_in_a_voice_with(joined(silence(1), tone(SECONDS - 1, 50, -30)))
    assert found is not None
    assert found.second == pytest.approx(1.0, abs=0.5)


def test_a_voice_noise_and_other_tones_are_no_hum() -> None:
    for background in (noise(SECONDS, -30), tone(SECONDS, 55, -30)):
        assert hum_in_a_voice_with(background) is None


@pytest.mark.parametrize("seconds", [0, 0.5, 3])
def test_silence_has_no_hum(seconds: float) -> None:
    assert hum(thinned(stored(silence(seconds)), 16)) is None


@pytest.mark.parametrize("level", [-35, pytest.param(-45, marks=pytest.mark.slow)])
def test_music_goes_on_in_the_pauses(level: float) -> None:
    found = background_tone(mixed(VOICE, chord(SECONDS, level)))
    assert found is not None
    assert min(abs(found.frequency - each) for each in (220, 277, 330)) < 16
    assert found.level == pytest.approx(level - 3, abs=4)
    assert 1.6 <= found.second % 2 < 2  # the phrases of the voice take two seconds, and end with a pause


def test_noise_is_no_tone() -> None:
    assert background_tone(mixed(VOICE, noise(SECONDS, -35))) is None


def test_a_voice_alone_has_no_tone_in_its_pauses() -> None:
    assert background_tone(joined(VOICE, silence(2))) is None


def test_without_enough_pauses_there_is_nothing_to_tell() -> None:
    assert background_tone(mixed(speech(3), chord(3, -35))) is None


def test_a_voice_has_sound_above_4_khz() -> None:
    assert not narrow(VOICE)


def test_a_voice_without_hiss_is_narrow() -> None:
    vowels = mixed(tone(2, 200, -20), tone(2, 900, -25), tone(2, 3_000, -35))
    assert narrow([*vowels, *silence(1)])


def test_low_tones_alone_are_no_telephone() -> None:
    assert not narrow([*mixed(tone(2, 200, -20), tone(2, 900, -25)), *silence(1)])


def test_silence_is_not_narrow() -> None:
    assert not narrow(silence(1))
