"""Converts a sample's bytes to the form that is sent to a cloud, in memory. Equal bytes give equal WAVs."""

from __future__ import annotations

from reconciler.audio import riff, wav_writer
from reconciler.audio.file import EXTRA, AudioFile, Unreadable, is_16k_mono_wav
from reconciler.audio.inspecting import inspect
from reconciler.audio.sniffing import container_of


def to_16k_mono_wav(data: bytes) -> bytes | Unreadable:
    """The sample as a 16 kHz mono WAV with 16 bits: the same bytes if it is one already, else converted by PyAV.

    A sample in the right format with an unusual header (streamed, extensible, 64-bit, megabytes of notes beside the
    sound) gets a plain header, without PyAV. A sample longer than `decoding.LONGEST` is Unreadable.
    """
    found = inspect(data)
    if isinstance(found, Unreadable):
        return found
    wave = riff.read(data) if found.container == "wav" else None
    if isinstance(wave, riff.Wave):
        if is_16k_mono_wav(found) and wave.codec:  # without a codec, only FFmpeg could read its header
            return data if wave.plain else wav_writer.clean_16k_mono(data, wave)
        data = wav_writer.decodable(data, wave)
    try:
        from reconciler.audio.decoding import LONGEST, samples_16k_mono
    except ImportError:
        return _unreadable(found, f"is {found}, and converting it takes PyAV: {EXTRA}", unseen=True)
    if found.seconds > LONGEST:
        return _unreadable(found, f"is longer than {LONGEST} s")
    sound = samples_16k_mono(data, found.container)
    return _unreadable(found, sound) if isinstance(sound, str) else wav_writer.plain_16k_mono(sound)


def without_flaws(data: bytes) -> bytes:
    """The same bytes, except for an uncompressed WAV with a wrong header: its sound with a correct header."""
    wave = riff.read(data) if container_of(data) == "wav" else None
    return wav_writer.clean(data, wave) if isinstance(wave, riff.Wave) and wave.codec and wave.flaws else data


def _unreadable(found: AudioFile, why: str, *, unseen: bool = False) -> Unreadable:
    return Unreadable(why, found.size, found.sha256, found.container, unseen)
