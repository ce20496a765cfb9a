"""Clipped peaks: at full scale, and at a lower level that nothing exceeds."""

from __future__ import annotations

import pytest

from reconciler.audio.clipping import Clipping, ClippingMeter
from tests.support.speech import Samples, amplitude, limited, louder, speech, stored, tone


def clipping(*channels: Samples, rate: int = 16_000, block: int = 999) -> Clipping | None:
    meter = ClippingMeter()
    whole = [stored(each) for each in channels]
    for at in range(0, len(whole[0]), block):
        meter.add(rate, tuple(one[at : at + block] for one in whole))
    return meter.clipping()


def flat(*lengths: int, level: float = 1.0) -> list[float]:
    """A second of a quiet tone, then peaks of these lengths."""
    return [*tone(1.0, 440, -20), *(each for length in lengths for each in (*[level] * length, 0.0, 0.0))]


def test_samples_at_full_scale_are_counted_from_their_first_second() -> None:
    found = clipping(flat(20, 21))
    assert found == Clipping(second=1.0, samples=41, peaks=2, level=0.0)


@pytest.mark.parametrize("block", [1, 2, 7, 16_001, 100_000])
def test_the_blocks_make_no_difference(block: int) -> None:
    assert clipping(flat(20, 21), block=block) == Clipping(second=1.0, samples=41, peaks=2, level=0.0)


def test_both_halves_of_the_wave_count() -> None:
    found = clipping([*flat(20), *[-1.1] * 20])
    assert found is not None
    assert (found.samples, found.peaks) == (40, 2)


@pytest.mark.parametrize(
    "sound", [flat(1, 1, 2, 2, 1), flat(5, 5), tone(1.0, 440, -3.1), speech(2), louder(speech(2), 4)]
)
def test_single_samples_and_a_few_short_peaks_are_not_clipped(sound: Samples) -> None:
    assert clipping(sound) is None


def test_a_loud_voice_is_clipped() -> None:
    found = clipping(louder(speech(2), 12))
    assert found is not None
    assert (found.samples > 100, found.level) == (True, 0.0)


def test_peaks_cut_off_below_full_scale_are_found_with_their_level() -> None:
    found = clipping(limited(speech(2), amplitude(-8.0)))
    assert found is not None
    assert found.level == pytest.approx(-8.0, abs=0.1)
    assert found.peaks > 10


@pytest.mark.parametrize("rate", [16_000, 44_100, 48_000, 96_000])
@pytest.mark.parametrize("frequency", [100, 250, 1_000])
def test_a_round_tone_is_not_clipped_at_any_rate(rate: int, frequency: int) -> None:
    assert clipping(tone(0.5, frequency, -10, rate=rate), rate=rate) is None


def test_flat_peaks_of_a_very_quiet_sample_are_normal() -> None:
    assert clipping(tone(1.0, 100, -50)) is None


def test_a_higher_peak_later_shows_that_the_lower_ones_are_not_cut_off() -> None:
    assert clipping(flat(5, 5, 5, 5, 5, 5, level=0.5)) is not None
    assert clipping([*flat(5, 5, 5, 5, 5, 5, level=0.5), 0.6]) is None


def test_of_two_channels_the_worse_one_counts_and_the_first_second() -> None:
    left, right = [*flat(20), *[0.0] * 60], [*flat(), *[0.0] * 22, *[1.0] * 60]
    found = clipping(left, right)
    assert found == Clipping(second=1.0, samples=60, peaks=1, level=0.0)


@pytest.mark.parametrize("sound", [[], [1.0], [1.0, 1.0]])
def test_almost_nothing_is_not_clipped(sound: Samples) -> None:
    assert clipping(sound) is None
