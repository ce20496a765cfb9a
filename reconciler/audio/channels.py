"""Compares the two channels of a stereo sample, and measures DC offsets."""

from __future__ import annotations

from array import array
from operator import mul

from reconciler.audio.envelope import decibels
from reconciler.values import value


@value
class Channels:
    """What two channels have to do with each other. Levels are in dBFS (RMS)."""

    left: float
    right: float
    lost_in_mono: float  # dB that the mix to mono is quieter than the two channels on average


class ChannelMeter:
    """Sums up; keeps no samples."""

    def __init__(self) -> None:
        self._count = self._left = self._right = self._both = 0
        self._frames = self._sum = 0

    def add(self, stereo: tuple[array[int], ...], low: array[int]) -> None:
        self._frames += len(low)
        self._sum += sum(low)
        if not stereo:
            return
        left, right = stereo
        self._count += len(left)
        self._left += sum(map(mul, left, left))
        self._right += sum(map(mul, right, right))
        self._both += sum(map(mul, left, right))

    @property
    def offset(self) -> float:
        """The mean of all samples: 0.01 is one per cent of full scale."""
        return self._sum / self._frames / 32_768 if self._frames else 0.0

    def channels(self) -> Channels | None:
        """None if there are not two channels."""
        if not self._count:
            return None
        left, right, both = (each / self._count for each in (self._left, self._right, self._both))
        mixed = decibels((left + right + 2 * both) / 4)
        return Channels(decibels(left), decibels(right), decibels((left + right) / 2) - mixed)
