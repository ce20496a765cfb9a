"""WAVs with a wrong header are read as far as possible, and never sent unchanged."""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reconciler.audio.converting import to_16k_mono_wav, without_flaws
from reconciler.audio.file import AudioFile, Unreadable, is_16k_mono_wav, repair
from reconciler.audio.inspecting import inspect
from reconciler.audio.limits import faults
from reconciler.providers.tencent.trtc.samples import PROMPT
from tests.support.sounds import EXTENSIBLE, UNTOLD, encoded, rf64, wav, wrapped

PLAIN = wav(12.0)
SOUND = PLAIN[44:]
NO_LENGTH = "its header gives no length"
ID3 = b"ID3\x04\0\0\0\0\0\x0aTIT2\0\0\0\0\0\0"
ID3V1 = b"TAG" + b"Title".ljust(125, b"\0")


@pytest.fixture
def no_pyav(monkeypatch: pytest.MonkeyPatch) -> None:
    """PyAV is not needed: the standard library is enough."""
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)


def read(data: bytes) -> AudioFile:
    found = inspect(data)
    assert isinstance(found, AudioFile), found
    return found


def whole_size(data: bytes, size: int | None = None) -> bytes:
    """With this size of the whole file, or with the true one."""
    return data[:4] + struct.pack("<I", len(data) - 8 if size is None else size) + data[8:]


def chunk(name: bytes, body: bytes, *, padded: bool = True) -> bytes:
    return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2 if padded else 0)


def with_before(*chunks: bytes) -> bytes:
    return whole_size(PLAIN[:36] + b"".join(chunks) + PLAIN[36:])


def with_after(*chunks: bytes) -> bytes:
    return whole_size(PLAIN + b"".join(chunks))


def with_fields(tag: int = 1, byte_rate: int = 32_000, bits: int = 16, rest: bytes = b"") -> bytes:
    shape = struct.pack("<HHIIHH", tag, 1, 16_000, byte_rate, 2, bits) + rest
    return whole_size(PLAIN[:12] + chunk(b"fmt ", shape) + PLAIN[36:])


PLACEHOLDERS = [
    0, 1 << 28, 500_000_000, 1_000_000_000, 0x4000_0000, 2_000_000_000, 0x7FFF_0000, 0x7FFF_F000, 0x7FFF_FFDB,
    0x7FFF_FFFF, 0x8000_0000, 0xFFFF_FFDB, 0xFFFF_FFFE, UNTOLD, 100_000_000, 20_000_000,
]  # fmt: skip


@pytest.mark.usefixtures("no_pyav")
@pytest.mark.parametrize("whole", [None, 0, 36, UNTOLD, 0x7FFF_FFFF], ids=["true", "0", "36", "-1", "2 GB"])
@pytest.mark.parametrize("size", PLACEHOLDERS, ids=hex)
def test_a_placeholder_is_read_to_the_end_of_the_file_and_never_sent(size: int, whole: int | None) -> None:
    data = whole_size(wav(12.0, size=size), whole)
    found = read(data)
    assert (found.seconds, found.cut_off, found.flaws) == (12.0, False, (NO_LENGTH,))
    assert to_16k_mono_wav(data) == PLAIN


