"""Reads the headers of WAV files: RIFF, big-endian RIFX, and RF64 (BW64), whose sizes have 64 bits.

The standard library's `wave` reads only plain PCM, and trusts the header. This reader never allocates or skips memory
because of a size in a header. Compressed sound is recognised, but not read. `flaws` lists the errors in the header that
the reader corrects: such a file is never sent unchanged (see `wav_writer`).
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import field

from reconciler.audio.riff_chunks import Chunk, Chunks, is_chunk
from reconciler.audio.sniffing import end_of_id3
from reconciler.values import value

_PLACEHOLDER_SIZE = 1 << 28  # bytes: 256 MB, the largest file that is read; a stream's header has a larger size
_PLACEHOLDER_FACTOR = 50  # a size of so many times the bytes in the file is a placeholder too,
_PLACEHOLDER_SECONDS = 600  # if it means more seconds than this: twice the longest sample that any cloud accepts
_SLACK = 44  # bytes; some programs include the header in the size of the sound
_MOST_OTHER_BYTES = 64 * 1024  # bytes that a plain file may have in addition to its sound
_ID3V1 = 128  # bytes of a tag at the end of a file
_PCM, _FLOAT, _ALAW, _MULAW, _EXTENSIBLE = 1, 3, 6, 7, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
_INTEGERS = {1: "pcm_u8", 2: "pcm_s16", 3: "pcm_s24", 4: "pcm_s32"}
_FLOATS = {4: "pcm_f32", 8: "pcm_f64"}


@value
class Wave:
    """The header of a WAV, as far as it is true."""

    codec: str  # FFmpeg's name; empty: compressed
    rate: int
    channels: int
    bits: int  # of one stored sample
    begins: int  # where the RIFF begins: after tags that were put before it
    start: int  # where the sound begins
    frames: int  # number of frames in the file; a frame is one sample of each channel
    cut_off: bool
    plain: bool  # little-endian PCM in a RIFF without flaws and with little other data: every program can read it
    flaws: tuple[str, ...] = ()  # each a clause about the file: `its header gives no length`
    shape: bytes = field(default=b"", repr=False)  # the body of the fmt chunk

    @property
    def seconds(self) -> float:
        """The length of the sound in the file."""
        return self.frames / self.rate


@value
class _Format:
    """The values of the fmt chunk."""

    tag: int  # of an extensible format: the inner tag
    channels: int
    rate: int
    byte_rate: int
    block: int
    bits: int
    extensible: bool

    @property
    def width(self) -> int:
        return self.block // self.channels

    @property
    def stated_width(self) -> int:
        """Bytes of one sample, computed from `bits`."""
        return (self.bits + 7) // 8


@value
class _Extent:
    """The bytes of the sound that are in the file and belong to it."""

    length: int
    cut_off: bool = False
    unstated: bool = False  # the header has a placeholder: the sound goes to the end of the file
    flaws: tuple[str, ...] = ()


def read(data: bytes) -> Wave | str:
    """The header of a WAV, or a sentence that says why it can't be read."""
    begins = end_of_id3(data)
    order = ">" if data[begins : begins + 4] == b"RIFX" else "<"
    chunks = Chunks(data, begins + 12, order)
    shape, long_size = b"", 0
    for chunk in chunks:
        if chunk.name == b"data":
            size = long_size if chunk.size == 0xFFFF_FFFF and long_size else chunk.size
            return _wave(chunks, begins, shape, Chunk(chunk.name, chunk.body, size))
        if chunk.name == b"fmt ":
            found = data[chunk.body : chunk.body + min(chunk.size, 40)]
            if shape and found != shape:
                return "is a wav with two formats that differ"
            shape = found
        elif chunk.name == b"ds64" and len(data) >= chunk.body + 16:
            long_size = struct.unpack_from("<Q", data, chunk.body + 8)[0]
    if chunks.too_many:
        return "is a wav with too much before its sound"
    return "is a wav without sound" if shape else "is a wav without a format"


