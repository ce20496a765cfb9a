"""The two things that bytes can be: a sample of which everything is known, or something with a reason why it is not.

Values only; they are made in `inspecting`.
"""

from __future__ import annotations

from dataclasses import dataclass

EXTRA = "pip install 'voicectl[audio]'"
_CHANNELS = {1: "mono", 2: "stereo"}


@dataclass(frozen=True, slots=True)
class AudioFile:
    """One sample. `sha256` is of the file's bytes, in hex: its identity, wherever and whenever it lies."""

    container: str  # wav, mp3, m4a, mp4, mov; told by its bytes, never by its name
    codec: str  # FFmpeg's name: pcm_s16le, mp3, aac
    seconds: float  # of sound that is there, whatever its header says
    rate: int  # Hz
    channels: int
    bits: int | None  # of one sample; None where it is compressed
    size: int  # bytes
    sha256: str
    video: bool = False  # moving pictures, not a cover
    cut_off: bool = False  # its header announces more than there is
    flaws: tuple[str, ...] = ()  # what its header says wrong and was read right: `its header gives no length`

    def __str__(self) -> str:
        """`44.1 kHz stereo 24-bit wav`."""
        depth = "" if self.bits is None else f" {self.bits}-bit{' float' if self.codec.startswith('pcm_f') else ''}"
        channels = _CHANNELS.get(self.channels, f"{self.channels}-channel")
        return f"{self.rate / 1000:g} kHz {channels}{depth} {self.container}"


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that can't be measured. `why` goes on where the name of the sample stood: `is an HTML page, not audio`."""

    why: str
    size: int  # bytes
    sha256: str
    container: str = ""  # where that much is known: flac, mp3
    unseen: bool = False  # nothing is known against it: it was not looked into, as where PyAV is not installed


def is_16k_mono_wav(audio: AudioFile) -> bool:
    """16 kHz, one channel, 16 bits: needs no PyAV to be sent."""
    return (audio.container, audio.codec, audio.rate, audio.channels) == ("wav", "pcm_s16le", 16_000, 1)


def repair(audio: AudioFile) -> str | None:
    """What a plan says of a sample whose header is not true: `its header gives no length; …`."""
    if not audio.flaws:
        return None
    return f"{'; '.join(audio.flaws)}; it is sent with a clean header and {audio.seconds:.1f} s of sound"


def conversion(audio: AudioFile) -> str | None:
    """What a plan says of a sample that is not sent as it is: `44.1 kHz stereo mp3 -> 16 kHz mono wav`."""
    return None if is_16k_mono_wav(audio) else f"{audio} -> 16 kHz mono wav"
