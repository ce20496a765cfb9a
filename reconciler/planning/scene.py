"""Everything a verdict may look at, gathered once: what is declared, remembered, and seen."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

from reconciler.model.manifest import Manifest, Voice
from reconciler.model.observed import Observation, Observations, RemoteVoice, Unknown
from reconciler.model.state import SETTLING, Record, State, Status
from reconciler.planning import keys
from reconciler.planning.accounts import Doubt, doubt
from reconciler.protocols import Capabilities, MethodCapabilities


@dataclass(frozen=True, slots=True)
class Asked:
    """What a person asked for beyond the manifest."""

    retry: frozenset[str] = frozenset()  # addresses whose failed creation may be bought again
    replace: frozenset[str] = frozenset()  # addresses to be made anew
    allow_recreates: int | None = None
    destroy: bool = False


@dataclass(frozen=True, slots=True)
class Scene:
    manifest: Manifest
    state: State
    seen: Mapping[str, Observations]
    capabilities: Mapping[str, Capabilities]
    now: datetime
    asked: Asked = Asked()
    doubts: Mapping[str, Doubt] = field(default_factory=dict)
    marked: Mapping[tuple[str, str], list[RemoteVoice]] = field(default_factory=dict)  # by (provider, marker's digest)
    pending: Mapping[str, Record] = field(default_factory=dict)  # address -> its newest unbound creation
    beside: tuple[Record, ...] = ()  # unbound records that may still mean a voice in a cloud

    def observation(self, record: Record) -> Observation:
        seen = self.seen.get(record.provider)
        if seen is None:
            return Unknown(why=f"the provider {record.provider} was not looked at")
        return seen.of.get(record.external_task_id, _NOT_ASKED)

    def can(self, record_or_voice: Record | Voice) -> MethodCapabilities:
        methods = self.capabilities[record_or_voice.provider].methods
        return methods.get(record_or_voice.method, _CANNOT)

    def ours(self, lineage: str) -> bool:
        return lineage == self.state.lineage[:8] or lineage in self.state.kin

    def next_key(self, voice: Voice) -> tuple[str, int]:
        """The key of the next creation of this voice: above every generation known here or seen marked there."""
        digest = keys.digest_of(voice)
        highest = self.state.highest.get(voice.address, 0)
        for remote in self.marked.get((voice.provider, digest), ()):
            marker = keys.read(remote.external_task_id)
            if marker and marker.lineage == self.state.lineage[:8]:
                highest = max(highest, marker.generation)
        while True:  # a record that was moved to another address keeps its key
            highest += 1
            key = keys.external_task_id(self.state.lineage, voice.address, digest, highest)
            if key not in self.state.records:
                return key, highest


_NOT_ASKED = Unknown(why="it was not asked about")
_CANNOT = MethodCapabilities(deletes=False, settles=False, dedupes=False, paid=False)
_BESIDE = SETTLING | {Status.DEPOSED, Status.LAPSED}


def gather(
    manifest: Manifest,
    state: State,
    seen: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    now: datetime,
    asked: Asked,
) -> Scene:
    bound = set(state.current.values())
    by_provider: dict[str, list[Record]] = {}
    pending: dict[str, Record] = {}
    beside: list[Record] = []
    for record in state.records.values():
        by_provider.setdefault(record.provider, []).append(record)
        if record.external_task_id in bound:
            continue
        if record.status in _BESIDE:
            beside.append(record)
        if record.status in SETTLING or record.status is Status.FAILED:
            newest = pending.get(record.address)
            if newest is None or record.generation > newest.generation:
                pending[record.address] = record
    doubts = {
        name: found
        for name, looked in seen.items()
        if (found := doubt(name, by_provider.get(name, ()), looked, allow_recreates=asked.allow_recreates))
    }
    return Scene(
        manifest=manifest,
        state=state,
        seen=seen,
        capabilities=capabilities,
        now=now,
        asked=asked,
        doubts=doubts,
        marked=_by_digest(seen, state),
        pending={a: r for a, r in pending.items() if r.generation == state.highest[a]},
        beside=tuple(sorted(beside, key=lambda r: (r.address, r.generation))),
    )


def _by_digest(seen: Mapping[str, Observations], state: State) -> dict[tuple[str, str], list[RemoteVoice]]:
    """Marked voices that no record knows. Two providers may name one account, so all records count."""
    found: dict[tuple[str, str], list[RemoteVoice]] = {}
    for provider, looked in seen.items():
        for remote in looked.marked:
            marker = keys.read(remote.external_task_id)
            if marker is not None and remote.external_task_id not in state.records:
                found.setdefault((provider, marker.digest), []).append(remote)
    return found
