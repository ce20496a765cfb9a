"""What frequencies show of a sample: a hum of the mains, a steady tone in the pauses, the highest frequency.

A plain FFT of few short pieces: a second of sound costs about a millisecond.
"""

from __future__ import annotations

import cmath
import math
import statistics
from array import array
from collections.abc import Iterator, Sequence
from functools import cache
from operator import mul

from reconciler.audio.block import LOW_RATE, MONO_RATE
from reconciler.audio.envelope import DIGITAL_SILENCE, Span, decibels
from reconciler.values import value

_PIECE = 1024  # samples at MONO_RATE: 64 ms, in which speech does not change much
_BIN = MONO_RATE / _PIECE  # Hz
_SMALLEST = 4  # values, which are transformed directly
_MOST_PIECES = 24
_MOST_SECONDS = 60  # of a hum
_MAINS = (50, 60)  # Hz
_BESIDE = (-7, -4, 4, 7)  # Hz from a mains frequency, where a hum is not
_HUM_STANDS_OUT = 12  # dB above what is beside it
_TONE_STANDS_OUT = 15  # dB above the frequencies around it; noise does not reach that in three pieces in a row
_LOWEST_TONE, _AROUND = 6, 12  # bins
_STEADY = 3  # pieces in a row, each half over the next, that have the same tone
_PLACE = (_STEADY + 1) * _PIECE / 2 / MONO_RATE  # seconds: 128 ms
_APART = 0.5  # seconds from place to place in one pause
_FEWEST_PLACES, _MOST_PLACES = 3, 12
_AFTER_VOICE, _BEFORE_VOICE = 0.12, 0.04  # seconds of a pause in which the room still sounds, or a breath begins
_DECAY = 6  # dB; what gets quieter faster is the room's echo
_NARROW = 4_800  # Hz; telephones and samples at 8 kHz have nothing above, and resampling leaves a little above 4 kHz
_TOP = (2_000, 3_400)  # Hz; the highest frequencies of a telephone
_SOMETHING, _NOTHING = -45, -55  # dB below all frequencies together


@value
class Tone:
    """A tone in the background."""

    second: float
    frequency: float  # Hz
    level: float  # dBFS (RMS)


