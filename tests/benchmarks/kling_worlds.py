"""Folders whose voices are Kling's. Those that no run changes are made once for each number of voices."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from types import TracebackType
from typing import Self

from tests.benchmarks import worlds
from tests.benchmarks.kling_cloud import OWNER, KlingCloud, ids
from tests.benchmarks.worlds import World

ENVIRON = {"KLING_API_KEY": "kling-api-key-0123456789abcdef"}
_BORN = datetime(2026, 1, 1, tzinfo=UTC)


class KlingWorlds:
    """Worlds that are only read, until the end of the block."""

    def __init__(self) -> None:
        self._ending = ExitStack()
        self._converged: dict[int, World] = {}
        self._declared: dict[int, World] = {}

    def converged(self, count: int) -> World:
        """So many voices, all of which exist: there is nothing to change."""
        return self._made(self._converged, count, converge)

    def declared(self, count: int) -> World:
        """So many voices, none of which exists, and no state."""
        return self._made(self._declared, count, declare)

    def _made(self, cached: dict[int, World], count: int, fill: Callable[[World, int], None]) -> World:
        if count not in cached:
            cached[count] = self._ending.enter_context(worlds.opened(KlingCloud, environ=ENVIRON))
            fill(cached[count], count)
        return cached[count]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._ending.close()


@contextmanager
def to_apply(count: int, *, rate: int | None = None, task_seconds: float) -> Iterator[World]:
    """A new folder that declares so many voices. `rate`: creates a second, instead of the default."""
    with worlds.opened(partial(KlingCloud, task_seconds=task_seconds), environ=ENVIRON) as world:
        declare(world, count, account="" if rate is None else f", rate_limit: {{create: {rate}}}")
        yield world


def declare(world: World, count: int, *, account: str = "") -> None:
    """Writes a manifest of so many voices. `account`: more YAML fields of the account."""
    write_manifest(world.manifest, world.cloud.url, count, account=account)


def write_manifest(path: Path, url: str, count: int, *, account: str = "") -> None:
    voices = "".join(
        f"  voice-{i}:\n    provider: kling\n    create:\n      voice_name: Voice {i}\n"
        f"      voice_url: https://cdn.example.com/voices/{i}.mp3\n"
        for i in range(count)
    )
    path.write_text(f'version: 1\nproviders:\n  kling: {{type: kling, endpoint: "{url}"{account}}}\nvoices:\n{voices}')


def converge(world: World, count: int) -> None:
    """Declares so many voices, all of which exist."""
    declare(world, count)
    worlds.converge(
        world, account=f"kling {world.cloud.url}", born=_BORN, ids=lambda number, _: ids(number), owner=OWNER
    )
