"""Real mp3, m4a, mp4, mov and unusual WAVs are measured and converted to 16 kHz mono WAV by PyAV."""

from __future__ import annotations

import io
import sys
import wave
from itertools import pairwise

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from reconciler.audio.converting import to_16k_mono_wav
from reconciler.audio.file import AudioFile, Unreadable, conversion, is_16k_mono_wav
from reconciler.audio.inspecting import inspect
from reconciler.audio.limits import faults
from reconciler.providers.tencent.trtc.samples import PROMPT
from tests.support.sounds import FLOAT, UNTOLD, encoded, m4a, mp3, mp4, rf64, samples, wav, wrapped

pytest.importorskip("av", reason="needs the extra [audio]")
pytestmark = pytest.mark.audio


def read(data: bytes) -> AudioFile:
    found = inspect(data)
    assert isinstance(found, AudioFile), found
    return found


def converted(data: bytes) -> bytes:
    made = to_16k_mono_wav(data)
    assert isinstance(made, bytes), made
    return made


def pitch(sound: list[int], *, rate: int = 16_000) -> float:
    """The frequency in Hz, by counting zero crossings away from both ends."""
    middle = sound[rate : 2 * rate]
    return sum(a < 0 <= b for a, b in pairwise(middle))


SAMPLES = {
    "mp3": mp3(),
    "mp3 with a cover": encoded("mp3", "libmp3lame", picture="cover"),
    "m4a": m4a(),
    "mp4 with pictures": mp4(),
    "mp4 of sound alone": encoded("mp4", "aac"),
    "mp4 with a cover": encoded("mp4", "aac", picture="cover"),
    "mov with pictures": encoded("mov", "aac", picture="video"),
    "mov of pcm": encoded("mov", "pcm_s16le"),
    "fragmented mp4": mp4(fragmented=True),
    "stereo wav": wav(rate=44_100, channels=2),
    "six-channel wav": wav(3.0, rate=48_000, channels=6, extensible=True),
    "8-bit wav": wav(bits=8, rate=8_000),
    "24-bit wav": wav(bits=24, rate=48_000),
    "float wav": wav(bits=32, tag=FLOAT, rate=22_050),
    "big-endian wav": wav(order=">"),
    "big-endian 24-bit wav": wav(bits=24, rate=48_000, channels=2, order=">"),
    "big-endian float wav": wav(bits=32, tag=FLOAT, rate=48_000, order=">", extensible=True),
    "big-endian 8-bit wav": wav(bits=8, rate=48_000, order=">"),
    "streamed wav": wav(rate=44_100, channels=2, size=UNTOLD),
}


@pytest.mark.parametrize(
    ("name", "container", "codec", "video"),
    [
        ("mp3", "mp3", "mp3", False),
        ("mp3 with a cover", "mp3", "mp3", False),
        ("m4a", "m4a", "aac", False),
        ("mp4 with pictures", "mp4", "aac", True),
        ("mp4 of sound alone", "mp4", "aac", False),
        ("mp4 with a cover", "mp4", "aac", False),
        ("mov with pictures", "mov", "aac", True),
        ("mov of pcm", "mov", "pcm_s16le", False),
        ("fragmented mp4", "mp4", "aac", True),
    ],
)
def test_what_needs_pyav_is_measured(name: str, container: str, codec: str, video: bool) -> None:
    found = read(SAMPLES[name])
    assert (found.container, found.codec, found.video, found.cut_off) == (container, codec, video, False)
    assert (found.rate, found.channels, found.bits, found.size) == (44_100, 2, None, len(SAMPLES[name]))
    assert found.seconds == pytest.approx(12.0, abs=1025 / 44_100)


@pytest.mark.parametrize("data", [mp3(10.0), m4a(10.0)], ids=["mp3", "m4a"])
def test_what_was_cut_to_ten_seconds_is_ten_seconds_long(data: bytes) -> None:
    assert read(data).seconds == 10.0
    assert len(converted(data)) == 44 + 320_000


def test_a_compressed_wav_is_measured() -> None:
    found = read(encoded("wav", "adpcm_ms"))
    assert (found.container, found.codec) == ("wav", "adpcm_ms")
    assert found.seconds == pytest.approx(12.0, abs=0.03)


@pytest.mark.parametrize("name", SAMPLES)
def test_any_sample_becomes_a_plain_wav_of_the_same_length_and_pitch(name: str) -> None:
    made = converted(SAMPLES[name])
    with wave.open(io.BytesIO(made)) as plain:
        shape = (plain.getnchannels(), plain.getsampwidth(), plain.getframerate(), plain.getcomptype())
        seconds = plain.getnframes() / 16_000
    assert shape == (1, 2, 16_000, "NONE")
    assert made[36:40] == b"data"
    assert seconds == pytest.approx(read(SAMPLES[name]).seconds, abs=1 / 16_000)
    assert pitch(samples(made)) == pytest.approx(440, abs=1)
    assert is_16k_mono_wav(read(made))


def test_a_44_1_khz_stereo_wav_keeps_its_loudness() -> None:
    loudest = max(samples(converted(SAMPLES["stereo wav"]))[1000:-1000])
    assert loudest == pytest.approx(0.3 * 32_767, rel=0.02)


def test_silent_audio_stays_silent() -> None:
    made = converted(wav(rate=44_100, channels=2, silent=True))
    assert set(samples(made)) == {0}
    assert len(made) == 44 + 12 * 32_000


def test_the_same_bytes_make_the_same_wav() -> None:
    assert converted(mp3()) == converted(mp3())


