"""Desks, runners and a second host, which share one state in a real engine."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness
from tests.support.holding import Holding
from tests.support.kling_service import KlingService
from tests.support.sites import SHARED, Site

_HOST = """\
import socket
socket.gethostname = lambda: "runner-7.example.com"
"""


@dataclass
class Desk(CliHarness):
    """A folder with a manifest whose state is in the shared place."""

    state_settings: dict[str, Any] | None = None

    def write(self, voices: Any, *, file: str | None = None, **more: Any) -> Path:
        return super().write(voices, file=file, **({"state": self.state_settings} | more))


@dataclass
class Team:
    """The people and machines that share the place."""

    site: Site
    kling: KlingService
    root: Path

    def desk(self, name: str = "ann", *, host: bool = False, **env: str) -> Desk:
        """A folder of its own on this machine; `host`: on another machine, as far as its lock shows."""
        folder = self.root / name
        folder.mkdir(exist_ok=True)
        more = {"NO_PROXY": "127.0.0.1", **self.site.environ, **env}
        if host:
            (self.root / "elsewhere").mkdir(exist_ok=True)
            (self.root / "elsewhere/sitecustomize.py").write_text(_HOST)
            more["PYTHONPATH"] = os.pathsep.join([str(self.root / "elsewhere"), str(Path(__file__).parents[2])])
        lease = {"lease": f"{self.site.ttl:g}s"} if self.site.ttl else {}
        return Desk(folder, self.kling, env=more, state_settings=dict(self.site.settings) | lease)


@pytest.fixture(params=SHARED)
def site(request: pytest.FixtureRequest) -> Site:
    made: Site = request.getfixturevalue(f"{request.param}_site")
    return made


@pytest.fixture
def team(site: Site, tmp_path: Path) -> Iterator[Team]:
    with KlingService() as kling:
        yield Team(site, kling, tmp_path)


@pytest.fixture
def holding_team(site: Site, tmp_path: Path) -> Iterator[Team]:
    """The cloud answers no creation until the test releases it."""
    with Holding() as kling:
        yield Team(site, kling, tmp_path)


@pytest.fixture
def leased(site: Site) -> None:
    if not site.open().traits.leases:
        pytest.skip("its locks do not end by time")
