"""Finds clipped peaks: samples in a row at full scale, or at one lower level that the whole sample never exceeds.

A peak that was made round, as tubes and tapes do it, can't be found this way.
"""

from __future__ import annotations

import math
import struct
from array import array
from collections.abc import Iterator

from reconciler.values import value

_HIGHEST, _LOWEST = 32_767, -32_768
_IN_A_ROW = 3  # samples: the peak of a wave has one sample at its top, rarely two
_SHORTEST, _ENOUGH = 0.001, 24  # seconds or samples at full scale, in all; a few clipped peaks are not heard
_FLAT_PEAKS = 5  # peaks cut off at the same lower level; chance makes one
_FLAT = 0.0002  # seconds of each of them; at high sample rates, round peaks have some equal samples too
_QUIET = 1_000  # where the samples are so small, flat peaks are normal


@value
class Clipping:
    """`second`: of the first clipped peak. `samples`: of all, in the channel that has most of them."""

    second: float
    samples: int
    peaks: int
    level: float  # dBFS; 0 is full scale


class ClippingMeter:
    """Looks at the samples as they are stored. It keeps a few numbers for each channel."""

    def __init__(self) -> None:
        self._channels: list[_Channel] = []

    def add(self, rate: int, channels: tuple[array[int], ...]) -> None:
        self._channels = self._channels or [_Channel(rate) for _ in channels]
        for known, samples in zip(self._channels, channels, strict=False):
            if samples:
                known.add(samples)

    def clipping(self) -> Clipping | None:
        found = [clipped for channel in self._channels if (clipped := channel.clipping()) is not None]
        if not found:
            return None
        worst = max(found, key=lambda each: each.samples)
        return Clipping(min(each.second for each in found), worst.samples, worst.peaks, worst.level)


class _Channel:
    def __init__(self, rate: int) -> None:
        self._rate = rate
        self._read = 0  # samples before the current block
        self._before = array("h")  # the last samples of the block before: a peak may go on
        self._shortest = max(_IN_A_ROW, round(_FLAT * rate))
        self._flat = {1: _Flat(_QUIET), -1: _Flat(-_QUIET)}

    def add(self, samples: array[int]) -> None:
        whole = self._before + samples
        start = self._read - len(self._before)
        for sign, extreme in ((1, max(whole)), (-1, min(whole))):
            flat = self._flat[sign]
            if extreme * sign < flat.level * sign:
                continue
            if extreme != flat.level:
                self._flat[sign] = flat = _Flat(extreme)
            shortest = _IN_A_ROW if abs(extreme) >= _HIGHEST else self._shortest
            for first, length in _runs(whole, extreme, shortest):
                flat.add(start + first, length)
        self._read += len(samples)
        self._before = whole[-(self._shortest - 1) :]

    def clipping(self) -> Clipping | None:
        found = [flat for flat in self._flat.values() if flat.is_clipped(self._rate)]
        if not found:
            return None
        loudest = max(abs(flat.level) for flat in found)
        return Clipping(
            min(flat.first for flat in found) / self._rate,
            sum(flat.samples for flat in found),
            sum(flat.peaks for flat in found),
            0.0 if loudest >= _HIGHEST else 20 * math.log10(loudest / -_LOWEST),
        )


class _Flat:
    """The flat peaks at one level, the highest so far."""

    def __init__(self, level: int) -> None:
        self.level = level
        self.first = self.samples = self.peaks = 0
        self._end = -1

    def add(self, first: int, length: int) -> None:
        if first < self._end:  # it began in the block before
            self.samples += first + length - self._end
        else:
            self.first = self.first if self.peaks else first
            self.peaks += 1
            self.samples += length
        self._end = first + length

    def is_clipped(self, rate: int) -> bool:
        if abs(self.level) >= _HIGHEST:
            return self.samples >= min(_ENOUGH, _SHORTEST * rate)
        return self.peaks >= _FLAT_PEAKS


def _runs(samples: array[int], level: int, shortest: int) -> Iterator[tuple[int, int]]:
    """Where at least `shortest` samples in a row have this level, and how many."""
    data, one = samples.tobytes(), struct.pack("=h", level)
    at = data.find(one * shortest)
    while at >= 0:
        if at % 2:  # between two samples
            at = data.find(one * shortest, at + 1)
            continue
        end = at
        while data[end : end + 2] == one:
            end += 2
        yield at // 2, (end - at) // 2
        at = data.find(one * shortest, end)
