"""Removes old objects under the prefix. A failure stops nothing: a role may lack the right to delete."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime, timedelta

from reconciler.backends.object_storage import objects
from reconciler.backends.object_storage.objects import CLOCK, ENTRIES, LOCKS, PROBE, SNAPSHOTS
from reconciler.backends.object_storage.requests import Listed, Requests
from reconciler.errors import StateError

AGE = timedelta(hours=24)  # a signed request lives 15 minutes (AWS, SigV4), a lease a minute
_KEPT_LOCKS = 2
_AT_ONCE = 500  # deletions in one sweep; the next one continues


def sweep(requests: Requests, *, keep: int, age: timedelta = AGE) -> None:
    """Removes snapshots beyond `keep`, old entries that a snapshot includes, and all lock records but the last two."""
    try:
        listed = requests.list()
    except StateError:
        return
    if listed:
        requests.delete(list(_superfluous(listed, keep, age))[:_AT_ONCE])


def _superfluous(listed: Sequence[Listed], keep: int, age: timedelta) -> Iterator[str]:
    now = max(each.modified for each in listed)  # the store's clock: this run has just written something

    def in_folder(folder: str) -> list[tuple[int, Listed]]:
        inside = (x for x in listed if x.path.startswith(f"{folder}/"))
        return sorted(((n, x) for x in inside if (n := objects.number(folder, x.path)) is not None), key=_first)

    is_old: Callable[[datetime], bool] = lambda modified: now - modified >= age  # noqa: E731 - short
    snapshots = in_folder(SNAPSHOTS)
    yield from (each.path for _, each in snapshots[: -max(keep, 1)])
    yield from (each.path for _, each in in_folder(LOCKS)[:-_KEPT_LOCKS])
    newest = snapshots[-1][0] if snapshots else 0
    # A place whose entry is removed could be written again, by a run that was paused for as long.
    yield from (each.path for seq, each in in_folder(ENTRIES) if seq <= newest and is_old(each.modified))
    folders = (f"{CLOCK}/", f"{PROBE}/")
    yield from (each.path for each in listed if each.path.startswith(folders) and is_old(each.modified))


def _first(pair: tuple[int, Listed]) -> int:
    return pair[0]
