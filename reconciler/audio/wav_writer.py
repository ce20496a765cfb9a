"""Writes WAV files: the sound of a sample with a header that every program can read, and nothing else of the file."""

from __future__ import annotations

import struct

from reconciler.audio.riff import Wave

_TAGS = {"pcm_f": 3, "pcm_a": 6, "pcm_m": 7}  # prefix of the codec's name -> format tag; others are PCM
_PCM, _EXTENSIBLE = 1, 0xFFFE


def plain_16k_mono(sound: bytes) -> bytes:
    """A WAV of these 16-bit little-endian samples, with a header of 44 bytes."""
    return _file(_shape(_PCM, channels=1, rate=16_000, width=2), sound)


def clean_16k_mono(data: bytes, wave: Wave) -> bytes:
    """A WAV of exactly the samples of `wave`, which are 16-bit and little-endian, with a header of 44 bytes."""
    return plain_16k_mono(data[wave.start : wave.start + wave.frames * 2])


def clean(data: bytes, wave: Wave) -> bytes:
    """A WAV of exactly the samples of `wave`, in their own format, little-endian, with a correct header.

    `wave` was read from `data`; its codec is known.
    """
    width = wave.bits // 8
    sound = data[wave.start : wave.start + wave.frames * width * wave.channels]
    big_endian = data[wave.begins : wave.begins + 4] == b"RIFX"
    if not big_endian and wave.shape.startswith(struct.pack("<H", _EXTENSIBLE)):
        return _file(wave.shape, sound)  # it assigns the channels to speakers
    tag = _TAGS.get(wave.codec[:5], _PCM)
    shape = _shape(tag, channels=wave.channels, rate=wave.rate, width=width)
    return _file(shape, _byteswapped(sound, width) if big_endian else sound)


def decodable(data: bytes, wave: Wave) -> bytes:
    """The bytes for FFmpeg, which tolerates other errors than `riff` and reads a RIFX's samples in wrong byte order."""
    if wave.codec and (wave.flaws or data[wave.begins :].startswith(b"RIFX")):
        return clean(data, wave)
    return data[wave.begins :]


def _byteswapped(sound: bytes, width: int) -> bytes:
    """Big-endian samples as little-endian: FFmpeg reads the header of a RIFX, but its samples in wrong byte order."""
    swapped = bytearray(len(sound))
    for place in range(width):
        swapped[place::width] = sound[width - 1 - place :: width]
    return bytes(swapped)


def _shape(tag: int, *, channels: int, rate: int, width: int) -> bytes:
    block = channels * width
    return struct.pack("<HHIIHH", tag, channels, rate, rate * block & 0xFFFF_FFFF, block, width * 8)


def _file(shape: bytes, sound: bytes) -> bytes:
    chunks = b"fmt " + struct.pack("<I", len(shape)) + shape + b"data" + struct.pack("<I", len(sound)) + sound
    chunks += b"\0" * (len(sound) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks
