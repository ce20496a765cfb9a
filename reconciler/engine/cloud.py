"""A connected provider, with the limits and time-outs of its manifest entry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field

from reconciler.protocols.provider import MethodCapabilities, Probing, Provider
from reconciler.values import value


@value
class Cloud:
    """A connected provider. Clouds with the same `quota` are one account and share its limits."""

    name: str
    provider: Provider
    quota: str
    rates: Mapping[str, float] = field(default_factory=dict)  # calls a second, by action
    max_in_flight: int | None = None
    task_timeout: float = 600.0  # seconds that a run waits for a task
    call_timeout: float = 70.0  # seconds that one call may take: to connect, and for its reply
    credentials: str | None = None  # equal for equal credentials, in this run only; does not reveal them

    def can(self, method: str) -> MethodCapabilities:
        """The capabilities of a method."""
        return self.provider.capabilities.methods[method]

    @property
    def proves(self) -> bool:
        """Whether the cloud can say without charge whether a voice was deleted."""
        look = self.provider.capabilities.probe
        return isinstance(self.provider, Probing) and look is not None and not look.price
