"""A cloud for the contract tests: a provider, and functions that change its cloud from outside."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from reconciler.model.manifest import Voice
from reconciler.protocols.provider import Provider


@dataclass(frozen=True)
class Mount:
    provider: Provider
    voice: Callable[[str], Voice]  # a voice of this name
    finish: Callable[[], None]  # lets the running tasks end
    fail: Callable[[str, str], None]  # tasks of this name fail, for this reason where that can be set
    delete_outside: Callable[[str], None]  # deletes a voice_id at the cloud
    lose_reply: Callable[[str], None]  # `create` or `delete`: the next one does its work, and its answer is lost
    throttle: Callable[[], None]  # the next create is refused for now
    break_list: Callable[[], None]  # all lists fail from now on
    paid: Callable[[], int]  # how many creations the cloud has accepted
    method: str = "create"
