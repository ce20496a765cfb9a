"""The headers of WAV, read and written: RIFF, big-endian RIFX, and RF64, whose sizes have 64 bits.

The standard library's `wave` reads plain PCM alone, and believes what a header says. Here nothing is allocated or
skipped on a header's word. Compressed sound is only recognised.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass

_CHUNKS = 1000  # before the sound; a file of empty ones would cost seconds
_KNOWN = (b"fmt ", b"data", b"fact", b"LIST", b"bext", b"cue ", b"id3 ")
_UNTOLD = 0x7FFF_0000  # bytes; writers that can't go back put such a size, from here on
_SLACK = 44  # bytes; some writers count the header among the sound
_BESIDES = 64 * 1024  # bytes that a plain file may hold beside its sound
_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_INTEGERS = {1: "pcm_u8", 2: "pcm_s16", 3: "pcm_s24", 4: "pcm_s32"}
_FLOATS = {4: "pcm_f32", 8: "pcm_f64"}


@dataclass(frozen=True, slots=True)
class Wave:
    codec: str  # FFmpeg's name; empty: compressed
    rate: int
    channels: int
    bits: int  # of one sample, as it is stored
    start: int  # where the sound begins
    frames: int  # one sample of each channel, as many as are there
    cut_off: bool
    plain: bool  # little-endian PCM in a RIFF of true sizes, with little beside the sound: any reader takes it

    @property
    def seconds(self) -> float:
        return self.frames / self.rate


def read(data: bytes) -> Wave | str:
    """What the header of a WAV says, as far as it is true; else what is wrong with it."""
    order = ">" if data[:4] == b"RIFX" else "<"
    shape, long_size, at = b"", 0, 12
    for _ in range(_CHUNKS):
        if at + 8 > len(data):
            return "is a wav without sound" if shape else "is a wav without a format"
        name, size = data[at : at + 4], int(struct.unpack_from(f"{order}I", data, at + 4)[0])
        body = at + 8
        if name == b"data":
            return _wave(data, order, shape, body, long_size if size == 0xFFFF_FFFF and long_size else size)
        if name == b"fmt ":
            shape = data[body : body + min(size, 40)]
        elif name == b"ds64" and len(data) >= body + 16:
            long_size = struct.unpack_from("<Q", data, body + 8)[0]
        at = body + size
        if size % 2 and data[at : at + 4] not in _KNOWN:  # chunks begin at even bytes, but not all writers know
            at += 1
    return "is a wav with too much before its sound"


def plain_16k_mono(sound: bytes) -> bytes:
    """16-bit samples, little-endian, behind a header of 44 bytes."""
    return _wrapped(sound, tag=_PCM, channels=1, rate=16_000, width=2)


def little_endian(data: bytes, wave: Wave) -> bytes:
    """RIFX -> RIFF, plain: FFmpeg reads the header of a RIFX, and its samples the wrong way round."""
    width = wave.bits // 8
    sound = data[wave.start : wave.start + wave.frames * width * wave.channels]
    turned = bytearray(len(sound))
    for place in range(width):
        turned[place::width] = sound[width - 1 - place :: width]
    tag = {"pcm_f": _FLOAT, "pcm_a": _ALAW, "pcm_m": _MULAW}.get(wave.codec[:5], _PCM)
    return _wrapped(bytes(turned), tag=tag, channels=wave.channels, rate=wave.rate, width=width)


def _wrapped(sound: bytes, *, tag: int, channels: int, rate: int, width: int) -> bytes:
    block = channels * width
    shape = struct.pack("<HHIIHH", tag, channels, rate, rate * block & 0xFFFF_FFFF, block, width * 8)
    head = b"RIFF" + struct.pack("<I", 36 + len(sound)) + b"WAVEfmt " + struct.pack("<I", 16) + shape
    return head + b"data" + struct.pack("<I", len(sound)) + sound


def _wave(data: bytes, order: str, shape: bytes, start: int, size: int) -> Wave | str:
    if len(shape) < 16:
        return "is a wav without a format"
    tag, channels, rate, _, block, bits = struct.unpack_from(f"{order}HHIIHH", shape)
    extensible = tag == _EXTENSIBLE
    if extensible:
        tag = struct.unpack_from(f"{order}H", shape, 24)[0] if shape[26:40] == _GUID_TAIL else 0
    if not (channels and rate and block) or block % channels:
        return f"is a wav with a broken header: {channels} channels, {rate} Hz, {block} bytes a frame"
    codec = _codec(tag, block // channels, order)
    there = len(data) - start
    untold = (size > there and size >= _UNTOLD) or (size == 0 and not _is_chunk(data[start : start + 8], there))
    length = there if untold else min(size, there)
    whole = (int(struct.unpack_from(f"{order}I", data, 4)[0]) + 8) in range(start + length, len(data) + 2)
    return Wave(
        codec=codec,
        rate=rate,
        channels=channels,
        bits=block // channels * 8 if codec else bits,
        start=start,
        frames=length // block,
        cut_off=not untold and size - there > _SLACK,
        plain=data[:4] == b"RIFF" and not extensible and whole and size == length and len(data) - length <= _BESIDES,
    )


def _codec(tag: int, width: int, order: str) -> str:
    end = "le" if order == "<" else "be"
    match tag:
        case _ if tag == _PCM and width in _INTEGERS:
            return _INTEGERS[width] + (end if width > 1 else "")
        case _ if tag == _FLOAT and width in _FLOATS:
            return _FLOATS[width] + end
        case _ if width == 1 and tag in (_ALAW, _MULAW):
            return "pcm_alaw" if tag == _ALAW else "pcm_mulaw"
        case _:
            return ""


def _is_chunk(head: bytes, there: int) -> bool:
    """Whether an empty sound is meant: nothing or another chunk comes next, not samples."""
    if len(head) < 8:
        return not head
    name, size = head[:4], int.from_bytes(head[4:], "little")
    return (name in _KNOWN or name.isalnum()) and size <= there - 8