def _wave(chunks: Chunks, begins: int, shape: bytes, sound: Chunk) -> Wave | str:
    data, order = chunks.data, chunks.order
    if len(shape) < 16:
        return "is a wav without a format"
    known = _format(shape, order)
    if not (known.channels and known.rate and known.block) or known.block % known.channels:
        return f"is a wav with a broken header: {known.channels} channels, {known.rate} Hz, {known.block} bytes a frame"
    codec = _codec(known, order)
    if known.tag in (_PCM, _FLOAT) and not (codec and _width_is_clear(known)):  # FFmpeg would decode it to noise
        return f"is a wav with a broken header: samples of {known.bits} bits in {known.width} bytes"
    extent = _extent(data, order, sound, known)
    unpadded = ("a chunk of odd size has no pad byte",) if chunks.unpadded else ()
    tags = ("an ID3 tag comes before its header",) if begins else ()
    around = _file_flaws(data, begins, order, sound, extent)
    flaws = (*tags, *unpadded, *(_format_flaws(known) if codec else ()), *extent.flaws, *around)
    true = not flaws and not extent.cut_off
    pcm = bool(codec) and known.tag == _PCM and shape[16:] in (b"", b"\0\0")
    return Wave(
        codec=codec,
        rate=known.rate,
        channels=known.channels,
        bits=known.width * 8 if codec else known.bits,
        begins=begins,
        start=sound.body,
        frames=extent.length // known.block,
        cut_off=extent.cut_off,
        plain=pcm and true and data.startswith(b"RIFF") and len(data) - extent.length <= _MOST_OTHER_BYTES,
        flaws=flaws,
        shape=shape,
    )


def _format(shape: bytes, order: str) -> _Format:
    tag, channels, rate, byte_rate, block, bits = struct.unpack_from(f"{order}HHIIHH", shape)
    extensible = tag == _EXTENSIBLE
    if extensible:
        tag = struct.unpack_from(f"{order}H", shape, 24)[0] if shape[26:40] == _GUID_TAIL else 0
    return _Format(tag, channels, rate, byte_rate, block, bits, extensible)


def _width_is_clear(known: _Format) -> bool:
    """Whether the two values for a sample's width agree, or the byte rate shows which one is right."""
    if known.bits == 0 or known.stated_width == known.width:
        return True
    return known.stated_width < known.width and known.byte_rate == known.rate * known.block


def _format_flaws(known: _Format) -> Iterator[str]:
    if known.byte_rate != known.rate * known.block & 0xFFFF_FFFF:
        yield "its header gives the wrong byte rate"
    if known.stated_width != known.width:
        yield "its header gives the wrong bits per sample"


def _extent(data: bytes, order: str, sound: Chunk, known: _Format) -> _Extent:
    there = len(data) - sound.body
    empty = sound.size == 0 and is_chunk(data[sound.body : sound.body + 8], there, order=order)
    far = sound.size >= _PLACEHOLDER_SIZE or (
        sound.size >= _PLACEHOLDER_FACTOR * there and sound.size >= _PLACEHOLDER_SECONDS * known.rate * known.block
    )
    if (sound.size == 0 and not empty) or (sound.size > there and far):
        if there > _ID3V1 and data[-_ID3V1:].startswith(b"TAG"):
            there -= _ID3V1
        return _Extent(there, unstated=True, flaws=("its header gives no length",))
    length = min(sound.size, there)
    flaws = []
    if there < sound.size <= there + _SLACK:
        flaws.append("its header gives too large a length")
    if length % known.block:
        flaws.append("its sound ends within a frame")
    return _Extent(length, cut_off=sound.size - there > _SLACK, flaws=tuple(flaws))


def _file_flaws(data: bytes, begins: int, order: str, sound: Chunk, extent: _Extent) -> Iterator[str]:
    """The flaws in the size of the whole file and in the chunks after the sound."""
    if extent.cut_off or extent.unstated:
        return
    whole = begins + 8 + int(struct.unpack_from(f"{order}I", data, begins + 4)[0])
    of_64_bits = data[begins : begins + 4] in (b"RF64", b"BW64")
    after = Chunks(data, sound.body + extent.length, order, previous=extent.length, strict=True)
    names = [chunk.name for chunk in after]
    if b"data" in names:
        yield "it has more than one data chunk, of which the first is taken"
    if after.unpadded:
        yield "a chunk of odd size has no pad byte"
    if after.rest:
        yield "bytes at its end belong to no chunk"
    elif whole != len(data) and not of_64_bits:
        yield "its header gives the wrong size"


def _codec(known: _Format, order: str) -> str:
    tag, width, end = known.tag, known.width, "le" if order == "<" else "be"
    match tag:
        case _ if tag == _PCM and width in _INTEGERS:
            return _INTEGERS[width] + (end if width > 1 else "")
        case _ if tag == _FLOAT and width in _FLOATS:
            return _FLOATS[width] + end
        case _ if width == 1 and tag in (_ALAW, _MULAW):
            return "pcm_alaw" if tag == _ALAW else "pcm_mulaw"
        case _:
            return ""
