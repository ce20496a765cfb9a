"""The result of an inspection: AudioFile for a measured sample, or Unreadable with the reason.

Values only; `inspecting` creates them.
"""

from __future__ import annotations

from reconciler.values import value

EXTRA = "pip install 'voicectl[audio]'"
_CHANNELS = {1: "mono", 2: "stereo"}


@value
class AudioFile:
    """One measured sample. `sha256` (hex) of the file's bytes is its identity, independent of its path and time."""

    container: str  # wav, mp3, m4a, mp4, mov; detected from the bytes, never from the name
    codec: str  # FFmpeg's name: pcm_s16le, mp3, aac
    seconds: float  # of the sound in the file, whatever its header says
    rate: int  # Hz
    channels: int
    bits: int | None  # of one sample; None where it is compressed
    size: int  # bytes
    sha256: str
    video: bool = False  # has a video stream; a cover picture doesn't count
    cut_off: bool = False  # the header announces more bytes than the file has
    flaws: tuple[str, ...] = ()  # errors in the header that were corrected in reading: `its header gives no length`

    def __str__(self) -> str:
        """The format in words: `44.1 kHz stereo 24-bit wav`."""
        depth = "" if self.bits is None else f" {self.bits}-bit{' float' if self.codec.startswith('pcm_f') else ''}"
        channels = _CHANNELS.get(self.channels, f"{self.channels}-channel")
        return f"{self.rate / 1000:g} kHz {channels}{depth} {self.container}"


@value
class Unreadable:
    """Bytes that can't be measured. `why` continues a sentence about the sample: `is an HTML page, not audio`."""

    why: str
    size: int  # bytes
    sha256: str
    container: str = ""  # if it is known: flac, mp3
    unseen: bool = False  # not measured, for example because PyAV is not installed; it may be valid


def is_16k_mono_wav(audio: AudioFile) -> bool:
    """Whether it is a WAV with 16 kHz, one channel and 16 bits, which can be sent without PyAV."""
    return (audio.container, audio.codec, audio.rate, audio.channels) == ("wav", "pcm_s16le", 16_000, 1)


def repair(audio: AudioFile) -> str | None:
    """The remark on a sample with a wrong header: `its header gives no length; …`; None if the header is right."""
    if not audio.flaws:
        return None
    return f"{'; '.join(audio.flaws)}; it is sent with a clean header and {audio.seconds:.1f} s of sound"


def conversion(audio: AudioFile) -> str | None:
    """The remark on a sample that is converted: `44.1 kHz stereo mp3 -> 16 kHz mono wav`; None if it is not."""
    return None if is_16k_mono_wav(audio) else f"{audio} -> 16 kHz mono wav"
