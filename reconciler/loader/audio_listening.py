"""Listens to the local files of voices, on request: it takes a fraction of a second for each, and needs PyAV."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from reconciler.audio.file import AudioFile
from reconciler.audio.inspecting import inspect
from reconciler.audio.limits import AudioLimits
from reconciler.audio.listening import listen
from reconciler.loader.audio_files import samples_of
from reconciler.model.manifest import Voice


def findings_in_files(voices: Mapping[str, Voice]) -> dict[str, list[str]]:
    """Address -> remarks on what can be heard in its files. The same sample of several voices is decoded once."""
    known: dict[tuple[str, str, AudioLimits | None], list[str]] = {}
    remarks: dict[str, list[str]] = {}
    for address, voice in voices.items():
        for key, path in voice.files.items():
            limits = _limits(voice, key)
            sample = (str(voice.inputs[key]["sha256"]), key, limits)
            if sample not in known:
                known[sample] = _heard(path, limits or AudioLimits(key=key, taker="voicectl", source=""))
            if known[sample]:
                remarks.setdefault(address, []).extend(known[sample])
    return remarks


def _limits(voice: Voice, key: str) -> AudioLimits | None:
    """Of several limits, the one that says how long the sample has to be."""
    limits = samples_of(voice.type).files.get((voice.method, key), ())
    return next((each for each in limits if each.shortest is not None), next(iter(limits), None))


def _heard(path: str, limits: AudioLimits) -> list[str]:
    try:
        data = Path(path).read_bytes()
    except OSError:  # it could be read a moment ago; whoever sends it reports that
        return []
    found = inspect(data)
    return [each.message for each in listen(data, found, limits)] if isinstance(found, AudioFile) else []
