"""Listens to a sample before it is paid for: silence, clipping, noise, hum, level. Takes PyAV.

It can't tell whether two people speak, nor music without pauses from a voice. The pitch of one person changes as much
as from one person to another, so a guess would be wrong too often.
"""

from __future__ import annotations

from reconciler.audio import riff, wav_writer
from reconciler.audio.file import AudioFile
from reconciler.audio.heard import Listener
from reconciler.audio.limits import AudioLimits
from reconciler.audio.sound_findings import SoundFinding, findings

LONGEST = 300  # seconds that are listened to; no cloud takes a longer sample


def listen(data: bytes, audio: AudioFile, limits: AudioLimits) -> list[SoundFinding]:
    """The findings about a sample that was measured. Empty if it sounds clean, or if it can't be listened to.

    Raises nothing, whatever the bytes are. Reports at most what the first LONGEST seconds hold.
    """
    try:
        from reconciler.audio.decoding import hear
    except ImportError:
        return []
    listener = Listener()
    if hear(_decodable(data, audio), audio.container, listener.add, longest=LONGEST) is not None:
        return []
    return findings(listener.heard(), audio, limits)


def _decodable(data: bytes, audio: AudioFile) -> bytes:
    """The bytes for FFmpeg, which tolerates other errors in the header of a WAV than `riff`."""
    wave = riff.read(data) if audio.container == "wav" else None
    return wav_writer.decodable(data, wave) if isinstance(wave, riff.Wave) else data
