"""The keys of one run: derives the user's keys at most once each, unwraps data keys, and wraps them for new envelopes.

A data key belongs to one lineage. The salt of the passphrases is kept from envelope to envelope, so that one derivation
serves all that a run reads and writes.
"""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Iterator, Sequence

from reconciler.backends.encryption import cipher
from reconciler.backends.encryption.cipher import NotAuthentic
from reconciler.backends.encryption.key_sources import KeySource, Sources, SourceUnusable, derivation
from reconciler.errors import KeyMissing
from reconciler.hints import hint
from reconciler.model import envelope
from reconciler.model.envelope import Derivation, WrappedKey

_ADVICE = hint(
    "Make one of these keys available",
    "or name a former key under state.encryption.old, which decrypts what was written with it",
)


class Keyring:
    """The keys that the settings name. Any thread may use it. Raises KeyMissing, and UsageError for a key too short."""

    def __init__(self, sources: Sources) -> None:
        self._sources = sources
        self._lock = threading.RLock()
        self._read: dict[KeySource, bytes | SourceUnusable] = {}
        self._derived: dict[tuple[KeySource, str | None, int | None], bytes] = {}
        self._salt: str | None = None  # of the passphrases, in what was decrypted
        self._unwrapped: dict[tuple[str, tuple[WrappedKey, ...]], bytes] = {}
        self._wrapped: dict[tuple[str, bytes], tuple[WrappedKey, ...]] = {}
        self._used: dict[str, bytes] = {}  # lineage -> the data key of its state
        self._renewed: set[str] = set()  # lineages that get a new data key with the next write

    def unwrap(self, lineage: str, keys: Sequence[WrappedKey]) -> bytes:
        """The data key that these hold. Raises KeyMissing."""
        with self._lock:
            place = (lineage, tuple(keys))
            if place not in self._unwrapped:
                self._unwrapped[place] = self._unwrap(lineage, keys)
            return self._unwrapped[place]

    def wrap(self, lineage: str, data_key: bytes) -> tuple[WrappedKey, ...]:
        """The data key, wrapped with each current key. Raises KeyMissing if one of them can't be had."""
        with self._lock:
            place = (lineage, data_key)
            if place not in self._wrapped:
                self._wrapped[place] = tuple(self._wrap(source, lineage, data_key) for source in self._sources.current)
            return self._wrapped[place]

    def key_for(self, lineage: str) -> bytes:
        """The key that encrypts the lineage's state: the one in use, else a new one."""
        with self._lock:
            return self._used.setdefault(lineage, cipher.new_key())

    def use(self, lineage: str, data_key: bytes) -> None:
        """This key encrypts the state that was read now, so the next write uses it, unless it is to be renewed."""
        with self._lock:
            if lineage not in self._renewed:
                self._used[lineage] = data_key

    def renew(self, lineage: str) -> None:
        """The next state of this lineage, and all after it, get a new data key."""
        with self._lock:
            self._renewed.add(lineage)
            self._used[lineage] = cipher.new_key()

    def current(self) -> tuple[str, ...]:
        """The current keys for a sentence, with their ids. Raises KeyMissing if one of them can't be had."""
        with self._lock:
            return tuple(
                f"{source.name} (id {cipher.key_id(self._current(source, self._derivation(source)))})"
                for source in self._sources.current
            )

    def _unwrap(self, lineage: str, keys: Sequence[WrappedKey]) -> bytes:
        tried: dict[KeySource, str] = {}  # what is known of the source, as a sentence
        edited = False
        for source in self._cheapest_first():
            for kdf in dict.fromkeys(key.kdf.model_dump_json() for key in keys):
                how = Derivation.model_validate_json(kdf)
                if (how.salt is not None) is not source.stretched:
                    continue
                try:
                    own = self._key(source, how)
                except SourceUnusable as unusable:
                    tried[source] = str(unusable)
                    break
                what = "passphrase" if source.stretched else "key"
                tried[source] = f"{source.origin} another {what} (id {cipher.key_id(own)})."
                for key in keys:
                    if key.id != cipher.key_id(own):
                        continue
                    if (data_key := _opened(own, key, lineage)) is not None:
                        self._salt = self._salt or how.salt
                        return data_key
                    edited = True
        if edited:
            raise envelope.damaged("its wrapped key was edited, or is of another state")
        every = dict.fromkeys((*self._sources.current, *self._sources.old))
        raise envelope.no_key(keys, (tried.get(each) or self._of_another_kind(each) for each in every), _ADVICE)

    def _of_another_kind(self, source: KeySource) -> str:
        """What to say of a source that can't be the missing one: a passphrase in place of a key, or the reverse."""
        try:
            self._material(source)
        except SourceUnusable as unusable:
            return str(unusable)
        return f"{source.origin} {'a passphrase' if source.stretched else 'a key, not a passphrase'}."

    def _cheapest_first(self) -> Iterator[KeySource]:
        """A passphrase takes 0.3 s, so keys that are keys already come before it, and old ones last."""
        every = (*self._sources.current, *self._sources.old)
        yield from (source for source in every if not source.stretched)
        yield from (source for source in every if source.stretched)

    def _wrap(self, source: KeySource, lineage: str, data_key: bytes) -> WrappedKey:
        how = self._derivation(source)
        own = self._current(source, how)
        name = cipher.key_id(own)
        return WrappedKey(id=name, kdf=how, wrapped=cipher.seal(own, data_key, _context(lineage, name)))

    def _current(self, source: KeySource, how: Derivation) -> bytes:
        """The derived key of a source that encrypts. Raises KeyMissing."""
        try:
            return self._key(source, how)
        except SourceUnusable as unusable:
            raise KeyMissing(
                f"{unusable} Each key that is configured must be there to write the state, because the state is "
                "encrypted for each of them.",
                "Make it available, or remove it from state.encryption",
                summary="The state can't be encrypted",
            ) from None

    def _derivation(self, source: KeySource) -> Derivation:
        if self._salt is None and source.stretched:
            self._salt = base64.b64encode(cipher.new_salt()).decode("ascii")
        return derivation(source, self._salt or "")

    def _key(self, source: KeySource, how: Derivation) -> bytes:
        """The derived key. Raises SourceUnusable."""
        place = (source, how.salt, how.rounds)
        if place not in self._derived:
            material = self._material(source)
            if how.salt is None or how.rounds is None:
                self._derived[place] = cipher.expand(material)
            else:
                self._derived[place] = cipher.stretch(material, base64.b64decode(how.salt), how.rounds)
        return self._derived[place]

    def _material(self, source: KeySource) -> bytes:
        if source not in self._read:
            try:
                self._read[source] = source.read()
            except SourceUnusable as unusable:
                self._read[source] = unusable
        found = self._read[source]
        if isinstance(found, SourceUnusable):
            raise found
        return found


def _opened(own: bytes, key: WrappedKey, lineage: str) -> bytes | None:
    try:
        return cipher.open_sealed(own, key.wrapped, _context(lineage, key.id))
    except NotAuthentic:
        return None


def _context(lineage: str, name: str) -> bytes:
    """A wrapped key belongs to one lineage."""
    return json.dumps(["voicectl", envelope.FORMAT, "key", lineage, name]).encode()