FORGIVEN = {
    "the whole is 0 bytes": (whole_size(PLAIN, 0), "its header gives the wrong size"),
    "the whole is its placeholder": (whole_size(PLAIN, UNTOLD), "its header gives the wrong size"),
    "the whole is too short": (whole_size(PLAIN, 1000), "its header gives the wrong size"),
    "the whole is one too long": (whole_size(PLAIN, len(PLAIN) - 7), "its header gives the wrong size"),
    "the whole counts its own header": (whole_size(PLAIN, len(PLAIN)), "its header gives the wrong size"),
    "the sound counts the header": (wav(12.0, size=len(SOUND) + 44), "its header gives too large a length"),
    "half a sample": (whole_size(wrapped(SOUND + b"\x01")), "its sound ends within a frame"),
    "half a sample, no pad byte": (
        whole_size(wrapped(SOUND + b"\x01")[:-1]),
        "its sound ends within a frame; a chunk of odd size has no pad byte",
    ),
    "odd JUNK before, no pad": (
        with_before(chunk(b"JUNK", b"odd", padded=False)),
        "a chunk of odd size has no pad byte",
    ),
    "odd LIST before, no pad, then one nobody knows": (
        with_before(chunk(b"LIST", b"INFOodd", padded=False), chunk(b"XyZ1", bytes(32))),
        "a chunk of odd size has no pad byte",
    ),
    "odd bext before another": (
        with_before(chunk(b"bext", b"x" * 601, padded=False), chunk(b"fact", bytes(4))),
        "a chunk of odd size has no pad byte",
    ),
    "odd LIST behind, no pad": (
        with_after(chunk(b"LIST", b"INFOodd", padded=False)),
        "a chunk of odd size has no pad byte",
    ),
    "odd note behind, no pad, then another": (
        with_after(chunk(b"LIST", b"INFOodd", padded=False), chunk(b"id3 ", bytes(10))),
        "a chunk of odd size has no pad byte",
    ),
    "garbage behind": (PLAIN + b"garbage!" * 10, "bytes at its end belong to no chunk"),
    "zeros behind": (PLAIN + bytes(512), "bytes at its end belong to no chunk"),
    "zeros behind that the whole counts": (with_after(bytes(512)), "bytes at its end belong to no chunk"),
    "a byte behind": (PLAIN + b"\n", "bytes at its end belong to no chunk"),
    "a tag of mp3 behind": (PLAIN + ID3V1, "bytes at its end belong to no chunk"),
    "a tag of mp3 before": (ID3 + PLAIN, "an ID3 tag comes before its header"),
    "two tags of mp3 before": (ID3 + ID3 + PLAIN, "an ID3 tag comes before its header"),
    "a chunk that is cut off behind": (
        with_after(chunk(b"LIST", bytes(100))[:50]),
        "bytes at its end belong to no chunk",
    ),
    "another file behind": (PLAIN + PLAIN, "its header gives the wrong size"),
    "a second sound": (
        with_after(chunk(b"data", SOUND)),
        "it has more than one data chunk, of which the first is taken",
    ),
    "a wrong byte rate": (with_fields(byte_rate=16_000), "its header gives the wrong byte rate"),
    "a byte rate of 0": (with_fields(byte_rate=0), "its header gives the wrong byte rate"),
    "bits of 0": (with_fields(bits=0), "its header gives the wrong bits per sample"),
    "bits of 8": (with_fields(bits=8), "its header gives the wrong bits per sample"),
}


@pytest.mark.usefixtures("no_pyav")
@pytest.mark.parametrize("name", FORGIVEN)
def test_whatever_is_forgiven_is_sent_behind_a_clean_header(name: str) -> None:
    data, flaw = FORGIVEN[name]
    found = read(data)
    assert found.cut_off is False
    assert "; ".join(found.flaws) == flaw
    assert found.seconds == 12.0
    assert to_16k_mono_wav(data) == PLAIN
    assert without_flaws(data) == PLAIN


LEGAL = {
    "with a LIST before": with_before(chunk(b"LIST", b"INFO")),
    "with an odd chunk before": with_before(chunk(b"JUNK", b"odd")),
    "with an odd chunk before one nobody knows": with_before(chunk(b"JUNK", b"odd"), chunk(b"XyZ1", bytes(32))),
    "with an odd chunk behind": with_after(chunk(b"LIST", b"INFOodd")),
    "with chunks behind": with_after(chunk(b"LIST", b"INFO"), chunk(b"id3 ", bytes(10)), chunk(b"wxy ", b"1")),
    "with a longer format": with_fields(rest=b"\0\0"),
    "of 12 bits": with_fields(bits=12),
}


@pytest.mark.parametrize("name", LEGAL)
def test_a_header_that_is_true_is_sent_as_it_is(name: str) -> None:
    found = read(LEGAL[name])
    assert (found.seconds, found.flaws) == (12.0, ())
    assert to_16k_mono_wav(LEGAL[name]) == LEGAL[name] == without_flaws(LEGAL[name])
    assert repair(found) is None


