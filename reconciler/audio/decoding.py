"""Sound out of mp3, m4a, mp4, mov and odd WAVs, by PyAV: the [audio] extra. The only module that imports it.

The container is said, never guessed by FFmpeg: a playlist in disguise would make it open other files and hosts.
What is broken is a sentence, not an exception.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from fractions import Fraction
from typing import TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

LONGEST = 600  # seconds that are decoded: twice what any of the clouds takes
_DEMUXERS = {"mp3": "mp3", "m4a": "mov", "mp4": "mov", "mov": "mov", "wav": "wav"}
_RATES = range(4_000, 384_001)  # Hz; outside, a resampler needs any amount of memory
_MOST_CHANNELS = 64
_PACKET = 4096  # samples; none of these codecs packs more
_BROKEN = "can't be decoded: it is damaged, or not what it begins as"
_Got = TypeVar("_Got")


@dataclass(frozen=True, slots=True)
class Sound:
    codec: str
    rate: int  # Hz
    channels: int
    seconds: float  # decoded; of what is longer than LONGEST, what its header says, if that is more
    video: bool


class _Refused(Exception):
    """The sentence."""


def measured(data: bytes, container: str) -> Sound | str:
    """The first stream of sound, decoded from its beginning to its end."""
    return _read(data, container, _measure)


def samples_16k_mono(data: bytes, container: str) -> bytes | str:
    """The first stream of sound as 16-bit samples, little-endian, 16,000 a second, all channels mixed into one."""
    return _read(data, container, _resample)


def _read(data: bytes, container: str, reading: Callable[[InputContainer, AudioStream], _Got]) -> _Got | str:
    try:
        with av.open(
            io.BytesIO(data),
            "r",
            format=_DEMUXERS[container],
            options={"protocol_whitelist": "none"},
            metadata_errors="ignore",
        ) as source:
            if not source.streams.audio:
                return "has no sound"
            return reading(source, source.streams.audio[0])
    except _Refused as refused:
        return str(refused)
    except Exception:  # noqa: BLE001 - FFmpeg's binding has dozens of exceptions for hostile bytes; all say one thing
        return _BROKEN


def _measure(source: InputContainer, stream: AudioStream) -> Sound:
    length = _Length()
    for frame in _frames(source, stream):
        length.add(frame)
        if length.seconds > LONGEST:
            break
    seconds = float(length.less_padding(stream))
    if seconds > LONGEST:
        seconds = max(seconds, (source.duration or 0) / 1_000_000)
    pictures = [s for s in source.streams.video if not s.disposition & Disposition.attached_pic]
    context = stream.codec_context
    return Sound(
        context.codec.canonical_name, context.sample_rate, context.layout.nb_channels, seconds, video=bool(pictures)
    )


def _resample(source: InputContainer, stream: AudioStream) -> bytes:
    resampler = AudioResampler(format="s16", layout="mono", rate=16_000)
    length, sound = _Length(), bytearray()
    for frame in _frames(source, stream):
        length.add(frame)
        for piece in resampler.resample(frame):
            sound += _samples(piece)
        if len(sound) > LONGEST * 32_000:
            raise _Refused(f"is longer than {LONGEST} s")
    for piece in resampler.resample(None):
        sound += _samples(piece)
    return bytes(sound[: math.ceil(length.less_padding(stream) * 16_000) * 2])


class _Length:
    """Of decoded sound, exactly: what was cut to 180 s may not end up longer by a rounding."""

    def __init__(self) -> None:
        self._samples: Counter[int] = Counter()  # by their rate

    def add(self, frame: AudioFrame) -> None:
        self._samples[frame.sample_rate] += frame.samples

    @property
    def seconds(self) -> Fraction:
        return sum((Fraction(count, rate) for rate, count in self._samples.items()), Fraction(0))

    def less_padding(self, stream: AudioStream) -> Fraction:
        """An encoder fills its last packet with silence; an mp4 says where the sound itself ends."""
        decoded, rate = self.seconds, min(self._samples)
        if stream.duration is None or stream.time_base is None:
            return decoded
        told = stream.duration * stream.time_base
        return told if 0 < decoded - told < Fraction(_PACKET, rate) else decoded


def _frames(source: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """A broken packet here and there is passed over, as players do; where many are, the file is."""
    good = bad = 0
    for packet in source.demux(stream):
        try:
            frames = packet.decode()
        except av.InvalidDataError:
            bad += 1
            if bad > 10 + good // 10:
                raise
            continue
        for frame in frames:
            assert isinstance(frame, AudioFrame)
            _check(frame)
            good += 1
            yield frame
    if not good:
        raise _Refused("has no sound")


def _check(frame: AudioFrame) -> None:
    if frame.sample_rate not in _RATES or frame.layout.nb_channels > _MOST_CHANNELS:
        raise _Refused(
            f"has {frame.layout.nb_channels} channels at {frame.sample_rate} Hz, which no sample of a voice has"
        )


def _samples(frame: AudioFrame) -> bytes:
    return bytes(frame.planes[0])[: frame.samples * 2]  # the plane is padded
