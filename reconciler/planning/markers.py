"""Makes and reads the key of a creation, `external_task_id`. It is made before the call and later marks our voices.

`vc-<lineage 8>-<address, cut>-<digest 8>-<generation>`, at most 50 characters of [A-Za-z0-9_-]: 50 is Tencent's limit
for SessionId; Kling documents none.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from functools import lru_cache
from typing import NamedTuple, Protocol, Self

from reconciler.model.address import instance
from reconciler.model.base import Inputs
from reconciler.model.link_notes import links
from reconciler.model.manifest import Voice
from reconciler.model.method import KeyClass, MethodInputs
from reconciler.model.redaction import rules_of
from reconciler.model.signatures import LATEST, TODAY, Rules
from reconciler.model.state import State
from reconciler.model.urls import compared, without_secrets

LONGEST = 50
_NOT_IN_MARKERS = re.compile("[^A-Za-z0-9_-]")
_SEPARATOR = re.compile("(?=(__))")
_LINEAGE = re.compile(r"vc-([0-9a-f]{8})-")
_MARKER = re.compile(r"vc-([0-9a-f]{8})-([A-Za-z0-9_-]+)-([0-9a-f]{8})-((?!0+\Z)[0-9]{1,9})")


class _Hash(Protocol):
    """A hash of `hashlib`."""

    def copy(self) -> Self: ...

    def update(self, text: bytes, /) -> None: ...

    def hexdigest(self) -> str: ...


class Marker(NamedTuple):
    """A parsed key. `address` may be cut, so a match also needs the digest, which covers the whole address."""

    lineage: str
    address: str
    digest: str
    generation: int

    @property
    def cut(self) -> bool:
        """Whether the address may be cut: the key has the greatest length, so it had no room for more."""
        head, tail = f"vc-{self.lineage[:8]}-", f"-{self.digest}-{self.generation}"
        return len(head) + len(self.address) + len(tail) >= LONGEST

    @property
    def addresses(self) -> Iterator[str]:
        """The addresses that the marker's text may mean: npc__en__ may be `npc["en"]`."""
        yield self.address
        if self.address.endswith("__"):
            for split in _SEPARATOR.finditer(self.address, 1, len(self.address) - 2):
                yield instance(self.address[: split.start()], self.address[split.end(1) : -2])


def digest(address: str, method: str, inputs: Inputs, body: type[MethodInputs], rules: Rules = TODAY) -> str:
    """Eight hex digits: a hash of the whole address and the identity inputs, without the signatures of links."""
    return _hash(address, _identity_text(method, inputs, body, rules))


def digest_of(voice: Voice) -> str:
    """The digest of a declared voice."""
    return digest(voice.address, voice.method, voice.inputs, voice.body, rules_of(voice))


def digests(voice: Voice, *, address: str | None = None) -> tuple[str, ...]:
    """The digests that a marker of this voice may have, `digest_of` first, without repetition.

    The others follow older rules for links, or older `signing_parameters`: a marker is never rewritten. `address`
    replaces the voice's own: a moved voice has a marker with its old address.
    """
    return Digests(voice).at(address or voice.address)


class Digests:
    """The digests of one voice under many addresses. Its inputs are written out once."""

    def __init__(self, voice: Voice) -> None:
        rules = [rules_of(voice)]
        if any(True for _ in links(voice.inputs)):
            rules += [Rules(version) for version in range(LATEST, 0, -1)]
        texts = (_identity_text(voice.method, voice.inputs, voice.body, each) for each in dict.fromkeys(rules))
        self._texts = tuple(dict.fromkeys(texts))

    def at(self, address: str) -> tuple[str, ...]:
        """The digests that a marker of the voice may have under this address."""
        return tuple(_hash(address, text) for text in self._texts)

    def fit(self, marker: Marker) -> bool:
        """Whether the marker fits the inputs under the marker's own address. False if that address was cut."""
        if marker.cut:
            return False
        return any(marker.digest == _hash(address, text) for address in marker.addresses for text in self._texts)


def _identity_text(method: str, inputs: Inputs, body: type[MethodInputs], rules: Rules) -> bytes:
    """The end of a JSON array: the method and the identity inputs."""
    identity = {k: v for k, v in inputs.items() if body.class_of(k) is KeyClass.IDENTITY}
    return _json([method, {k: compared(without_secrets(v, rules)) for k, v in identity.items()}])[1:].encode()


def _hash(address: str, text: bytes) -> str:
    """The digest of the JSON array that begins with the address and ends with `text`."""
    hashed = _hash_of_address(address).copy()
    hashed.update(text)
    return hashed.hexdigest()[:8]


@lru_cache(maxsize=20_000)  # each new entry is compared with all markers of an account
def _hash_of_address(address: str) -> _Hash:
    return hashlib.sha256(f"[{_json(address)},".encode())


_json = json.JSONEncoder(sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode  # made once: it is slow


def external_task_id(lineage: str, address: str, digest_: str, generation: int) -> str:
    """The key of a creation. The address is cut if the key would be too long."""
    tail = f"-{digest_}-{generation}"
    head = f"vc-{lineage[:8]}-"
    return head + escaped_and_cut(address, LONGEST - len(head) - len(tail)) + tail


def next_key(state: State, voice: Voice, *, above: int = 0) -> tuple[str, int]:
    """The key and generation of the next creation, above every generation of the address and above `above`."""
    digest = digest_of(voice)
    generation = max(state.highest.get(voice.address, 0), above)
    while True:  # a record that was moved to another address keeps its key
        generation += 1
        key = external_task_id(state.lineage, voice.address, digest, generation)
        if key not in state.records:
            return key, generation


def read(key: str | None) -> Marker | None:
    """Parses a key. None if it is not one of our markers: a key from a cloud may have been written by any program."""
    found = _MARKER.fullmatch(key) if key and len(key) <= LONGEST else None
    return Marker(found[1], found[2], found[3], int(found[4])) if found else None


def lineage_of(key: str | None) -> str | None:
    """The lineage in a key that begins like a marker, also if the rest of the key was changed."""
    found = _LINEAGE.match(key) if key else None
    return found[1] if found else None


def fits_address(marker: Marker, address: str) -> bool:
    """Whether the marker fits this address: it has the same address, or a cut one that is the beginning of it."""
    name = escaped_and_cut(address, len(marker.address) if marker.cut else len(address))
    return name == marker.address


def escaped(address: str) -> str:
    """The address as it is written in a marker, before it is cut: `npc["en"]` is npc__en__."""
    return _NOT_IN_MARKERS.sub("_", address)


def escaped_and_cut(address: str, length: int) -> str:
    """The address as it is written in a marker, cut to a length."""
    return escaped(address)[:length]