@pytest.mark.usefixtures("no_pyav")
@pytest.mark.parametrize(
    "data", [rf64(), b"BW64" + rf64()[4:], wav(extensible=True), with_fields(rest=bytes(8))],
    ids=["RF64", "BW64", "extensible", "a format with more behind it"],
)  # fmt: skip
def test_a_rare_wrapping_has_no_flaw_and_is_sent_plain_anyway(data: bytes) -> None:
    assert read(data).flaws == ()
    assert to_16k_mono_wav(data) == PLAIN
    assert without_flaws(data) == data


def test_a_tag_at_the_end_of_a_stream_is_not_a_sound() -> None:
    data = wav(12.0, size=UNTOLD) + ID3V1
    assert read(data).seconds == 12.0
    assert to_16k_mono_wav(data) == PLAIN


@pytest.mark.parametrize("seconds", [12.0, 30.0, 60.0, 180.0])
@pytest.mark.parametrize("says", [190.0, 240.0, 599.0])
def test_a_sample_that_was_cut_off_is_refused(seconds: float, says: float) -> None:
    data = wrapped(bytes(round(seconds * 32_000)), size=round(says * 32_000))
    found = read(data)
    assert (found.cut_off, found.seconds) == (True, seconds)
    assert "prompt_audio is cut off: its header announces more than the file holds" in faults(found, PROMPT)


def test_a_recording_that_lost_most_of_itself_is_refused() -> None:
    assert read(wav(0.1, size=6 * 32_000)).cut_off  # 60 times what is there, and a sample once


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (with_fields(bits=24), "is a wav with a broken header: samples of 24 bits in 2 bytes"),
        (with_fields(bits=8, byte_rate=16_000), "is a wav with a broken header: samples of 8 bits in 2 bytes"),
    ],
)
def test_samples_that_can_be_read_in_two_ways_are_refused(data: bytes, why: str) -> None:
    found = inspect(data)
    assert isinstance(found, Unreadable)
    assert found.why == why


def test_a_sample_wider_than_any_is_refused() -> None:
    found = inspect(PLAIN[:32] + struct.pack("<H", 258) + PLAIN[34:])
    assert isinstance(found, Unreadable)
    assert found.why == "is a wav with a broken header: samples of 16 bits in 258 bytes"


def test_two_formats_that_differ_are_refused() -> None:
    other = chunk(b"fmt ", struct.pack("<HHIIHH", 1, 2, 16_000, 64_000, 4, 16))
    found = inspect(whole_size(PLAIN[:12] + other + PLAIN[12:]))
    assert isinstance(found, Unreadable)
    assert found.why == "is a wav with two formats that differ"


def test_a_length_that_is_refused_says_what_is_wrong_with_the_header() -> None:
    data = wav(4.0, size=UNTOLD)
    assert faults(read(data), PROMPT) == [
        "prompt_audio is 4.0 s long; TRTC VoiceClone takes 10 to 180 s (its header gives no length)"
    ]


def test_a_plan_says_what_is_put_right() -> None:
    assert repair(read(wav(12.5, size=2_000_000_000))) == (
        "its header gives no length; it is sent with a clean header and 12.5 s of sound"
    )


@pytest.mark.parametrize("container", ["ogg", "flac", "webm"])
def test_a_refusal_names_what_the_vendor_takes(container: str) -> None:
    data = {"ogg": b"OggS\0\2", "flac": b"fLaC\0\0\0\x22", "webm": b"\x1aE\xdf\xa3\x01"}[container]
    assert faults(inspect(data), PROMPT) == [
        f"prompt_audio is {container}; TRTC VoiceClone takes 16 kHz mono wav, to which voicectl converts mp3, m4a, "
        "wav, mp4 and mov"
    ]


SHAPES: dict[str, Callable[..., bytes]] = {
    "stereo": lambda **lie: wav(rate=44_100, channels=2, **lie),
    "8-bit": lambda **lie: wav(rate=8_000, bits=8, **lie),
    "24-bit": lambda **lie: wav(rate=48_000, bits=24, **lie),
    "big-endian": lambda **lie: wav(rate=48_000, order=">", **lie),
    "six channels": lambda **lie: wav(3.0, rate=48_000, channels=6, extensible=True, **lie),
}


