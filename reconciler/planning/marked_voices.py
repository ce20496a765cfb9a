"""Indexes the voices and tasks that carry a voicectl marker but are in no record."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from reconciler.model.manifest import AUDIO, Voice
from reconciler.model.observed import Observations, RemoteVoice
from reconciler.model.state import State
from reconciler.planning import markers


@dataclass(frozen=True, slots=True)
class Marked:
    """A marked voice or task without a record."""

    provider: str
    remote: RemoteVoice
    marker: markers.Marker


@dataclass(frozen=True, slots=True)
class Index:
    """The marked voices, by digest and by address. If two providers are one account, its voices are in it twice."""

    all: tuple[Marked, ...] = ()
    by_digest: Mapping[tuple[str, str], list[Marked]] = field(default_factory=dict)  # (provider, digest)
    by_name: Mapping[tuple[str, str], list[Marked]] = field(default_factory=dict)  # (provider, address of the marker)

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
        found: list[Marked] = []
        for (provider, name), marked in self.by_name.items():
            if provider == voice.provider and not marked[0].marker.cut:
                digests = markers.digests(voice, address=name)
                found += [m for m in marked if m.marker.digest in digests]
        return found

    def cut(self, voice: Voice) -> list[Marked]:
        """The voices whose marker holds only the beginning of an address, which may be this entry's."""
        return [
            m
            for m in self.all
            if m.provider == voice.provider and m.marker.cut and markers.fits_address(m.marker, voice.address)
        ]

    def generation(self, voice: Voice, lineage: str) -> int:
        """The highest generation that markers of this lineage show for the address; 0 if there is none."""
        seen = [*self.exact(voice), *self.named(voice), *self.cut(voice)]
        return max((m.marker.generation for m in seen if m.marker.lineage == lineage), default=0)


def index(seen: Mapping[str, Observations], state: State) -> Index:
    """Indexes the marked voices whose key and whose voice_id are in no record of the state."""
    found: list[Marked] = []
    by_digest: dict[tuple[str, str], list[Marked]] = {}
    by_name: dict[tuple[str, str], list[Marked]] = {}
    for provider, observations in seen.items():
        for marked in _unrecorded(provider, observations, state):
            found.append(marked)
            by_digest.setdefault((provider, marked.marker.digest), []).append(marked)
            by_name.setdefault((provider, marked.marker.address), []).append(marked)
    return Index(tuple(found), by_digest, by_name)


def _unrecorded(provider: str, observations: Observations, state: State) -> Iterable[Marked]:
    for remote in observations.marked:
        marker = markers.read(remote.external_task_id)
        held = remote.voice_id is not None and (observations.account, remote.voice_id) in state.by_voice_id
        if marker is not None and remote.external_task_id not in state.records and not held:
            yield Marked(provider, remote, marker)
