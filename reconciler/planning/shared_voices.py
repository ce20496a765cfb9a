"""Notes samples that several addresses share: each makes its own paid voice, so a typing mistake costs money."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterable, Iterator, Mapping
from typing import Any

from reconciler.model.manifest import Voice
from reconciler.model.notes import listed
from reconciler.model.redaction import redacted
from reconciler.model.urls import compared

_MOST = 5  # notes; further samples are only counted
_Sample = tuple[str, str, str, str]  # type, method, key and the compared value of the sample


def shared_samples(voices: Mapping[str, Voice], bought: Collection[Voice]) -> Iterator[str]:
    """A note for each sample that a new voice shares with another declared voice."""
    wanted = {sample for voice in bought for sample in _samples(voice)}
    if not wanted:
        return
    addresses = _addresses(voices.values(), wanted)
    several = [(sample, found) for sample, found in addresses.items() if len(found) > 1]
    for (_, _, key, _), found in several[:_MOST]:
        what = f"{key}: {_named(voices[found[0]], key)}"
        yield (
            f"{listed(found, last='and')} are made from the same sample ({what}); "
            "if that is a mistake, change one of them before it is paid for"
        )
    if len(several) > _MOST:
        yield f"{len(several) - _MOST} more samples are shared by several addresses"


def _addresses(voices: Iterable[Voice], wanted: Collection[_Sample]) -> dict[_Sample, list[str]]:
    found: dict[_Sample, list[str]] = {}
    for voice in voices:
        for sample in _samples(voice):
            if sample in wanted:
                found.setdefault(sample, []).append(voice.address)
    return found


def _samples(voice: Voice) -> Iterator[_Sample]:
    body = voice.body
    if not body.samples:
        return
    kept = redacted(voice)
    for key in body.samples:
        if key in kept:
            yield voice.type, voice.method, key, json.dumps(compared(kept[key]), sort_keys=True)


def _named(voice: Voice, key: str) -> Any:
    """The declared sample for the note: a URL without its query, an id, or the name of a local file."""
    value = redacted(voice)[key]
    if isinstance(value, dict):
        value = next(value[form] for form in ("url", "file_id", "file") if form in value)
    return compared(value)
