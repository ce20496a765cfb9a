"""Makes sounds like speech, and what spoils a recording of it: noise, hum, music. Samples are floats from -1 to 1.

The speech is a buzz and a hiss through the resonances of a mouth, in syllables, with pauses. No words, but the levels,
closures and frequencies of a voice. Everything is computed, and equal calls give equal samples.
"""

from __future__ import annotations

import math
import random
import struct
from array import array
from collections.abc import Iterator, Sequence
from functools import cache

from reconciler.audio.block import LOW_RATE, MONO_RATE, Block
from reconciler.audio.heard import Heard, Listener
from tests.support.sounds import wrapped

Samples = Sequence[float]
_VOWELS = ((730, 1090, 2440), (270, 2290, 3010), (530, 1840, 2480), (570, 840, 2410), (300, 870, 2240))  # Hz
_WIDTHS = (80, 100, 140)  # Hz
_PHRASE = 2.0  # seconds, of which the last 0.4 are a pause
_SYLLABLES, _SYLLABLE, _HISS, _CLOSURE = 8, 0.2, 0.05, 0.03  # seconds
_ROOM = -75  # dBFS
_CHORD = (220.0, 277.18, 329.63)  # Hz


def speech(seconds: float = 12.0, *, rate: int = 16_000, level: float = -20) -> list[float]:
    """A voice in a quiet room. `level` is its mean, in dBFS (RMS)."""
    phrase = _phrase(rate)
    loud = phrase[: round(_SYLLABLES * _SYLLABLE * rate)]
    scale = amplitude(level) / math.sqrt(sum(each * each for each in loud) / len(loud))
    count = round(seconds * rate)
    voice = [each * scale for each in phrase] * (count // len(phrase) + 1)
    return mixed(voice[:count], noise(seconds, _ROOM, rate=rate))


def noise(seconds: float, level: float, *, rate: int = 16_000) -> list[float]:
    """White noise at this level, in dBFS (RMS)."""
    scale, one = amplitude(level), _white(rate)
    return [each * scale for each in one * (math.ceil(seconds) + 1)][: round(seconds * rate)]


def tone(seconds: float, frequency: float, level: float, *, rate: int = 16_000) -> list[float]:
    scale, turn = amplitude(level) * math.sqrt(2), 2 * math.pi * frequency / rate
    return [scale * math.sin(turn * index) for index in range(round(seconds * rate))]


def chord(seconds: float, level: float, *, rate: int = 16_000) -> list[float]:
    """An organ in the background."""
    return mixed(*(tone(seconds, frequency, level - 4.8, rate=rate) for frequency in _CHORD))


def silence(seconds: float, *, rate: int = 16_000) -> list[float]:
    return [0.0] * round(seconds * rate)


def mixed(*parts: Samples) -> list[float]:
    """All at once; the others are as long as the first, or longer."""
    return [sum(each) for each in zip(*parts, strict=False)]


def joined(*parts: Samples) -> list[float]:
    """One after the other."""
    return [each for part in parts for each in part]


def louder(samples: Samples, decibels: float) -> list[float]:
    """Amplified; what becomes too loud is clipped when it is recorded."""
    return [each * amplitude(decibels) for each in samples]


def limited(samples: Samples, most: float) -> list[float]:
    """Clipped at this level."""
    return [min(most, max(-most, each)) for each in samples]


def recorded(*channels: Samples, rate: int = 16_000) -> bytes:
    """A WAV with 16 bits."""
    whole = stored([each for frame in zip(*channels, strict=True) for each in frame])
    return wrapped(struct.pack(f"<{len(whole)}h", *whole), rate=rate, channels=len(channels))


def amplitude(decibels: float) -> float:
    return math.pow(10, decibels / 20)


@cache
def _phrase(rate: int) -> list[float]:
    samples: list[float] = []
    for index in range(_SYLLABLES):
        pitch = 115 + 25 * math.cos(index)
        hiss = _resonant(_white(rate)[index * 1_000 :][: round(_HISS * rate)], 5_500, 2_500, rate)
        vowel = list(_vowel(_VOWELS[index % len(_VOWELS)], pitch, _SYLLABLE - _HISS - _CLOSURE, rate))
        samples += [each * 0.08 for each in _eased(hiss)] + _eased(vowel) + silence(_CLOSURE, rate=rate)
    return samples + silence(_PHRASE - len(samples) / rate, rate=rate)


def _vowel(formants: Sequence[int], pitch: float, seconds: float, rate: int) -> Iterator[float]:
    """A buzz whose pitch falls, through three resonances."""
    phase, buzz = 0.0, []
    for index in range(round(seconds * rate)):
        phase += pitch * (1.1 - 0.3 * index / (seconds * rate)) / rate
        buzz.append(1.0 if phase >= 1 else 0.0)
        phase %= 1
    for formant, width in zip(formants, _WIDTHS, strict=True):
        buzz = _resonant(buzz, formant, width, rate)
    loudest = max(map(abs, buzz))
    yield from (each / loudest for each in buzz)


def _resonant(samples: Samples, frequency: float, width: float, rate: int) -> list[float]:
    """Through one resonance."""
    radius = math.exp(-math.pi * width / rate)
    first, second = 2 * radius * math.cos(2 * math.pi * frequency / rate), -radius * radius
    before = last = 0.0
    heard = []
    for each in samples:
        before, last = last, each * (1 - radius) + first * last + second * before
        heard.append(last)
    return heard


def _eased(samples: Samples) -> list[float]:
    """Without clicks at its ends."""
    return [each * math.sin(math.pi * index / len(samples)) ** 0.5 for index, each in enumerate(samples)]


@cache
def _white(rate: int) -> list[float]:
    """A second of noise whose mean square is about 1."""
    dice = random.Random(1)
    return [dice.gauss(0, 1) for _ in range(rate)]


def heard(*channels: Samples) -> Heard:
    """What is heard in samples at 16 kHz, without a decoder: in blocks of uneven lengths, as a decoder gives them."""
    listener, at, size = Listener(), 0, 960
    whole = [stored(channel) for channel in channels]
    mono = whole[0] if len(whole) == 1 else array("h", (sum(frame) // 2 for frame in zip(*whole, strict=True)))
    while at < len(mono):
        part = slice(at, at + size)
        stereo = tuple(thinned(each[part], 4) for each in whole) if len(whole) == 2 else ()
        low = thinned(mono[part], MONO_RATE // LOW_RATE)
        listener.add(Block(MONO_RATE, tuple(each[part] for each in whole), mono[part], low, stereo))
        at, size = at + size, 960 + (size + 160) % 640
    return listener.heard()


def stored(samples: Samples) -> array[int]:
    """With 16 bits; what is too loud is clipped."""
    return array("h", (min(32_767, max(-32_768, round(32_767 * each))) for each in samples))


def thinned(samples: array[int], every: int) -> array[int]:
    """The means of so many samples: at a lower rate, and without high frequencies."""
    return array("h", (sum(samples[at : at + every]) // every for at in range(0, len(samples) - every + 1, every)))
