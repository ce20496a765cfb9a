"""Dearer looks than a plan's, only when a person asks: are the voices of these accounts still there?

Nothing is decided and nothing changed: what was seen is told anew, and the planner reads it as it reads every look.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from reconciler.engine.cloud import Cloud
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Observation, Observations, Unknown, Unverifiable
from reconciler.model.state import Record, State, Status
from reconciler.protocols import ProbeCost, Probing

Seen = Mapping[str, Observations]
Verifier = Callable[[State, Mapping[str, Cloud], Seen], Seen]


@dataclass(frozen=True, slots=True)
class Probe:
    """One account's dearer look, before it is taken."""

    provider: str
    look: ProbeCost
    records: tuple[Record, ...]

    @property
    def calls(self) -> int:
        return ceil(len(self.records) / self.look.voices)


def probing(consent: Callable[[Sequence[Probe], Sequence[str]], None]) -> Verifier:
    """`consent` is told the looks and the providers that offer none, before any call; it raises to stop them."""

    def verifier(state: State, clouds: Mapping[str, Cloud], seen: Seen) -> Seen:
        probes: list[Probe] = []
        without: list[str] = []
        for name, cloud in clouds.items():
            records = _in_question(name, cloud, state, seen)
            look = cloud.provider.capabilities.probe
            if records and look is not None:
                probes.append(Probe(name, look, records))
            elif records:
                without.append(name)
        consent(probes, without)
        return {**seen, **{p.provider: _probed(p, clouds[p.provider], seen[p.provider]) for p in probes}}

    return verifier


def _in_question(name: str, cloud: Cloud, state: State, seen: Seen) -> tuple[Record, ...]:
    """The voices that addresses mean, and that nobody has seen to be gone."""
    current = [state.records[key] for key in state.current.values()]
    return tuple(
        record
        for record in sorted(current, key=lambda r: r.address)
        if record.provider == name
        and record.account == cloud.provider.account
        and record.status is Status.READY
        and record.voice_id is not None
        and record.origin is not Origin.OFFICIAL
        and not isinstance(seen[name].of.get(record.external_task_id), Absent)
    )


def _probed(probe: Probe, cloud: Cloud, seen: Observations) -> Observations:
    if not isinstance(cloud.provider, Probing):
        raise TypeError(f"{probe.provider} says what a dearer look costs, and offers none")
    calls = cloud.provider.calls
    told = cloud.provider.probe(probe.records)
    of = {key: _better(seen.of.get(key), probed) for key, probed in told.items()}
    return seen.model_copy(update={"of": {**seen.of, **of}, "calls": seen.calls + cloud.provider.calls - calls})


def _better(before: Observation | None, probed: Observation) -> Observation:
    """A list tells more of a voice that is there than a probe does; and a probe that tells nothing takes nothing."""
    match before, probed:
        case Found(), Found() | Unknown() | Unverifiable():
            return before
        case _:
            return probed
