"""Compares a manifest without a state with its accounts: which voices there are ours, and what can't be known. Pure.

A voice is ours if its marker fits a declared address, whatever its digest: the entry may have changed since. It is
also ours if it was made from an entry's inputs under another address: the entry was renamed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from enum import Enum, auto

from reconciler.hints import NO_HINT
from reconciler.model.manifest import Manifest, Voice
from reconciler.model.method import Origin
from reconciler.model.observed import Found, Observations, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import State
from reconciler.model.survey import Held, Survey
from reconciler.planning import markers
from reconciler.planning.account_check import AccountProblem
from reconciler.protocols.provider import ByKey, Capabilities, MethodCapabilities, Unknowable


def survey(
    manifest: Manifest,
    state: State,
    seen: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    closed: Mapping[str, AccountProblem] | None = None,
    stateless: bool,
) -> Survey:
    """What the accounts have of a manifest whose `state` has no record.

    `stateless`: the state was never written, so it does not prove that no voice was made. Voices of lineages that the
    state knows (its own, adopted or foreign ones) are left out, because the planner plans them. `closed`: the
    providers that could not be read, with the reason.
    """
    ours, others = _marked(manifest, state, seen)
    held = {voice.address for voice in ours}
    closed = closed or {}
    unseen = [f"{name}: {problem.why}" for name, problem in closed.items()]
    unseen += [
        f"{name}: {observations.unlisted}" for name, observations in seen.items() if observations.unlisted is not None
    ]
    found: dict[Presence, dict[str, list[str]]] = {presence: {} for presence in Presence}
    for voice in manifest.voices.values():
        observations = seen.get(voice.provider)
        if observations is None and voice.provider not in closed:
            unseen.append(f"{voice.address}: the provider {voice.provider} was not checked")
        elif observations is None:
            continue
        elif voice.address not in held and observations.unlisted is None:
            presence = _presence(voice, state, observations, capabilities[voice.provider], stateless=stateless)
            if isinstance(presence, Presence):
                found[presence].setdefault(voice.provider, []).append(voice.address)
            else:
                unseen.append(f"{voice.address}: {presence}")
    return Survey(
        stateless=stateless,
        ours=tuple(ours),
        others=others,
        absent=found[Presence.ABSENT],
        present=found[Presence.PRESENT],
        lost=found[Presence.LOST],
        unverifiable=found[Presence.UNVERIFIABLE],
        unseen=tuple(unseen),
        ways_to_see=sum((problem.hint for problem in closed.values()), NO_HINT),
    )


class Presence(Enum):
    """What the accounts show of an entry that no marked voice fits."""

    ABSENT = auto()
    PRESENT = auto()
    LOST = auto()
    UNVERIFIABLE = auto()


def _marked(manifest: Manifest, state: State, seen: Mapping[str, Observations]) -> tuple[list[Held], dict[str, int]]:
    """The marked voices, each once (two providers may be one account): ours, and other lineages with their count."""
    known = {state.lineage[:8], *state.adopted_lineages, *state.foreign_lineages}
    declared = DeclaredEntries(manifest)
    ours: list[Held] = []
    others: dict[str, int] = {}
    for provider, remote in _marked_once(seen):
        marker = markers.read(remote.external_task_id)
        if marker is None or marker.lineage in known:
            continue
        voice = declared.entry_of(marker)
        if voice is None:
            others[marker.lineage] = others.get(marker.lineage, 0) + 1
            continue
        ours.append(
            Held(
                address=voice.address,
                provider=provider,
                lineage=marker.lineage,
                external_task_id=str(remote.external_task_id),
                voice_id=remote.voice_id,
                unchanged=voice.provider == provider and _is_rebuilt(voice, marker),
            )
        )
    return sorted(ours, key=lambda held: (held.address, held.external_task_id)), dict(sorted(others.items()))


def _marked_once(seen: Mapping[str, Observations]) -> Iterator[tuple[str, RemoteVoice]]:
    yielded: set[tuple[str, str | None, str | None, str | None]] = set()
    for provider, observations in seen.items():
        for remote in observations.marked:
            voice = (observations.account, remote.external_task_id, remote.task_id, remote.voice_id)
            if remote.status is not TaskStatus.FAILED and voice not in yielded:
                yielded.add(voice)
                yield provider, remote


def _is_rebuilt(voice: Voice, marker: markers.Marker) -> bool:
    """Whether `state rebuild` would adopt it for this entry. A voice of a renamed entry has to be imported."""
    return markers.fits_address(marker, voice.address) and marker.digest in markers.digests(voice)


class DeclaredEntries:
    """The declared entries, indexed by the address that a marker may have."""

    def __init__(self, manifest: Manifest) -> None:
        self._voices = [v for v in manifest.voices.values() if v.origin is Origin.MADE]
        self._digests: list[tuple[markers.Digests, Voice]] = []
        self._cut: dict[int, dict[str, list[Voice]]] = {}  # length -> beginning of an address -> entries

    def entry_of(self, marker: markers.Marker) -> Voice | None:
        """The entry that the marker fits. A cut address may fit several: the one with its digest comes first."""
        fitting = self._entries_beginning(marker.address)
        if not marker.cut:
            fitting = [voice for voice in fitting if len(voice.address) == len(marker.address)]
        of_its_digest = next((v for v in fitting if marker.digest in markers.digests(v)), None)
        return of_its_digest or (fitting[0] if fitting else self._renamed_entry(marker))

    def _renamed_entry(self, marker: markers.Marker) -> Voice | None:
        if not self._digests:
            self._digests = [(markers.Digests(voice), voice) for voice in self._voices]
        return next((voice for digests, voice in self._digests if digests.fit(marker)), None)

    def _entries_beginning(self, address: str) -> list[Voice]:
        length = len(address)
        if length not in self._cut:
            self._cut[length] = {}
            for voice in self._voices:
                self._cut[length].setdefault(markers.escaped_and_cut(voice.address, length), []).append(voice)
        return self._cut[length].get(address, [])


def _presence(
    voice: Voice, state: State, seen: Observations, capabilities: Capabilities, *, stateless: bool
) -> Presence | str:
    """What the account shows of an entry. A string is the reason why it could not be read."""
    if voice.origin is Origin.OFFICIAL:
        if seen.presets is None:
            return "the official voices could not be listed"
        return Presence.PRESENT if str(voice.inputs["voice_id"]) in seen.presets else Presence.LOST
    if voice.origin is Origin.ELSEWHERE:
        match seen.of.get(markers.next_key(state, voice)[0]):
            case Found():
                return Presence.PRESENT
            case Unverifiable():
                return Presence.UNVERIFIABLE
            case Unknown(why=why):
                return why
            case _:
                return Presence.LOST
    verifiable = not stateless or _is_listed(voice, capabilities.methods.get(voice.method))
    return Presence.ABSENT if verifiable else Presence.UNVERIFIABLE


def _is_listed(voice: Voice, can: MethodCapabilities | None) -> bool:
    """Whether the cloud's list would show every voice made for this entry. Then a missing voice was never made."""
    if can is None or isinstance(can.found, Unknowable):
        return False
    if can.activates:  # a voice is listed after its activation, which the entry may not declare
        return voice.inputs.get("activate") is not None
    return not isinstance(can.found, ByKey) or can.found.window is None
