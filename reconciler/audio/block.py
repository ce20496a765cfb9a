"""One piece of decoded sound, in the forms in which a sample is listened to."""

from __future__ import annotations

from array import array

from reconciler.values import value

MONO_RATE = 16_000  # Hz
LOW_RATE = 1_000  # Hz
STEREO_RATE = 4_000  # Hz


@value
class Block:
    """Signed 16-bit samples. A form has no samples where the resampler still holds them back."""

    rate: int  # Hz, of `channels`
    channels: tuple[array[int], ...]  # each channel as it is stored
    mono: array[int]  # all channels mixed, at MONO_RATE
    low: array[int]  # all channels mixed, at LOW_RATE: only the lowest frequencies
    stereo: tuple[array[int], ...]  # left and right at STEREO_RATE; empty unless there are two channels
