"""A sample's bytes as a cloud is sent them, in memory. The same bytes make the same WAV."""

from __future__ import annotations

from reconciler.audio import riff, wav_writer
from reconciler.audio.file import EXTRA, AudioFile, Unreadable, is_16k_mono_wav
from reconciler.audio.inspecting import inspect
from reconciler.audio.sniffing import container_of


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
        if is_16k_mono_wav(found) and wave.codec:  # else only FFmpeg made sense of its header
            return data if wave.plain else wav_writer.clean_16k_mono(data, wave)
        data = _decodable(data, wave)
    try:
        from reconciler.audio.decoding import LONGEST, samples_16k_mono
    except ImportError:
        return _unreadable(found, f"is {found}, and converting it takes PyAV: {EXTRA}", unseen=True)
    if found.seconds > LONGEST:
        return _unreadable(found, f"is longer than {LONGEST} s")
    sound = samples_16k_mono(data, found.container)
    return _unreadable(found, sound) if isinstance(sound, str) else wav_writer.plain_16k_mono(sound)


def without_flaws(data: bytes) -> bytes:
    """The very bytes, but for an uncompressed WAV whose header is not true: its sound behind one that is."""
    wave = riff.read(data) if container_of(data) == "wav" else None
    return wav_writer.clean(data, wave) if isinstance(wave, riff.Wave) and wave.codec and wave.flaws else data


def _decodable(data: bytes, wave: riff.Wave) -> bytes:
    """For FFmpeg, which forgives other things than `riff` does, and turns the samples of a RIFX the wrong way round."""
    if wave.codec and (wave.flaws or data[wave.begins :].startswith(b"RIFX")):
        return wav_writer.clean(data, wave)
    return data[wave.begins :]


def _unreadable(found: AudioFile, why: str, *, unseen: bool = False) -> Unreadable:
    return Unreadable(why, found.size, found.sha256, found.container, unseen)
