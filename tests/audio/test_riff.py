"""WAVs as real programs write them are read without PyAV, and without trusting their headers."""

from __future__ import annotations

import hashlib
import io
import struct
import tracemalloc
import wave

import pytest

from reconciler.audio.file import AudioFile, Unreadable
from reconciler.audio.inspecting import inspect
from tests.support.sounds import EXTENSIBLE, FLOAT, UNTOLD, rf64, wav, wrapped


def read(data: bytes) -> AudioFile:
    found = inspect(data)
    assert isinstance(found, AudioFile), found
    return found


def refused(data: bytes) -> str:
    found = inspect(data)
    assert isinstance(found, Unreadable), found
    return found.why


@pytest.fixture(autouse=True)
def no_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAV is not needed: the standard library is enough."""
    import sys

    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)


def test_a_wav_is_known_whole() -> None:
    data = wav(12.5, rate=16_000)
    assert read(data) == AudioFile(
        container="wav",
        codec="pcm_s16le",
        seconds=12.5,
        rate=16_000,
        channels=1,
        bits=16,
        size=400_044,
        sha256=hashlib.sha256(data).hexdigest(),
    )


def test_what_the_standard_library_writes_is_read() -> None:
    made = io.BytesIO()
    with wave.open(made, "wb") as file:
        file.setnchannels(2)
        file.setsampwidth(3)
        file.setframerate(48_000)
        file.writeframes(bytes(48_000 * 6 * 2))
    found = read(made.getvalue())
    assert (found.codec, found.seconds, found.rate, found.channels, found.bits) == ("pcm_s24le", 2.0, 48_000, 2, 24)


@pytest.mark.parametrize(
    ("bits", "tag", "order", "codec"),
    [
        (8, 1, "<", "pcm_u8"),
        (24, 1, "<", "pcm_s24le"),
        (32, 1, "<", "pcm_s32le"),
        (32, FLOAT, "<", "pcm_f32le"),
        (64, FLOAT, "<", "pcm_f64le"),
        (16, 1, ">", "pcm_s16be"),
        (24, 1, ">", "pcm_s24be"),
    ],
)
@pytest.mark.parametrize("extensible", [False, True])
def test_every_depth_is_measured(bits: int, tag: int, order: str, codec: str, extensible: bool) -> None:
    found = read(wav(1.5, rate=8_000, channels=2, bits=bits, tag=tag, order=order, extensible=extensible))
    assert (found.codec, found.seconds, found.rate, found.channels, found.bits) == (codec, 1.5, 8_000, 2, bits)


@pytest.mark.parametrize(("tag", "codec"), [(6, "pcm_alaw"), (7, "pcm_mulaw")])
def test_telephone_wavs_are_measured(tag: int, codec: str) -> None:
    found = read(wrapped(bytes(24_000), rate=8_000, bits=8, tag=tag))
    assert (found.codec, found.seconds) == (codec, 3.0)


def test_a_wav_of_64_bit_sizes_is_measured() -> None:
    assert read(rf64(2.0)).seconds == 2.0


@pytest.mark.parametrize("size", [UNTOLD, 0, 0x7FFF_F000, 0x8000_0000], ids=hex)
def test_a_streamed_wav_is_as_long_as_it_is(size: int) -> None:
    found = read(wav(3.0, size=size))
    assert (found.seconds, found.cut_off) == (3.0, False)


def test_an_empty_wav_has_no_seconds_though_notes_follow() -> None:
    assert read(wrapped(b"", after=b"LIST\x04\0\0\0INFO")).seconds == 0
    assert read(wrapped(b"")).seconds == 0


def test_a_wav_that_was_cut_off_is_as_long_as_it_is_and_says_so() -> None:
    found = read(wav(20.0)[: 44 + 32_000])
    assert (found.seconds, found.cut_off) == (1.0, True)


def test_a_header_that_counts_itself_cuts_nothing_off() -> None:
    assert read(wav(3.0, size=3 * 32_000 + 44)).cut_off is False


@pytest.mark.parametrize("name", [b"LIST", b"bext", b"junk"])
def test_chunks_before_the_sound_are_passed_over_with_their_padding(name: bytes) -> None:
    assert read(wav(2.0, before=[(name, b"odd"), (b"fact", bytes(4))])).seconds == 2.0


def test_an_odd_chunk_without_padding_is_forgiven() -> None:
    padded = wav(2.0, before=[(b"junk", b"odd")])
    assert read(padded.replace(b"odd\0", b"odd")).seconds == 2.0


def test_sound_that_ends_within_a_frame_counts_whole_frames() -> None:
    found = read(wrapped(bytes(8 * 1000 + 3), rate=1000, channels=4))
    assert (found.seconds, found.cut_off) == (1.0, False)


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"RIFF\0\0\0\0WAVE", "is a wav without a format"),
        (b"RIFF\0\0\0\0WAVEdata\x02\0\0\0ab", "is a wav without a format"),
        (wav(1.0)[:36], "is a wav without sound"),
        (wav(1.0)[:30], "is a wav without sound"),
        (wrapped(b"abcd", channels=0), "is a wav with a broken header: 0 channels, 16000 Hz, 0 bytes a frame"),
        (wrapped(b"abcd", rate=0), "is a wav with a broken header: 1 channels, 0 Hz, 2 bytes a frame"),
        (b"RIFF\0\0\0\0WAVE" + b"junk\0\0\0\0" * 2000 + wav(1.0)[12:], "is a wav with too much before its sound"),
    ],
)
def test_a_broken_wav_is_refused_with_the_reason(data: bytes, why: str) -> None:
    assert refused(data) == why


@pytest.mark.parametrize("tag", [2, 0x11, 0x55, EXTENSIBLE])
def test_a_compressed_wav_names_the_extra(tag: int) -> None:
    assert refused(wrapped(bytes(800), tag=tag)) == (
        "is a compressed wav, and reading it takes PyAV: pip install 'voicectl[audio]'"
    )


def test_a_header_that_claims_gigabytes_costs_no_memory() -> None:
    lies = [struct.pack("<I", size) for size in (0x7FFF_FFFF, 0xFFFF_FFF0, UNTOLD)]
    hostile = [
        *(b"RIFF" + lie + b"WAVEfmt " + lie + bytes(40) for lie in lies),
        *(b"RIFF" + lie + b"WAVELIST" + lie + bytes(40) for lie in lies),
        *(wrapped(b"ab", size=int.from_bytes(lie, "little")) for lie in lies),
        wrapped(b"ab", channels=32_767, rate=UNTOLD),
        b"RF64" + wrapped(b"ab", before=[(b"ds64", b"\xff" * 28)], size=UNTOLD)[4:],
    ]
    tracemalloc.start()
    try:
        for data in hostile:
            inspect(data)
        assert tracemalloc.get_traced_memory()[1] < 1_000_000
    finally:
        tracemalloc.stop()
