"""Decides which query parameters of a link only sign it. A link with a new signature is still the same link.

The rules have versions, because digests depend on them: a digest in a state or in a marker is always compared under
the version that wrote it. Nothing here is secret, and no link is opened.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from functools import cache, lru_cache
from typing import NamedTuple

from reconciler.model.signature_groups import GROUPS, NEVER, VALUES, Group

LATEST = 2
_VERSION_1 = Group(  # version 1 had no `needs`, no hosts and no values
    "the rules before states kept a note of each link",
    "x-amz-* x-goog-* x-oss-* x-cos-* q-* expires signature awsaccesskeyid ossaccesskeyid googleaccessid key-pair-id "
    "policy security-token sig se sp sv sr st spr sks ske skt skv skoid sktid auth_key",
)
_VERSIONS: Mapping[int, tuple[Group, ...]] = {1: (_VERSION_1,), 2: GROUPS}


class Rules(NamedTuple):
    """The version of the rules, and the manifest's `signing_parameters` in lower case."""

    version: int = LATEST
    named: frozenset[str] = frozenset()


TODAY = Rules()
OLDEST = Rules(1)


class UrlTarget(NamedTuple):
    """The host of a link in lower case, without a port, and its path."""

    host: str
    path: str


def signing(names: Iterable[str], at: UrlTarget, rules: Rules) -> frozenset[str]:
    """The parameters that only sign the link. `names` are all its parameters."""
    index = _index(rules.version)
    paths = tuple(path for path in index.paths if path in at.path)
    return _signing(tuple(names), at.host, paths, rules)


@lru_cache(maxsize=4096)  # ten thousand links have only a few combinations of parameters
def _signing(names: tuple[str, ...], host: str, paths: tuple[str, ...], rules: Rules) -> frozenset[str]:
    index = _index(rules.version)
    there = {name.lower() for name in names}
    signed = {
        name
        for name in there
        if name in rules.named or any(_applies(group, there, host, paths) for group in index.groups(name))
    }
    return frozenset(name for name in names if name.lower() in signed)


def signs_itself(value: str, rules: Rules) -> bool:
    """Whether a value is itself a signature, whatever the parameter's name."""
    return rules.version > 1 and len(value) >= _SHORTEST and _values().fullmatch(value) is not None


def is_known(name: str) -> bool:
    """Whether today's rules name this parameter."""
    return bool(_index(LATEST).groups(name.lower()))


class _Group(NamedTuple):
    needs: frozenset[str]
    hosts: tuple[str, ...]
    paths: tuple[str, ...]


class _Index(NamedTuple):
    by_name: dict[str, list[_Group]]
    by_prefix: dict[str, list[_Group]]
    never: frozenset[str]
    paths: tuple[str, ...]

    def groups(self, name: str) -> list[_Group]:
        if name in self.never:
            return []
        found = self.by_name.get(name, [])
        if name.startswith(tuple(self.by_prefix)):
            found = found + [g for prefix, of in self.by_prefix.items() if name.startswith(prefix) for g in of]
        return found


_SHORTEST = 20  # characters of a value that is itself a signature


@cache
def _index(version: int) -> _Index:
    paths = (path for group in _VERSIONS[version] for path in group.paths.split())
    index = _Index({}, {}, NEVER if version > 1 else frozenset(), tuple(dict.fromkeys(paths)))
    for group in _VERSIONS[version]:
        read = _Group(frozenset(group.needs.split()), tuple(group.hosts.split()), tuple(group.paths.split()))
        for name in group.names.split():
            where = index.by_prefix if name.endswith("*") else index.by_name
            where.setdefault(name.removesuffix("*"), []).append(read)
    return index


def _applies(group: _Group, there: set[str], host: str, paths: tuple[str, ...]) -> bool:
    if not group.needs <= there:
        return False
    if not (group.hosts or group.paths):
        return True
    below = any(host == known or host.endswith(f".{known}") for known in group.hosts)
    return below or any(path in paths for path in group.paths)


@cache
def _values() -> re.Pattern[str]:
    return re.compile("|".join(f"(?:{pattern})" for pattern, _ in VALUES))
