"""A watch of one manifest on virtual time, against the sandbox's world."""

from __future__ import annotations

from contextlib import ExitStack
from typing import Any

from reconciler.engine.account_limits import AccountLimits
from reconciler.engine.session import Session
from reconciler.errors import ManifestError, Problem
from reconciler.model.manifest import Manifest
from reconciler.model.watch import WatchEvent, WatchKind, WatchStatus
from reconciler.watch.manifest_file import ManifestFile, Mark
from reconciler.watch.manifest_watch import ManifestWatch
from reconciler.watch.settings import WatchSettings
from reconciler.watch.stopping import Stopping
from tests.engine.simulated_run import SimulatedRun, voice
from tests.support.virtual import InlinePool

INTERVAL = 60.0


class Watched:
    """`round` runs one round, at the time when it is due. `run` is what people and clouds do meanwhile."""

    def __init__(self, *addresses: str, applies: bool = True, most_paid: int | None = None, **faults: Any) -> None:
        self.run = SimulatedRun(task_seconds=2, **faults)
        self.run.declare(*map(voice, addresses))
        self.events: list[WatchEvent] = []
        self.statuses: list[WatchStatus] = []
        self.broken = False
        self.version = 0  # of the manifest's file
        self.opened = 0
        self.stopping = Stopping()
        self.settings = WatchSettings(INTERVAL, applies=applies, most_paid=most_paid)
        self.limits = AccountLimits()
        self.watch = self.started()

    def started(self) -> ManifestWatch:
        """A watch of another process: it knows what is in the state, and nothing else."""
        watch = ManifestWatch(
            "voices.yaml",
            ManifestFile("voices.yaml", self._load, now=lambda: 1e6, mark=self._mark),
            self._opened,
            self.settings,
            listeners=[self._listen],
            stopping=self.stopping,
            clock=self.run.clock,
            draw=lambda: 0.0,
            explain=str,
            workers=lambda: InlinePool(self.run.clock, latency=0.05),
        )
        watch.begin()
        return watch

    def restart(self) -> None:
        self.watch = self.started()

    def round(self, times: int = 1) -> list[WatchEvent]:
        """The events of these rounds."""
        before = len(self.events)
        for _ in range(times):
            self.run.clock.pass_(max(0.0, self.watch.next_at - self.run.clock.monotonic()))
            self.watch.round()
        return self.events[before:]

    def kinds(self, times: int = 1) -> list[WatchKind]:
        return [event.kind for event in self.round(times)]

    def is_broken(self) -> bool:
        return self.status.manifest_broken

    @property
    def status(self) -> WatchStatus:
        return self.statuses[-1]

    def _load(self) -> Manifest:
        if self.broken:
            raise ManifestError([Problem("voices.yaml", 3, 5, "voices.a", "broken")])
        return self.run.session().manifest

    def _mark(self, path: str) -> Mark:
        return (path, 0, 0, 0, 0, self.version)

    def _opened(self, manifest: Manifest, closing: ExitStack) -> Session:
        self.opened += 1
        opened = self.run.session()
        clouds = opened.connect(list(manifest.providers))
        return Session(
            manifest=manifest,
            store=opened.store,
            connect=lambda names: {name: clouds[name] for name in names},
            clock=opened.clock,
            lineage=opened.lineage,
            limits=self.limits,
        )

    def _listen(self, event: WatchEvent, status: WatchStatus) -> None:
        self.events.append(event)
        self.statuses.append(status)
