"""Any sample -> 16 kHz mono WAV, in memory. The same bytes make the same WAV."""

from __future__ import annotations

from reconciler.audio import riff
from reconciler.audio.file import EXTRA, AudioFile, Unreadable, is_16k_mono_wav
from reconciler.audio.inspecting import inspect


def to_16k_mono_wav(data: bytes) -> bytes | Unreadable:
    """A WAV of 16-bit samples: the very bytes where they are one already, else made by PyAV.

    A right sample in an odd wrapping (a streamed, extensible or 64-bit header, megabytes of notes beside the sound)
    gets a plain header, without PyAV. Longer than `decoding.LONGEST` is Unreadable.
    """
    found = inspect(data)
    if isinstance(found, Unreadable):
        return found
    wave = riff.read(data) if found.container == "wav" else None
    if isinstance(wave, riff.Wave):
        if is_16k_mono_wav(found):
            return data if wave.plain else riff.plain_16k_mono(data[wave.start : wave.start + wave.frames * 2])
        data = riff.little_endian(data, wave) if data.startswith(b"RIFX") else data
    try:
        from reconciler.audio.decoding import LONGEST, samples_16k_mono
    except ImportError:
        return _unreadable(found, f"is {found}, and converting it takes PyAV: {EXTRA}", unseen=True)
    if found.seconds > LONGEST:
        return _unreadable(found, f"is longer than {LONGEST} s")
    sound = samples_16k_mono(data, found.container)
    return _unreadable(found, sound) if isinstance(sound, str) else riff.plain_16k_mono(sound)


def _unreadable(found: AudioFile, why: str, *, unseen: bool = False) -> Unreadable:
    return Unreadable(why, found.size, found.sha256, found.container, unseen)
