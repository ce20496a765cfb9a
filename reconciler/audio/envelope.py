"""The level of a sample over time: where its voice is, and where it pauses. Levels are RMS, in dB below full scale.

A level can't tell a voice from other sounds: `voice` is what is as loud as a voice, so there is never more speech.
"""

from __future__ import annotations

import math
from array import array
from collections.abc import Iterable, Iterator, Sequence
from operator import mul
from typing import NamedTuple

from reconciler.audio.block import MONO_RATE
from reconciler.values import value

FRAME = 0.02  # seconds of which one level is taken
_FRAME_SAMPLES = round(FRAME * MONO_RATE)
DIGITAL_SILENCE = -120.0  # dBFS: all samples of the frame are equal, which no microphone does
_FULL_SCALE = 32_768.0
_LOUDEST_FRAMES = 25  # half a second: a click is shorter
_QUIETEST = 0.05  # of the frames: even dense speech has closures between its sounds
_BELOW_LOUD = 35  # dB below the loudest half second; a quieter frame is no voice
_ABOVE_FLOOR = 6  # dB above the quietest frames; a louder frame is no background
_SHORT_PAUSE = 0.3  # seconds; shorter ones are between sounds and words
_LONG_PAUSE = 1.0  # seconds; longer than between two sentences


class Span(NamedTuple):
    """A part of the sample, in seconds."""

    start: float
    end: float

    @property
    def seconds(self) -> float:
        return self.end - self.start


@value
class Envelope:
    """`loud`: the level of the loudest half second. `floor`: of the quietest twentieth."""

    levels: tuple[float, ...]
    loud: float
    floor: float
    voice: tuple[Span, ...]  # with the short pauses in it
    pauses: tuple[Span, ...]  # all else

    @property
    def seconds(self) -> float:
        return len(self.levels) * FRAME

    @property
    def speech_seconds(self) -> float:
        """All but the long pauses: short ones belong to speech, also at the beginning and at the end."""
        return self.seconds - sum(pause.seconds for pause in self.pauses if pause.seconds >= _LONG_PAUSE)

    @property
    def first_voice(self) -> float:
        """Where the voice begins; 0 if there is none."""
        return self.voice[0].start if self.voice else 0.0

    def within(self, span: Span) -> Sequence[float]:
        """The levels of a part."""
        return self.levels[round(span.start / FRAME) : round(span.end / FRAME)]


class LevelMeter:
    """Collects the levels of a sample. One number for 20 ms is all that it keeps."""

    def __init__(self) -> None:
        self._rest = array("h")
        self._levels: list[float] = []

    def add(self, mono: array[int]) -> None:
        samples = self._rest + mono
        whole = len(samples) - len(samples) % _FRAME_SAMPLES
        for start in range(0, whole, _FRAME_SAMPLES):
            self._levels.append(_level(samples[start : start + _FRAME_SAMPLES]))
        self._rest = samples[whole:]

    def envelope(self) -> Envelope:
        levels = self._levels
        ordered = sorted(levels)
        loud = ordered[-min(len(ordered), _LOUDEST_FRAMES)] if ordered else DIGITAL_SILENCE
        floor = ordered[int(len(ordered) * _QUIETEST)] if ordered else DIGITAL_SILENCE
        threshold = max(floor + _ABOVE_FLOOR, loud - _BELOW_LOUD)
        voice = tuple(_spans(levels, threshold))
        return Envelope(tuple(levels), loud, floor, voice, tuple(_between(voice, len(levels) * FRAME)))


def decibels(power: float) -> float:
    """A mean of squared samples, as a level below full scale."""
    return 10 * math.log10(power / _FULL_SCALE**2) if power > 0 else DIGITAL_SILENCE


def mean_level(levels: Iterable[float]) -> float:
    """The level of the mean power."""
    powers = [10 ** (level / 10) for level in levels]
    return 10 * math.log10(sum(powers) / len(powers)) if powers else DIGITAL_SILENCE


def _level(samples: array[int]) -> float:
    """Of one frame, without its DC offset."""
    count, total = len(samples), sum(samples)
    return decibels((sum(map(mul, samples, samples)) - total * total / count) / count)


def _spans(levels: Sequence[float], threshold: float) -> Iterator[Span]:
    """The parts above the threshold; those with a short pause between them are one."""
    start = end = -1
    for index, level in enumerate(levels):
        if level <= threshold:
            continue
        if start >= 0 and (index - end) * FRAME >= _SHORT_PAUSE:
            yield Span(start * FRAME, end * FRAME)
            start = -1
        start, end = (index if start < 0 else start), index + 1
    if start >= 0:
        yield Span(start * FRAME, end * FRAME)


def _between(voice: Sequence[Span], seconds: float) -> Iterator[Span]:
    """The parts before, between and after the voice."""
    at = 0.0
    for span in (*voice, Span(seconds, seconds)):
        if span.start > at:
            yield Span(at, span.start)
        at = span.end
