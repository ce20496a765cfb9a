"""Probes whether voices still exist, with calls that cost more than a plan's. Only for `drift`, if the user asks.

A probe decides and changes nothing: it returns new observations, which the planner uses as it uses all others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from math import ceil

from reconciler.engine.cloud import Cloud
from reconciler.model.method import Origin
from reconciler.model.observed import Absent, Found, Observation, Observations, Unknown, Unverifiable
from reconciler.model.state import Record, State, Status
from reconciler.protocols.provider import ProbeCost, Probing
from reconciler.values import value

Seen = Mapping[str, Observations]
Verifier = Callable[[State, Mapping[str, Cloud], Seen], Seen]


@value
class Probe:
    """The probe of one account, before it is made."""

    provider: str
    look: ProbeCost
    records: tuple[Record, ...]

    @property
    def calls(self) -> int:
        return ceil(len(self.records) / self.look.voices)


def probing(consent: Callable[[Sequence[Probe], Sequence[str]], None]) -> Verifier:
    """A verifier that probes. Before any call, `consent` gets the probes and the providers without one. May raise."""

    def verifier(state: State, clouds: Mapping[str, Cloud], seen: Seen) -> Seen:
        probes: list[Probe] = []
        without: list[str] = []
        for name, cloud in clouds.items():
            records = _voices_to_probe(name, cloud, state, seen)
            look = cloud.provider.capabilities.probe
            if records and look is not None:
                probes.append(Probe(name, look, records))
            elif records:
                without.append(name)
        consent(probes, without)
        return {**seen, **{p.provider: _probed(p, clouds[p.provider], seen[p.provider]) for p in probes}}

    return verifier


def _voices_to_probe(name: str, cloud: Cloud, state: State, seen: Seen) -> tuple[Record, ...]:
    """The current voices of this cloud, except those that were seen to be deleted."""
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
    observations = cloud.provider.probe(probe.records)
    of = {key: _better(seen.of.get(key), probed) for key, probed in observations.items()}
    return replace(seen, of={**seen.of, **of}, calls=seen.calls + cloud.provider.calls - calls)


def _better(before: Observation | None, probed: Observation) -> Observation:
    """The better of two observations: a list shows more of an existing voice, and an unclear probe changes nothing."""
    match before, probed:
        case Found(), Found() | Unknown() | Unverifiable():
            return before
        case _:
            return probed
