"""What the accounts hold for a manifest whose state is missing."""

from __future__ import annotations

from dataclasses import field

from reconciler.hints import NO_HINT, Hint
from reconciler.model.plan import Drift, DriftKind, FieldChange
from reconciler.values import value


@value
class Held:
    """A voice in an account whose marker matches a declared address, but which is not in the state."""

    address: str  # declared in the manifest
    provider: str
    lineage: str  # eight hex digits: the lineage of the state under which the voice was made
    external_task_id: str
    voice_id: str | None  # None while it is being made
    unchanged: bool  # its entry still declares the same inputs, so `state rebuild` adopts it


@value
class Survey:
    """Addresses grouped by provider, each list in the order of the manifest."""

    stateless: bool  # there is no state at all; otherwise there is a state without records
    ours: tuple[Held, ...] = ()
    # lineage -> number of voices whose markers match no declared address
    others: dict[str, int] = field(default_factory=dict)
    # provider -> addresses without a voice, after a complete search
    absent: dict[str, list[str]] = field(default_factory=dict)
    # provider -> official and existing voices: those that exist, and those that don't
    present: dict[str, list[str]] = field(default_factory=dict)
    lost: dict[str, list[str]] = field(default_factory=dict)
    # provider -> addresses whose voices its cloud does not list
    unverifiable: dict[str, list[str]] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()  # `provider: why` or `address: why`, for what could not be checked
    ways_to_see: Hint = NO_HINT  # what the user can do about it, where that is known

    @property
    def lineages(self) -> dict[str, int]:
        """Lineage -> how many voices of declared addresses were made under it, the largest number first."""
        counts: dict[str, int] = {}
        for held in self.ours:
            counts[held.lineage] = counts.get(held.lineage, 0) + 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def drift(self) -> tuple[Drift, ...]:
        """The survey as drift: voices of declared addresses without a record, and declared voices that don't exist."""
        lost = (
            Drift(address=address, provider=provider, kind=DriftKind.GONE)
            for provider, addresses in self.lost.items()
            for address in addresses
        )
        surplus = (
            Drift(
                address=held.address,
                provider=held.provider,
                kind=DriftKind.SURPLUS,
                fields=(
                    FieldChange(name="external_task_id", after=held.external_task_id),
                    FieldChange(name="voice_id", after=held.voice_id),
                ),
            )
            for held in self.ours
        )
        return (*lost, *surplus)
