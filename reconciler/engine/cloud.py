"""A provider as a run uses it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from reconciler.protocols import MethodCapabilities, Probing, Provider


@dataclass(frozen=True, slots=True)
class Cloud:
    """Clouds with one `quota` are one account and share its limits."""

    name: str
    provider: Provider
    quota: str
    rates: Mapping[str, float] = field(default_factory=dict)  # calls a second, by action
    max_in_flight: int | None = None
    task_timeout: float = 600.0  # seconds that a task may take before a run goes on without it
    credentials: str | None = None  # the same for the same credentials, in this run only; says nothing of them

    def can(self, method: str) -> MethodCapabilities:
        return self.provider.capabilities.methods[method]

    @property
    def proves(self) -> bool:
        """Whether it says in so many words, and for nothing, whether a voice was deleted."""
        look = self.provider.capabilities.probe
        return isinstance(self.provider, Probing) and look is not None and not look.price
