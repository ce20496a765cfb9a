"""Passes each request to the API of its cloud, which the request shows. Every transport of the sandbox uses this."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

from reconciler.model.cloud_types import known, load
from reconciler.sandbox.cloud import SandboxCloud
from reconciler.sandbox.http import Answer, Request, log_line
from reconciler.sandbox.world import World

Log = Callable[[str], None]


def handle(world: World, request: Request, log: Log | None = None) -> Answer:
    """Answers a request. `log` gets one line for each request, without secrets."""
    answer = _cloud_of(request).answer(world, request)
    if log is not None:
        log(log_line(request, answer))
    return answer


def clouds() -> tuple[SandboxCloud, ...]:
    """The simulated clouds, each once: those of the types that are built in, or loaded by now."""
    return _clouds(tuple(cloud.sandbox for cloud in known() if cloud.sandbox))


@cache
def _clouds(references: tuple[str, ...]) -> tuple[SandboxCloud, ...]:
    return tuple(load(reference, SandboxCloud) for reference in dict.fromkeys(references))


def _cloud_of(request: Request) -> SandboxCloud:
    others = [cloud for cloud in clouds() if cloud.takes is None]
    return next((cloud for cloud in clouds() if cloud.takes is not None and cloud.takes(request)), others[0])