def hum(low: array[int]) -> Tone | None:
    """The hum of the mains in a sample at LOW_RATE: 50 or 60 Hz all the time. No voice is so low and so steady."""
    step = max(LOW_RATE // 2, len(low) // _MOST_SECONDS)
    starts = range(0, len(low) - LOW_RATE + 1, step)
    found = []
    for mains in _MAINS:
        each_second = [_amplitude(low[at : at + LOW_RATE], mains) for at in starts]
        levels = _quieter(each_second)
        beside = [_quieter([_amplitude(low[at : at + LOW_RATE], mains + off) for at in starts]) for off in _BESIDE]
        if levels is not None and levels > max(each for each in beside if each is not None) + _HUM_STANDS_OUT:
            first = next(index for index, each in enumerate(each_second) if each >= levels)
            found.append(Tone(starts[first] / LOW_RATE, mains, levels))
    return max(found, key=lambda tone: tone.level, default=None)


def tone_in_pauses(mono: array[int], pauses: Sequence[Span]) -> Tone | None:
    """A tone that fills most pauses: of music, or of a machine. None if there are too few pauses to tell."""
    looked_at = 0
    tones: list[Tone] = []
    for place in _chosen([part for pause in pauses for part in _parts(pause)]):
        starts = [round(place * MONO_RATE) + index * _PIECE // 2 for index in range(_STEADY)]
        powers = [_spectrum(mono[at : at + _PIECE]) for at in starts if at + _PIECE <= len(mono)]
        if len(powers) == _STEADY:
            looked_at += 1
            tone = _steady_tone(powers)
            tones += [Tone(place, *tone)] if tone is not None else []
    if looked_at < _FEWEST_PLACES or len(tones) * 2 <= looked_at:
        return None
    level = statistics.median(tone.level for tone in tones)
    return min(tones, key=lambda tone: abs(tone.level - level))


def is_narrow(mono: array[int], voice: Sequence[Span]) -> bool:
    """Whether the voice ends below 4 kHz, as after a telephone or a sample rate of 8 kHz: it has sound up to there."""
    whole = below = above = 0.0
    for at in _spread(voice):
        powers = _spectrum(mono[at : at + _PIECE])
        whole += sum(powers)
        below += sum(powers[round(_TOP[0] / _BIN) : round(_TOP[1] / _BIN)])
        above += sum(powers[round(_NARROW / _BIN) :])
    return below > whole * 10 ** (_SOMETHING / 10) and above < whole * 10 ** (_NOTHING / 10)


def _steady_tone(powers: Sequence[Sequence[float]]) -> tuple[float, float] | None:
    """Frequency and level of the loudest tone that is in all pieces; None if there is none, or if noise is louder."""
    total = [decibels(sum(piece)) for piece in powers]
    if total[0] - total[-1] > _DECAY:
        return None
    near = [{bin_ + off for bin_ in _peaks(piece) for off in (-1, 0, 1)} for piece in powers]
    common = set.intersection(*near)
    in_tones = {bin_ + off for bin_ in common for off in (-1, 0, 1)}
    if not common or sum(powers[0][bin_] for bin_ in in_tones if bin_ < len(powers[0])) * 2 < sum(powers[0]):
        return None
    best = max(common, key=lambda bin_: powers[0][bin_])
    level = statistics.fmean(sum(piece[best - 2 : best + 3]) for piece in powers)
    return best * _BIN, decibels(level)


def _peaks(powers: Sequence[float]) -> Iterator[int]:
    for bin_ in range(_LOWEST_TONE, len(powers) - 1):
        if powers[bin_ - 1] <= powers[bin_] >= powers[bin_ + 1] and powers[bin_] > 0:
            around = [*powers[max(1, bin_ - _AROUND) : bin_ - 3], *powers[bin_ + 4 : bin_ + _AROUND + 1]]
            if powers[bin_] > statistics.median(around) * 10 ** (_TONE_STANDS_OUT / 10):
                yield bin_


def _parts(pause: Span) -> Iterator[float]:
    """The seconds of a pause at which to look: one each half second."""
    at = pause.start + _AFTER_VOICE
    while at + _PLACE <= pause.end - _BEFORE_VOICE:
        yield at
        at += _APART


def _chosen(places: Sequence[float]) -> Sequence[float]:
    """At most _MOST_PLACES, spread evenly."""
    count = min(len(places), _MOST_PLACES)
    return [places[index * len(places) // count] for index in range(count)]


def _spread(voice: Sequence[Span]) -> Iterator[int]:
    """The first samples of pieces that are spread evenly over the voice."""
    step = max(_PIECE / MONO_RATE, sum(span.seconds for span in voice) / _MOST_PIECES)
    for span in voice:
        at = span.start
        while at + _PIECE / MONO_RATE <= span.end:
            yield round(at * MONO_RATE)
            at += step


def _quieter(levels: Sequence[float]) -> float | None:
    """The level that three quarters of the pieces reach."""
    return sorted(levels)[len(levels) // 4] if levels else None


def _amplitude(samples: array[int], frequency: int) -> float:
    """The level of one frequency in a second of sound at LOW_RATE."""
    cosine, sine = _wave(frequency)
    real, imaginary = sum(map(mul, samples, cosine)), sum(map(mul, samples, sine))
    amplitude = 2 * math.hypot(real, imaginary) / (LOW_RATE / 2)  # the window's mean is a half
    return decibels(amplitude**2 / 2) if amplitude > 0 else DIGITAL_SILENCE


@cache
def _wave(frequency: int) -> tuple[list[float], list[float]]:
    window = _window(LOW_RATE)
    angles = [2 * math.pi * frequency * index / LOW_RATE for index in range(LOW_RATE)]
    return (
        [math.cos(angle) * each for angle, each in zip(angles, window, strict=True)],
        [math.sin(angle) * each for angle, each in zip(angles, window, strict=True)],
    )


def _spectrum(samples: array[int]) -> list[float]:
    """The power at each multiple of _BIN; together the mean of the squared samples."""
    window = _window(_PIECE)
    turned = _fft([complex(sample * weight) for sample, weight in zip(samples, window, strict=True)])
    scale = 2 / (_PIECE * sum(each * each for each in window))
    return [abs(each) ** 2 * scale for each in turned[: _PIECE // 2]]


def _fft(values: list[complex]) -> list[complex]:
    """Of a power of two of values, at least four."""
    if len(values) == _SMALLEST:
        first, second, third, fourth = values
        sums, differences, quarter = first + third, first - third, (second - fourth) * 1j
        return [sums + second + fourth, differences - quarter, sums - second - fourth, differences + quarter]
    even, odd = _fft(values[::2]), _fft(values[1::2])
    turned = [twist * each for twist, each in zip(_twists(len(values)), odd, strict=True)]
    return [*map(complex.__add__, even, turned), *map(complex.__sub__, even, turned)]


@cache
def _twists(count: int) -> list[complex]:
    return [cmath.exp(-2j * math.pi * index / count) for index in range(count // 2)]


@cache
def _window(count: int) -> list[float]:
    """Hann's."""
    return [0.5 - 0.5 * math.cos(2 * math.pi * index / count) for index in range(count)]
