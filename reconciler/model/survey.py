"""What the accounts show of a manifest whose state is not here."""

from __future__ import annotations

from reconciler.hints import NO_HINT, Hint
from reconciler.model.base import Frozen
from reconciler.model.plan import Drift, DriftKind, FieldChange


class Held(Frozen):
    """A voice in an account whose marker fits a declared address, and which no state here knows."""

    address: str  # a declared one
    provider: str
    lineage: str  # eight hex digits: of the state that it was made under
    external_task_id: str
    voice_id: str | None  # None while it is being made
    unchanged: bool  # its entry still says what it was made from, so `state rebuild` takes it in


class Survey(Frozen):
    """Addresses are sorted by provider, each list in the order of the manifest."""

    stateless: bool  # there is no state at all; else there is one without a record
    ours: tuple[Held, ...] = ()
    others: dict[str, int] = {}  # lineage -> voices with its markers that fit no declared address
    absent: dict[str, list[str]] = {}  # provider -> looked for properly, and not there
    present: dict[str, list[str]] = {}  # provider -> official and existing voices that are there
    lost: dict[str, list[str]] = {}  # provider -> official and existing voices that are declared, and not there
    unverifiable: dict[str, list[str]] = {}  # provider -> its cloud does not list what was made of these
    unseen: tuple[str, ...] = ()  # `provider: why` or `address: why`, of what could not be looked at
    ways_to_see: Hint = NO_HINT  # what to do about it, where that is known

    @property
    def lineages(self) -> dict[str, int]:
        """Lineage -> how many of our voices were made under it, the largest first."""
        counts: dict[str, int] = {}
        for held in self.ours:
            counts[held.lineage] = counts.get(held.lineage, 0) + 1
        return dict(sorted(counts.items(), key=lambda pair: (-pair[1], pair[0])))

    @property
    def drift(self) -> tuple[Drift, ...]:
        """As drift: our voices that no state knows, and declared voices of others that are not there."""
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