@pytest.mark.audio
@pytest.mark.parametrize("size", [0, 2_000_000_000, UNTOLD])
@pytest.mark.parametrize("name", SHAPES)
def test_what_is_converted_is_the_sound_that_was_counted(name: str, size: int) -> None:
    true, false = SHAPES[name](), SHAPES[name](size=size)
    assert read(false).flaws == (NO_LENGTH,)
    assert read(false).seconds == read(true).seconds
    assert to_16k_mono_wav(false) == to_16k_mono_wav(true)
    assert (read(without_flaws(false)).flaws, read(without_flaws(false)).seconds) == ((), read(true).seconds)


@pytest.mark.audio
def test_what_ffmpeg_does_not_forgive_is_converted_too() -> None:
    stereo = wav(rate=44_100, channels=2)
    unpadded = whole_size(stereo[:36] + chunk(b"LIST", b"INFOodd", padded=False) + stereo[36:])
    assert to_16k_mono_wav(unpadded) == to_16k_mono_wav(stereo) == to_16k_mono_wav(ID3 + stereo)


@pytest.mark.audio
def test_a_compressed_wav_behind_a_tag_is_measured_and_converted() -> None:
    packed = encoded("wav", "adpcm_ms")
    assert read(ID3 + packed).seconds == read(packed).seconds
    assert to_16k_mono_wav(ID3 + packed) == to_16k_mono_wav(packed)


def test_the_mask_of_an_extensible_wav_is_kept() -> None:
    false = wav(1.0, channels=6, extensible=True, size=UNTOLD)
    assert struct.unpack_from("<H", without_flaws(false), 20) == (EXTENSIBLE,)


def is_strict(data: bytes) -> bool:
    """Checks the format with an independent, strict parser: sizes add up, pad bytes exist, one format."""
    at, names = 12, []
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE" or struct.unpack_from("<I", data, 4)[0] != len(data) - 8:
        return False
    while at < len(data):
        if at + 8 > len(data):
            return False
        name, size = data[at : at + 4], struct.unpack_from("<I", data, at + 4)[0]
        names.append(name)
        if name == b"fmt " and (data[at + 8 : at + 22] != PLAIN[20:34] or not 8 < data[at + 22] <= 16 or data[at + 23]):
            return False  # 9 to 15 bits in two bytes are legal: see LEGAL
        if name == b"data" and size % 2:
            return False
        at += 8 + size + size % 2
    return at == len(data) and names.count(b"data") == 1 and names.index(b"fmt ") < names.index(b"data")


SHORT = PLAIN[:40] + struct.pack("<I", 64) + SOUND[:64]
BASES = [
    whole_size(SHORT),
    whole_size(SHORT + chunk(b"LIST", b"INFOodd")),
    whole_size(SHORT[:36] + chunk(b"JUNK", b"odd") + SHORT[36:]),
]


@settings(max_examples=400, deadline=None)
@given(
    base=st.sampled_from(BASES),
    spots=st.lists(st.tuples(st.integers(0, 63), st.integers(0, 255)), max_size=3),
    cut=st.integers(0, 12),
    tail=st.binary(max_size=12),
)
def test_nothing_is_sent_as_it_is_that_a_strict_reader_would_refuse(
    base: bytes, spots: list[tuple[int, int]], cut: int, tail: bytes
) -> None:
    changed = bytearray(base[: len(base) - cut] + tail)
    for at, value in spots:
        changed[at % len(changed)] = value
    data = bytes(changed)
    found = inspect(data)
    if isinstance(found, AudioFile) and is_16k_mono_wav(found):
        sent = to_16k_mono_wav(data)
        assert isinstance(sent, bytes)
        assert is_strict(sent)
        assert read(sent).seconds == found.seconds


def test_a_strict_reader_takes_9_to_16_bits_in_two_bytes_only() -> None:
    taken = [bits for bits in range(20) if is_strict(bytes(BASES[0][:34]) + bytes([bits]) + BASES[0][35:])]
    assert taken == list(range(9, 17))
