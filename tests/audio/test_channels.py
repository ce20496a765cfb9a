"""Two channels: a dead one, a wrong polarity, a DC offset."""

from __future__ import annotations

import pytest

from tests.support.speech import heard, louder, mixed, noise, silence, speech, tone

VOICE = speech(1)


def test_mono_has_no_two_channels() -> None:
    assert heard(VOICE).channels is None


def test_the_same_sound_twice_loses_nothing_in_mono() -> None:
    channels = heard(VOICE, VOICE).channels
    assert channels is not None
    assert (channels.left - channels.right, channels.lost_in_mono) == pytest.approx((0, 0), abs=0.1)


def test_a_dead_channel_has_no_level() -> None:
    channels = heard(VOICE, silence(1)).channels
    assert channels is not None
    assert channels.left - channels.right > 60


def test_opposite_channels_leave_nothing_in_mono() -> None:
    channels = heard(VOICE, louder([-each for each in VOICE], 0)).channels
    assert channels is not None
    assert channels.lost_in_mono > 40


def test_channels_of_different_sounds_lose_three_decibels() -> None:
    channels = heard(tone(1, 300, -20), tone(1, 500, -20)).channels
    assert channels is not None
    assert channels.lost_in_mono == pytest.approx(3, abs=0.2)


@pytest.mark.parametrize("offset", [0.0, 0.03, -0.05])
def test_an_offset_is_measured(offset: float) -> None:
    found = heard(mixed(noise(1, -40), [offset] * 16_000))
    assert found.offset == pytest.approx(offset, abs=0.002)
