"""Makes audio samples for tests: WAV in every form by hand, other formats by PyAV. A tone, or silence on request."""

from __future__ import annotations

import io
import math
import struct
from collections.abc import Iterable, Sequence
from functools import cache

PCM, FLOAT, EXTENSIBLE = 1, 3, 0xFFFE
_GUID_TAIL = bytes.fromhex("000000001000800000aa00389b71")
UNTOLD = 0xFFFF_FFFF


@cache
def tone(seconds: float, rate: int, *, channels: int = 1, loudness: float = 0.3) -> tuple[float, ...]:
    """Samples of a 440 Hz tone from -1 to 1, interleaved by channel."""
    wave = [loudness * math.sin(2 * math.pi * 440 * i / rate) for i in range(round(seconds * rate))]
    return tuple(value for value in wave for _ in range(channels))


def wav(
    seconds: float = 12.0,
    *,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    tag: int = PCM,
    extensible: bool = False,
    order: str = "<",
    before: Iterable[tuple[bytes, bytes]] = (),
    after: bytes = b"",
    size: int | None = None,
    silent: bool = False,
) -> bytes:
    """A WAV file. `before` are chunks between format and sound; `size` is a false length of the sound."""
    return wrapped(
        _sound(seconds, rate, channels=channels, silent=silent, bits=bits, tag=tag, order=order),
        rate=rate, channels=channels, bits=bits, tag=tag, extensible=extensible, order=order,
        before=before, after=after, size=size,
    )  # fmt: skip


def wrapped(
    sound: bytes,
    *,
    rate: int = 16_000,
    channels: int = 1,
    bits: int = 16,
    tag: int = PCM,
    extensible: bool = False,
    order: str = "<",
    before: Iterable[tuple[bytes, bytes]] = (),
    after: bytes = b"",
    size: int | None = None,
) -> bytes:
    block = channels * bits // 8
    shape = struct.pack(
        f"{order}HHIIHH", EXTENSIBLE if extensible else tag, channels, rate, rate * block & 0xFFFF_FFFF, block, bits
    )
    if extensible:
        shape += struct.pack(f"{order}HHIH", 22, bits, 0, tag) + _GUID_TAIL
    chunks = b"".join(_chunk(name, body, order) for name, body in [(b"fmt ", shape), *before])
    stated = len(sound) if size is None else size
    body = b"WAVE" + chunks + b"data" + struct.pack(f"{order}I", stated) + sound + b"\0" * (len(sound) % 2) + after
    whole = UNTOLD if stated == UNTOLD else len(body)
    return (b"RIFX" if order == ">" else b"RIFF") + struct.pack(f"{order}I", whole) + body


def rf64(seconds: float = 12.0) -> bytes:
    """An RF64 file, for files over 4 GB: its real sizes are in the chunk ds64."""
    plain = wav(seconds, size=UNTOLD)
    sound = len(plain) - 44
    ds64 = _chunk(b"ds64", struct.pack("<QQQI", len(plain) + 28, sound, sound // 2, 0), "<")
    return b"RF64" + plain[4:12] + ds64 + plain[12:]


@cache
def encoded(
    muxer: str,
    codec: str,
    *,
    seconds: float = 12.0,
    rate: int = 44_100,
    channels: int = 2,
    picture: str = "",
    silent: bool = False,
    fragmented: bool = False,
) -> bytes:
    """A file encoded by PyAV. `picture` adds a `video` stream, or a `cover` image."""
    import av
    from av.stream import Disposition

    layout = "mono" if channels == 1 else "stereo"
    made = io.BytesIO()
    options = {"movflags": "frag_keyframe+empty_moov"} if fragmented else {}
    with av.open(made, "w", format=muxer, options=options) as container:
        stream = container.add_stream(codec, rate=rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = layout
        if picture:
            pictures = container.add_stream(
                "mpeg4" if picture == "video" else "mjpeg" if muxer == "mp4" else "png", rate=5
            )
            assert isinstance(pictures, av.VideoStream)
            pictures.width = pictures.height = 64
            pictures.pix_fmt = "yuv420p" if picture == "video" else "yuvj420p" if muxer == "mp4" else "rgb24"
            if picture == "cover":
                pictures.disposition = Disposition.attached_pic
        sound = _sound(seconds, rate, channels=channels, silent=silent, bits=16, tag=PCM, order="<")
        frame = av.AudioFrame(format="s16", layout=layout, samples=len(sound) // channels // 2)
        frame.planes[0].update(sound.ljust(frame.planes[0].buffer_size, b"\0"))
        frame.rate, frame.pts = rate, 0
        shape = av.AudioResampler(
            format=stream.format.name, layout=layout, rate=rate, frame_size=stream.codec_context.frame_size or 1024
        )
        for piece in [*shape.resample(frame), *shape.resample(None), None]:
            container.mux(stream.encode(piece))
        if picture:
            for _ in range(round(seconds * 5) if picture == "video" else 1):
                image = av.VideoFrame(64, 64, pictures.pix_fmt or "")
                for plane in image.planes:
                    plane.update(bytes(plane.buffer_size))
                container.mux(pictures.encode(image))
            container.mux(pictures.encode(None))
    return made.getvalue()


def mp3(seconds: float = 12.0, *, rate: int = 44_100, channels: int = 2) -> bytes:
    return encoded("mp3", "libmp3lame", seconds=seconds, rate=rate, channels=channels)


def m4a(seconds: float = 12.0) -> bytes:
    return encoded("ipod", "aac", seconds=seconds)


def mp4(seconds: float = 12.0, *, fragmented: bool = False) -> bytes:
    """With a video stream."""
    return encoded("mp4", "aac", seconds=seconds, picture="video", fragmented=fragmented)


def samples(wav_file: bytes) -> list[int]:
    """The 16-bit samples behind a header of 44 bytes."""
    return list(struct.unpack(f"<{(len(wav_file) - 44) // 2}h", wav_file[44:]))


def _chunk(name: bytes, body: bytes, order: str) -> bytes:
    return name + struct.pack(f"{order}I", len(body)) + body + b"\0" * (len(body) % 2)


@cache
def _sound(seconds: float, rate: int, *, channels: int, silent: bool, bits: int, tag: int, order: str) -> bytes:
    """The stored samples of a tone. One period is computed and repeated: tests make minutes of sound."""
    period = rate // math.gcd(440, rate)
    values = tone(period / rate, rate, channels=channels, loudness=0 if silent else 0.3)
    one = _stored(values, bits=bits, tag=tag, order=order)
    length = round(seconds * rate) * len(one) // period
    return (one * (length // len(one) + 1))[:length]


def _stored(values: Sequence[float], *, bits: int, tag: int, order: str) -> bytes:
    if tag == FLOAT:
        return struct.pack(f"{order}{len(values)}{'f' if bits == 32 else 'd'}", *values)
    if bits == 8:
        return bytes(round(128 + 127 * value) for value in values)
    whole = [round(value * (2 ** (bits - 1) - 1)) for value in values]
    if bits == 16:
        return struct.pack(f"{order}{len(whole)}h", *whole)
    end = "little" if order == "<" else "big"
    return b"".join(value.to_bytes(bits // 8, end, signed=True) for value in whole)
