"""Restricts a plan to some addresses: `--target` and `--exclude`.

A pattern is an address, in which `*` is any text, or `label:KEY=VALUE`, in which VALUE may hold `*` too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import cache

from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Change
from reconciler.model.state import State
from reconciler.values import value

LABEL = "label:"


@value
class Scope:
    """The addresses that a plan may change: those of `targets`, all if it is empty, without those of `excludes`."""

    targets: tuple[str, ...] = ()
    excludes: tuple[str, ...] = ()

    def __bool__(self) -> bool:
        return bool(self.targets or self.excludes)

    def covers(self, address: str, labels: Sequence[Mapping[str, str]]) -> bool:
        """Whether the plan may change this address. `labels`: the present ones, then those that exclude too."""
        return (not self.targets or _any(self.targets, address, labels[:1])) and not self.leaves_out(address, labels)

    def leaves_out(self, address: str, labels: Sequence[Mapping[str, str]]) -> bool:
        """Whether the address is excluded."""
        return _any(self.excludes, address, labels)


EVERYTHING = Scope()


def covered(scope: Scope, changes: Sequence[Change], state: State, voices: Mapping[str, Voice]) -> tuple[Change, ...]:
    """The changes of the addresses in scope.

    Renames that build on each other, such as a swap, stay together: they are in scope if any of their addresses is,
    old or new, and none of them is excluded.
    """
    if not scope:
        return tuple(changes)
    labels = _labels(state, voices)
    inside: set[str] = set()
    left_out: set[str] = set()
    for group in _renamed_together(changes):
        excluded = any(scope.leaves_out(address, labels(address)) for address in group)
        if excluded or any(scope.covers(address, labels(address)) for address in group):
            (left_out if excluded else inside).update(group)
    return tuple(
        c
        for c in changes
        if c.address in inside or (c.address not in left_out and scope.covers(c.address, labels(c.address)))
    )


def _renamed_together(changes: Iterable[Change]) -> list[set[str]]:
    """The addresses of renames, old and new, grouped: renames that share an address are one group."""
    groups: list[set[str]] = []
    for change in changes:
        if change.action is Action.MOVE and change.source:
            joined = {change.source, change.address}
            for group in [group for group in groups if group & joined]:
                groups.remove(group)
                joined |= group
            groups.append(joined)
    return groups


def count(scope: Scope, addresses: Iterable[str], state: State, voices: Mapping[str, Voice]) -> int:
    """How many of these addresses are in scope."""
    labels = _labels(state, voices)
    return sum(scope.covers(address, labels(address)) for address in addresses)


def unmatched(scope: Scope, state: State, voices: Mapping[str, Voice]) -> list[str]:
    """The patterns that match no address of the manifest or the state."""
    known = {*voices, *(record.address for record in state.records.values())}
    labels = _labels(state, voices)
    return [p for p in (*scope.targets, *scope.excludes) if not any(_any((p,), a, labels(a)) for a in known)]


def is_valid(pattern: str) -> bool:
    """Whether a pattern has the form of an address, or of a label with its value."""
    key, equals, _ = pattern.removeprefix(LABEL).partition("=")
    return bool(key and equals) if pattern.startswith(LABEL) else bool(pattern)


def note(scope: Scope, left_out: int) -> str:
    """The note that says what a plan is restricted to."""
    only = f"Only {_listed(scope.targets)} (--target)" if scope.targets else "All voices"
    without = f"{',' if scope.targets else ''} without {_listed(scope.excludes)} (--exclude)" if scope.excludes else ""
    others = "1 change of another voice is" if left_out == 1 else f"{left_out} changes of other voices are"
    return f"{only}{without}. {others} left out." if left_out else f"{only}{without}."


def _labels(state: State, voices: Mapping[str, Voice]) -> Callable[[str], Sequence[Mapping[str, str]]]:
    """Finds the labels of an address: as declared, if it is, and as recorded with each of its voices."""

    def labels(address: str) -> Sequence[Mapping[str, str]]:
        voice, current = voices.get(address), state.at(address)
        declared = [voice.labels] if voice is not None else []
        recorded = [current.labels] if current is not None else []
        return [*declared, *recorded, *(record.labels for record in state.live_at.get(address, ()))]

    return labels


def _any(patterns: Collection[str], address: str, labels: Sequence[Mapping[str, str]]) -> bool:
    return any(_matches(pattern, address, labels) for pattern in patterns)


def _matches(pattern: str, address: str, labels: Sequence[Mapping[str, str]]) -> bool:
    if not pattern.startswith(LABEL):
        return pattern == address or ("*" in pattern and _glob(pattern).fullmatch(address) is not None)
    key, _, wanted = pattern.removeprefix(LABEL).partition("=")
    return any(key in each and _glob(wanted).fullmatch(each[key]) is not None for each in labels)


@cache
def _glob(pattern: str) -> re.Pattern[str]:
    return re.compile(".*".join(map(re.escape, pattern.split("*"))), re.DOTALL)


def _listed(patterns: Sequence[str]) -> str:
    return ", ".join(patterns[:-1]) + (" and " if len(patterns) > 1 else "") + patterns[-1]
