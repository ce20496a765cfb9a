"""A manifest without a state, against what its accounts show: whose are the voices there, and what can't be known?

Pure. Ours is a voice whose marker fits a declared address, whatever its digest: its entry may have changed since. Or
one that was made of what an entry says now, under another address: the entry was renamed.
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
from reconciler.protocols import ByKey, Capabilities, MethodCapabilities, Unknowable


def survey(
    manifest: Manifest,
    state: State,
    seen: Mapping[str, Observations],
    capabilities: Mapping[str, Capabilities],
    *,
    closed: Mapping[str, AccountProblem] | None = None,
    stateless: bool,
) -> Survey:
    """What the accounts hold of a manifest whose `state` has no record.

    `stateless`: that state was never written, so it does not prove that nothing was made. Voices of a lineage that it
    knows (its own, kin or strangers) are left to the planner. `closed`: for each provider that could not be looked at,
    why not.
    """
    ours, others = _marked(manifest, state, seen)
    held = {voice.address for voice in ours}
    closed = closed or {}
    unseen = [f"{name}: {doubt.why}" for name, doubt in closed.items()]
    unseen += [f"{name}: {looked.unlisted}" for name, looked in seen.items() if looked.unlisted is not None]
    found: dict[Verdict, dict[str, list[str]]] = {verdict: {} for verdict in Verdict}
    for voice in manifest.voices.values():
        looked = seen.get(voice.provider)
        if looked is None and voice.provider not in closed:
            unseen.append(f"{voice.address}: the provider {voice.provider} was not looked at")
        elif looked is None:
            continue
        elif voice.address not in held and looked.unlisted is None:
            verdict = _verdict(voice, state, looked, capabilities[voice.provider], stateless=stateless)
            if isinstance(verdict, Verdict):
                found[verdict].setdefault(voice.provider, []).append(voice.address)
            else:
                unseen.append(f"{voice.address}: {verdict}")
    return Survey(
        stateless=stateless,
        ours=tuple(ours),
        others=others,
        absent=found[Verdict.ABSENT],
        present=found[Verdict.PRESENT],
        lost=found[Verdict.LOST],
        unverifiable=found[Verdict.UNVERIFIABLE],
        unseen=tuple(unseen),
        ways_to_see=sum((doubt.hint for doubt in closed.values()), NO_HINT),
    )


class Verdict(Enum):
    """What the accounts say of an entry that none of the marked voices fits."""

    ABSENT = auto()
    PRESENT = auto()
    LOST = auto()
    UNVERIFIABLE = auto()


def _marked(manifest: Manifest, state: State, seen: Mapping[str, Observations]) -> tuple[list[Held], dict[str, int]]:
    """Each marked voice once, though two providers may name one account."""
    known = {state.lineage[:8], *state.kin, *state.strangers}
    declared = _Declared(manifest)
    ours: list[Held] = []
    others: dict[str, int] = {}
    for provider, remote in _each(seen):
        marker = markers.read(remote.external_task_id)
        if marker is None or marker.lineage in known:
            continue
        voice = declared.meant(marker)
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


def _each(seen: Mapping[str, Observations]) -> Iterator[tuple[str, RemoteVoice]]:
    told: set[tuple[str, str | None, str | None, str | None]] = set()
    for provider, looked in seen.items():
        for remote in looked.marked:
            voice = (looked.account, remote.external_task_id, remote.task_id, remote.voice_id)
            if remote.status is not TaskStatus.FAILED and voice not in told:
                told.add(voice)
                yield provider, remote


def _is_rebuilt(voice: Voice, marker: markers.Marker) -> bool:
    """Whether `state rebuild` would take it for this entry's: a renamed one is imported."""
    return markers.could_mark(marker, voice.address) and marker.digest in markers.digests(voice)


class _Declared:
    """The declared addresses, by what a marker may say of them."""

    def __init__(self, manifest: Manifest) -> None:
        self._voices = [v for v in manifest.voices.values() if v.origin is Origin.MADE]
        self._cut: dict[int, dict[str, list[Voice]]] = {}  # length -> the beginning of an address -> who have it

    def meant(self, marker: markers.Marker) -> Voice | None:
        """The entry that the marker fits; of several, which only a cut address has, the one of its digest first."""
        fitting = self._beginning(marker.address)
        if not marker.cut:
            fitting = [voice for voice in fitting if len(voice.address) == len(marker.address)]
        of_its_digest = next((v for v in fitting if marker.digest in markers.digests(v)), None)
        return of_its_digest or (fitting[0] if fitting else self._renamed(marker))

    def _renamed(self, marker: markers.Marker) -> Voice | None:
        return next((v for v in self._voices if markers.marks_inputs(marker, v)), None)

    def _beginning(self, address: str) -> list[Voice]:
        length = len(address)
        if length not in self._cut:
            self._cut[length] = {}
            for voice in self._voices:
                self._cut[length].setdefault(markers.spelled(voice.address, length), []).append(voice)
        return self._cut[length].get(address, [])


def _verdict(voice: Voice, state: State, seen: Observations, able: Capabilities, *, stateless: bool) -> Verdict | str:
    """A text says why it could not be looked at."""
    if voice.origin is Origin.OFFICIAL:
        if seen.presets is None:
            return "the official voices could not be listed"
        return Verdict.PRESENT if str(voice.inputs["voice_id"]) in seen.presets else Verdict.LOST
    if voice.origin is Origin.ELSEWHERE:
        match seen.of.get(markers.following(state, voice)[0]):
            case Found():
                return Verdict.PRESENT
            case Unverifiable():
                return Verdict.UNVERIFIABLE
            case Unknown(why=why):
                return why
            case _:
                return Verdict.LOST
    verifiable = not stateless or _is_listed(voice, able.methods.get(voice.method))
    return Verdict.ABSENT if verifiable else Verdict.UNVERIFIABLE


def _is_listed(voice: Voice, can: MethodCapabilities | None) -> bool:
    """Whether its cloud's list would show what was ever made of it: then what the list lacks was not made."""
    if can is None or isinstance(can.found, Unknowable):
        return False
    if can.activates:  # listed from its first use on, which the entry asks for or leaves to others
        return voice.inputs.get("activate") is not None
    return not isinstance(can.found, ByKey) or can.found.window is None
