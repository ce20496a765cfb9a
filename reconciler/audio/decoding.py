"""Decodes mp3, m4a, mp4, mov and unusual WAVs with PyAV (the [audio] extra). The only module that imports PyAV.

The caller names the container, and FFmpeg never guesses it: a disguised playlist would make it open other files and
hosts. Errors are returned as sentences, not raised.
"""

from __future__ import annotations

import io
import math
from collections import Counter
from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from reconciler.values import value

LONGEST = 600  # seconds that are decoded: twice the longest sample that any cloud accepts
_DEMUXERS = {"mp3": "mp3", "m4a": "mov", "mp4": "mov", "mov": "mov", "wav": "wav"}
_RATES = range(4_000, 384_001)  # Hz; outside, the resampler's memory has no bound
_MOST_CHANNELS = 64
_PACKET = 4096  # samples; none of these codecs has larger packets
_BROKEN = "can't be decoded: it is damaged, or not what it begins as"
_T = TypeVar("_T")


@value
class Sound:
    """What was measured of a sample's sound."""

    codec: str
    rate: int  # Hz
    channels: int
    seconds: float  # decoded; beyond LONGEST the header's value, if that is more
    video: bool


class _Refused(Exception):
    """The sample can't be used; the message is the sentence to return."""


def measured(data: bytes, container: str) -> Sound | str:
    """Measures the first audio stream by decoding it; a sentence if that fails."""
    return _read(data, container, _measure)


def samples_16k_mono(data: bytes, container: str) -> bytes | str:
    """The first audio stream as 16-bit little-endian samples, 16 kHz, mixed to mono; a sentence if that fails."""
    return _read(data, container, _resample)


def _read(data: bytes, container: str, reading: Callable[[InputContainer, AudioStream], _T]) -> _T | str:
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
    """The exact length of decoded sound: a sample cut to 180 s must not become longer by rounding."""

    def __init__(self) -> None:
        self._samples: Counter[int] = Counter()  # sample rate -> samples

    def add(self, frame: AudioFrame) -> None:
        self._samples[frame.sample_rate] += frame.samples

    @property
    def seconds(self) -> Fraction:
        return sum((Fraction(count, rate) for rate, count in self._samples.items()), Fraction(0))

    def less_padding(self, stream: AudioStream) -> Fraction:
        """The length without the silence with which an encoder fills the last packet; an mp4's header gives it."""
        decoded, rate = self.seconds, min(self._samples)
        if stream.duration is None or stream.time_base is None:
            return decoded
        stated = stream.duration * stream.time_base
        return stated if 0 < decoded - stated < Fraction(_PACKET, rate) else decoded


def _frames(source: InputContainer, stream: AudioStream) -> Iterator[AudioFrame]:
    """The decoded frames. Skips a few broken packets, as players do; raises if there are many."""
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
