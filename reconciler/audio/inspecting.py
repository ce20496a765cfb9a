"""Inspects the bytes of a sample. WAV needs only the standard library; other formats need PyAV."""

from __future__ import annotations

import hashlib
from importlib.util import find_spec

from reconciler.audio import riff
from reconciler.audio.file import EXTRA, AudioFile, Unreadable
from reconciler.audio.sniffing import container_of, looks_like, mp4_is_cut_off

_READ = ("wav", "mp3", "m4a", "mp4", "mov")


def inspect(data: bytes) -> AudioFile | Unreadable:
    """Measures the sample. Raises nothing, whatever the bytes are."""
    size, sha256 = len(data), hashlib.sha256(data).hexdigest()

    def unreadable(why: str, *, container: str = "", unseen: bool = False) -> Unreadable:
        return Unreadable(why, size, sha256, container, unseen)

    container = container_of(data)
    if container is None:
        return unreadable(f"is {looks_like(data)}")
    if container not in _READ:
        return unreadable(f"is {container}, which voicectl can't look into", container=container, unseen=True)
    if container == "wav":
        wave = riff.read(data)
        if isinstance(wave, str):
            return unreadable(wave, container=container)
        if wave.codec:
            shape = (wave.codec, wave.seconds, wave.rate, wave.channels, wave.bits)
            return AudioFile(container, *shape, size, sha256, cut_off=wave.cut_off, flaws=wave.flaws)
        data = data[wave.begins :]
        if data.startswith(b"RIFX"):  # FFmpeg can't read it either
            return unreadable("is a compressed big-endian wav, which voicectl can't look into", container=container)
    try:
        from reconciler.audio.decoding import measured
    except ImportError:
        kind = "a compressed wav" if container == "wav" else container
        return unreadable(f"is {kind}, and reading it takes PyAV: {EXTRA}", container=container, unseen=True)
    sound = measured(data, container)
    if isinstance(sound, str):
        return unreadable(sound, container=container)
    cut_off = container not in ("mp3", "wav") and mp4_is_cut_off(data)
    return AudioFile(
        container, sound.codec, sound.seconds, sound.rate, sound.channels, None, size, sha256, sound.video, cut_off
    )


def converts() -> bool:
    """Whether PyAV is installed, so that samples can be converted. Does not import it."""
    return find_spec("av") is not None
