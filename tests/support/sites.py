"""The places that the contract of backends is tested at. A site is one empty place in one engine, for one test."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Protocol

from reconciler.backends.local import LocalBackend
from reconciler.protocols.backend import Backend

# NAME: the fixture NAME_site makes a site; an engine that is not installed skips its tests
SITES = [
    "local",
    "local-encrypted",
    "http",
    "gitlab",
    "postgres",
    "pgbouncer",
    "seaweedfs",
    "moto",
    "azurite",
    "localbucket",
    "gitlab-encrypted",
    "postgres-encrypted",
    "seaweedfs-encrypted",
]

SHARED = ["http", "gitlab", "postgres", "pgbouncer", "seaweedfs"]  # what tests with whole commands use


class Site(Protocol):
    """One empty place for a state."""

    def open(self) -> Backend:
        """One more client of the place."""
        ...

    @property
    def settings(self) -> Mapping[str, Any]:
        """The section `state:` of a manifest whose state is there."""
        ...

    @property
    def environ(self) -> Mapping[str, str]:
        """The variables that a command needs to reach it."""
        ...

    @property
    def ttl(self) -> float:
        """Seconds of the leases, short enough to be waited for."""
        ...


class LocalSite:
    """A folder."""

    ttl = 0.0
    settings: Mapping[str, Any] = {"url": "local"}
    environ: Mapping[str, str] = {}

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def open(self) -> Backend:
        return LocalBackend(
            self._folder / "voices.state.json", history=self._folder / ".voicectl/history/voices", keep=3
        )
