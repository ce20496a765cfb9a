"""Counts the calls of a watch, by provider and kind."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from reconciler.engine.cloud import Cloud


class CallCounts:
    """Counts what the clouds of a session sent since the last `update`. The counts only grow."""

    def __init__(self) -> None:
        self.counts: dict[tuple[str, str], int] = {}  # (provider, `read`, `paid` or `other`) -> calls
        self._clouds: dict[str, tuple[Cloud, int]] = {}  # with the calls that are counted already

    def connected(self, clouds: Mapping[str, Cloud]) -> None:
        for name, cloud in clouds.items():
            if name not in self._clouds:
                self._clouds[name] = (cloud, 0)

    def disconnected(self) -> None:
        """The session has ended: the next one has clouds of its own."""
        self.update({})
        self._clouds = {}

    def update(self, sent: Mapping[tuple[str, str], int]) -> None:
        """Counts the new calls. `sent`: those among them that were made to change something; the others read."""
        for (provider, kind), count in sent.items():
            self._add(provider, kind, count)
        for name, (cloud, counted) in self._clouds.items():
            calls = cloud.provider.calls
            changing = sum(count for (provider, _), count in sent.items() if provider == name)
            self._add(name, "read", max(0, calls - counted - changing))
            self._clouds[name] = (cloud, calls)

    def names(self) -> Collection[str]:
        """The providers that are connected."""
        return self._clouds.keys()

    def _add(self, provider: str, kind: str, count: int) -> None:
        if count:
            self.counts[provider, kind] = self.counts.get((provider, kind), 0) + count
