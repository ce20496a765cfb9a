"""Where a voice is, and where it pauses."""

from __future__ import annotations

import pytest

from reconciler.audio.envelope import DIGITAL_SILENCE, Envelope, LevelMeter, decibels, mean_level
from tests.support.speech import Samples, joined, louder, mixed, noise, silence, speech, stored, tone


def envelope(samples: Samples, *, block: int = 1_000) -> Envelope:
    meter = LevelMeter()
    whole = stored(samples)
    for at in range(0, len(whole), block):
        meter.add(whole[at : at + block])
    return meter.envelope()


def test_a_tone_has_its_level_in_every_frame() -> None:
    found = envelope(tone(1.0, 400, -20))
    assert found.levels == pytest.approx([-20.0] * 50, abs=0.1)


def test_a_dc_offset_is_no_level() -> None:
    assert envelope([0.25] * 1_600).levels == (DIGITAL_SILENCE,) * 5


def test_the_blocks_make_no_difference() -> None:
    sound = speech(2)
    assert envelope(sound, block=37) == envelope(sound, block=32_000)


@pytest.mark.parametrize(("before", "after"), [(2.5, 1.5), (0.0, 2.0), (2.0, 0.0)])
def test_the_parts_without_a_voice_are_found(before: float, after: float) -> None:
    found = envelope(joined(silence(before), speech(1.6), silence(after)))
    assert found.first_voice == pytest.approx(before, abs=0.05)
    assert found.voice[-1].end == pytest.approx(before + 1.6, abs=0.1)
    assert sum(pause.seconds for pause in found.pauses if pause.seconds > 1) == pytest.approx(before + after, abs=0.1)


@pytest.mark.parametrize("level", [-60, -40])
def test_a_pause_is_one_also_with_noise_in_it(level: float) -> None:
    found = envelope(mixed(joined(speech(1.6), silence(2), speech(1.6)), noise(5.2, level)))
    [pause] = [pause for pause in found.pauses if pause.seconds > 1]
    assert (pause.start, pause.end) == pytest.approx((1.6, 3.6), abs=0.1)


def test_pauses_between_words_are_speech() -> None:
    assert envelope(speech(4)).speech_seconds == pytest.approx(4.0)


def test_a_long_pause_is_not_speech() -> None:
    assert envelope(joined(speech(1.6), silence(3))).speech_seconds == pytest.approx(1.6, abs=0.1)


def test_a_click_is_no_voice() -> None:
    click = mixed(speech(4), [1.0] * 32 + [0.0] * 63_968)
    assert envelope(click).loud == pytest.approx(envelope(speech(4)).loud, abs=1)


def test_how_loud_it_is_makes_no_difference_to_where_the_voice_is() -> None:
    sound = joined(silence(1), speech(3))
    assert envelope(louder(sound, -20)).voice == envelope(sound).voice


@pytest.mark.parametrize("samples", [[], [0.5], silence(0.019)])
def test_less_than_a_frame_has_no_levels(samples: Samples) -> None:
    found = envelope(samples)
    assert (found.levels, found.loud, found.floor, found.voice) == ((), DIGITAL_SILENCE, DIGITAL_SILENCE, ())


def test_levels_are_below_full_scale() -> None:
    assert decibels(32_768.0**2) == 0
    assert decibels(0) == DIGITAL_SILENCE
    assert mean_level([-10, -10, -10]) == pytest.approx(-10)
    assert mean_level([]) == DIGITAL_SILENCE
