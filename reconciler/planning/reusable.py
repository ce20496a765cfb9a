"""Which abandoned records an entry may take back, so that they are looked up like the voices that entries have.

A list may be short, or show a task without its voice. For an abandoned record that is enough only if nothing depends on
it: an entry without a voice would pay for another one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.state import LIVE, Record, State, Status
from reconciler.planning.diff import difference
from reconciler.planning.same_inputs import made_from, matching_key


def restored(manifest: Manifest, state: State, abandoned: Iterable[Record]) -> list[Record]:
    """Those of the abandoned records that an entry may take back, with the status that they had before."""
    by_inputs: dict[str, list[Voice]] = {}
    for voice in manifest.voices.values():
        if _needs_voice(state, voice):
            by_inputs.setdefault(matching_key(voice.provider, voice.method, made_from(voice)), []).append(voice)
    return [_before_it_was_abandoned(record) for record in abandoned if _is_reusable(record, manifest, by_inputs)]


def _needs_voice(state: State, voice: Voice) -> bool:
    """Whether the entry has no voice of its inputs."""
    record = state.at(voice.address)
    if voice.origin is not Origin.MADE:
        return False
    return record is None or record.status not in LIVE or bool(difference(voice, record).identity)


def _is_reusable(record: Record, manifest: Manifest, by_inputs: Mapping[str, list[Voice]]) -> bool:
    """Whether an entry that needs a voice has its inputs: its own, or any if its own is gone."""
    voices = by_inputs.get(matching_key(record.provider, record.method, record.sent), ())
    return any(
        (voice.address == record.address or record.address not in manifest.voices)
        and not difference(voice, record).identity
        for voice in voices
    )


def _before_it_was_abandoned(record: Record) -> Record:
    if record.named:
        return replace(record, status=Status.READY)
    return replace(record, status=Status.INTENDED if record.task_id is None else Status.RUNNING)
