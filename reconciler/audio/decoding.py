"""Decodes mp3, m4a, mp4, mov and unusual WAVs with PyAV (the [audio] extra). The only module that imports PyAV.

The caller names the container, and FFmpeg never guesses it: a disguised playlist would make it open other files and
hosts. Errors are returned as sentences, not raised.
"""

from __future__ import annotations

import io
import math
from array import array
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from fractions import Fraction
from typing import TypeVar

import av
from av.audio.frame import AudioFrame
from av.audio.resampler import AudioResampler
from av.audio.stream import AudioStream
from av.container import InputContainer
from av.stream import Disposition

from reconciler.audio.block import LOW_RATE, MONO_RATE, STEREO_RATE, Block
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


def hear(data: bytes, container: str, listener: Callable[[Block], None], *, longest: float) -> str | None:
    """Decodes the first audio stream, and passes it to the listener in pieces. Returns a sentence if that fails.

    It stops after `longest` seconds. Memory does not grow with the length.
    """

    def read(source: InputContainer, stream: AudioStream) -> None:
        forms, length = _Forms(stream), _Length()
        for frame in _frames(source, stream):
            length.add(frame)
            listener(forms.of(frame))
            if length.seconds >= longest:
                break

    return _read(data, container, read)


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


class _Forms:
    """Converts frames to the forms of a Block. What a resampler holds back at the end, some milliseconds, is lost."""

    def __init__(self, stream: AudioStream) -> None:
        self._rate = stream.codec_context.sample_rate
        self._stored = AudioResampler(format="s16p")
        self._mono = AudioResampler(format="s16", layout="mono", rate=MONO_RATE)
        self._low = AudioResampler(format="s16", layout="mono", rate=LOW_RATE)
        two = stream.codec_context.layout.nb_channels == 2
        self._stereo = AudioResampler(format="s16p", layout="stereo", rate=STEREO_RATE) if two else None

    def of(self, frame: AudioFrame) -> Block:
        stored = self._stored.resample(frame)
        stereo = self._stereo.resample(frame) if self._stereo is not None else []
        mono = self._mono.resample(frame)  # may set the layout of the frame itself, so nothing reads it after this
        low = [piece for each in mono for piece in self._low.resample(each)]
        mixed, lowest = next(iter(_planes(mono)), array("h")), next(iter(_planes(low)), array("h"))
        return Block(self._rate, _planes(stored), mixed, lowest, _planes(stereo))


def _planes(frames: Sequence[AudioFrame]) -> tuple[array[int], ...]:
    """The 16-bit samples of each plane."""
    planes = tuple(array("h") for _ in frames[0].planes) if frames else ()
    for frame in frames:
        for samples, plane in zip(planes, frame.planes, strict=True):
            samples.frombytes(bytes(plane)[: frame.samples * 2])
    return planes


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