def test_a_wav_of_the_right_shape_stays_as_it_is() -> None:
    for data in (wav(), wav(after=b"LIST\x04\0\0\0INFO"), wav(before=[(b"LIST", b"INFO")])):
        assert converted(data) == data


@pytest.mark.parametrize(
    "odd",
    [
        wav(extensible=True),
        wav(size=UNTOLD),
        wav(size=0),
        rf64(),
        wav(size=12 * 32_000 + 44),
        wav(before=[(b"bext", bytes(100_000))]),
    ],
    ids=["extensible", "streamed", "streamed with 0", "64-bit", "counts its header", "with 100 kB of notes"],
)
def test_the_right_sound_in_an_odd_wrapping_gets_a_plain_one_without_pyav(
    odd: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)
    assert converted(odd) == wav()


def test_a_plan_says_what_is_converted() -> None:
    assert conversion(read(wav())) is None
    assert conversion(read(mp3())) == "44.1 kHz stereo mp3 -> 16 kHz mono wav"
    assert conversion(read(wav(bits=32, tag=FLOAT, rate=22_050))) == (
        "22.05 kHz mono 32-bit float wav -> 16 kHz mono wav"
    )
    assert conversion(read(SAMPLES["six-channel wav"])) == "48 kHz 6-channel 16-bit wav -> 16 kHz mono wav"


@pytest.mark.parametrize("data", [mp3(), wav(rate=44_100, channels=2)], ids=["mp3", "stereo wav"])
def test_without_pyav_a_conversion_names_the_extra(data: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)
    made = to_16k_mono_wav(data)
    assert isinstance(made, Unreadable)
    assert made.unseen
    assert made.why.endswith("takes PyAV: pip install 'voicectl[audio]'")
    assert [fault for fault in faults(inspect(data), PROMPT) if "pip install 'voicectl[audio]'" in fault]


def test_an_mp4_whose_end_is_missing_says_so() -> None:
    whole = mp4(fragmented=True)
    found = read(whole[: len(whole) * 3 // 4])
    assert found.cut_off
    assert 5 < found.seconds < 11


def test_an_mp4_without_its_index_is_damaged() -> None:
    assert unreadable(mp4()[:100_000]) == "can't be decoded: it is damaged, or not what it begins as"


def test_pictures_alone_have_no_sound() -> None:
    assert unreadable(mute()) == "has no sound"


def unreadable(data: bytes) -> str:
    found = inspect(data)
    assert isinstance(found, Unreadable), found
    return found.why


def mute() -> bytes:
    import av

    made = io.BytesIO()
    with av.open(made, "w", format="mp4") as container:
        stream = container.add_stream("mpeg4", rate=5)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    return made.getvalue()


def test_an_mp3_with_a_damaged_spot_is_still_read() -> None:
    data = bytearray(mp3())
    data[100_000:100_400] = b"\x55" * 400
    assert read(bytes(data)).seconds == pytest.approx(12.0, abs=0.5)


def test_an_mp3_full_of_damage_is_refused() -> None:
    assert unreadable(mp3()[:500] + b"\xff\xfb\x90\x64" * 5000)


def test_what_is_longer_than_ten_minutes_is_not_converted() -> None:
    long = wrapped(bytes(601 * 8000), rate=8_000, bits=8)
    made = to_16k_mono_wav(long)
    assert isinstance(made, Unreadable)
    assert made.why == "is longer than 600 s"


@pytest.mark.parametrize("rate", [1, 3_999, 400_000, 4_000_000_000])
def test_rates_that_no_voice_has_are_not_converted(rate: int) -> None:
    made = to_16k_mono_wav(wrapped(bytes(400), rate=rate))
    assert isinstance(made, Unreadable)


def test_a_wav_of_thousands_of_channels_is_not_converted() -> None:
    assert isinstance(to_16k_mono_wav(wrapped(bytes(200_000), channels=20_000, rate=16_000)), Unreadable)


HEADS = [
    b"",
    mp3(1.0)[:600],
    m4a(1.0)[:300],
    wav(0.1)[:60],
    rf64(0.1)[:90],
    b"\0\0\0\x18ftypisom\0\0\2\0",
    b"ID3\4\0\0",
    wav(0.1, order=">")[:60],
]


@settings(max_examples=150, deadline=None)
@given(head=st.sampled_from(HEADS), tail=st.binary(max_size=400), cut=st.integers(0, 600))
@example(head=b"RIFF\0\0\0\0WAVEfmt ", tail=b"\xff" * 40, cut=600)
def test_no_bytes_make_it_fail(head: bytes, tail: bytes, cut: int) -> None:
    data = head[:cut] + tail
    assert isinstance(inspect(data), AudioFile | Unreadable)
    assert isinstance(to_16k_mono_wav(data), bytes | Unreadable)


@settings(max_examples=150, deadline=None)
@given(
    name=st.sampled_from(["mp3", "m4a", "fragmented mp4", "stereo wav"]),
    spots=st.lists(st.tuples(st.integers(0, 3000), st.integers(0, 255)), max_size=12),
    end=st.booleans(),
)
def test_no_changed_byte_makes_it_fail(name: str, spots: list[tuple[int, int]], end: bool) -> None:
    data = bytearray(SAMPLES[name][:20_000] if name != "m4a" else m4a(1.0))
    for at, value in spots:
        data[-1 - at % len(data) if end else at % len(data)] = value
    assert isinstance(inspect(bytes(data)), AudioFile | Unreadable)
