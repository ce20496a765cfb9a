"""Indexes the voices and tasks that carry a voicectl marker but are in no record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field

from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers
from reconciler.values import value


@value
class Marked:
    """A marked voice or task without a record."""

    provider: str
    remote: RemoteVoice
    marker: markers.Marker


@value
class Index:
    """The marked voices, by digest and by address. If two providers are one account, its voices are in it twice."""

    all: tuple[Marked, ...] = ()
    by_digest: Mapping[tuple[str, str], list[Marked]] = field(default_factory=dict)  # (provider, digest)
    by_name: Mapping[tuple[str, str], list[Marked]] = field(default_factory=dict)  # (provider, address of the marker)
    with_cut_address: tuple[Marked, ...] = ()

    def exact(self, voice: Voice) -> list[Marked]:
        """The voices made for this entry: with its address and its inputs, under any rules for links."""
        if not self.by_digest:
            return []
        found = (m for digest in markers.digests(voice) for m in self.by_digest.get((voice.provider, digest), ()))
        return [m for m in found if markers.fits_address(m.marker, voice.address)]

    def named(self, voice: Voice) -> list[Marked]:
        """The voices made for this address, with any inputs, except those whose marker holds only part of an address.

        Empty for a sound: its cloud keeps no markers, and `audio_x` is the address of a voice.
        """
        if voice.address.startswith(AUDIO):
            return []
        return [m for m in self.by_name.get((voice.provider, markers.escaped(voice.address)), ()) if not m.marker.cut]

    def of_the_same_inputs(self, voice: Voice) -> list[Marked]:
        """The voices made from this entry's inputs under another address: the entry was moved since."""
        digests = markers.Digests(voice)
        named = (marked for (provider, _), marked in self.by_name.items() if provider == voice.provider)
        return [m for marked in named for m in marked if digests.fit(m.marker)]

    def cut(self, voice: Voice) -> list[Marked]:
        """The voices whose marker holds only the beginning of an address, which may be this entry's."""
        cut = (m for m in self.with_cut_address if m.provider == voice.provider)
        return [m for m in cut if markers.fits_address(m.marker, voice.address)]

    def generation(self, voice: Voice, lineage: str) -> int:
        """The highest generation that markers of this lineage show for the address; 0 if there is none."""
        seen = [*self.exact(voice), *self.named(voice), *self.cut(voice)]
        return max((m.marker.generation for m in seen if m.marker.lineage == lineage), default=0)


def index(seen: Mapping[str, Observations], state: State) -> Index:
    """Indexes the marked voices whose key and whose voice_id are in no record of the state."""
    found: list[Marked] = []
    by_digest: dict[tuple[str, str], list[Marked]] = {}
    by_name: dict[tuple[str, str], list[Marked]] = {}
    for provider in seen:
        for marked in _unrecorded(provider, seen, state):
            found.append(marked)
            by_digest.setdefault((provider, marked.marker.digest), []).append(marked)
            by_name.setdefault((provider, marked.marker.address), []).append(marked)
    return Index(tuple(found), by_digest, by_name, with_cut_address=tuple(m for m in found if m.marker.cut))


def _unrecorded(provider: str, seen: Mapping[str, Observations], state: State) -> Iterable[Marked]:
    observations = seen[provider]
    for remote in (*observations.marked, *_under_known_keys(provider, seen, state)):
        marker = markers.read(remote.external_task_id)
        record = state.records.get(remote.external_task_id or "")
        held = remote.voice_id is not None and (observations.account, remote.voice_id) in state.by_voice_id
        if marker is not None and not held and (record is None or _is_another(record, provider, remote, seen)):
            yield Marked(provider, remote, marker)


def _under_known_keys(provider: str, seen: Mapping[str, Observations], state: State) -> Iterable[RemoteVoice]:
    """What was looked for by the key of a record that may not mean it: of another name, or refused for its key."""
    for key, observed in seen[provider].of.items():
        record = state.records.get(key)
        doubted = record is not None and (record.provider != provider or _was_refused(record))
        if doubted and isinstance(observed, Found) and observed.remote.external_task_id == key:
            yield observed.remote


def _is_another(record: Record, provider: str, remote: RemoteVoice, seen: Mapping[str, Observations]) -> bool:
    """Whether a voice under a known key is not the record's: each account takes a key once, so two may both have it.

    Two names may be one account, which shows one voice twice: another one has other ids, which come from the server.
    Or the account of the record shows nothing, and nothing else says that the record means this one.
    """
    if record.provider == provider or record.provider not in seen:
        return _was_refused(record)
    own: Observation | None = seen[record.provider].of.get(record.external_task_id)
    known = own.remote if isinstance(own, Found) else record
    pairs = ((known.task_id, remote.task_id), (known.voice_id, remote.voice_id))
    told = [one == other for one, other in pairs if one and other]
    return not all(told) if told else isinstance(own, Absent)


def _was_refused(record: Record) -> bool:
    """Whether another run had used its key, and the record was released since."""
    return record.status is Status.DELETED and record.key_was_used
