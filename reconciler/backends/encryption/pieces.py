"""Encrypts and decrypts single pieces, and chains the entries of a journal. Knows data keys, not the user's keys.

Each piece is bound to its kind, its lineage, its serial, and its place in the chain, which the cipher authenticates. A
snapshot holds the chain's value, and each entry changes it: a hash over the value before and the entry as it is stored.
So a piece that was edited, dropped, moved, put back or taken from elsewhere is found. A snapshot that only folds a
journal keeps the chain's value: entries that another run appended meanwhile still follow.

Not found: the removal of the last entries, and an old snapshot with the old entries that followed it.
"""

from __future__ import annotations

import hashlib
import json
import os

from reconciler.backends.encryption import cipher
from reconciler.backends.encryption.cipher import NotAuthentic
from reconciler.model import envelope
from reconciler.model.envelope import Envelope, Kind, WrappedKey
from reconciler.protocols.backend import Stamp
from reconciler.values import value

_SHOWN = 16  # hex digits of the chain in an entry: they only tell which fault it is
START = hashlib.sha256(b"voicectl: nothing before").hexdigest()


@value
class Chain:
    """How far a journal goes: its value, and the serial and lineage of what came last; None: not encrypted."""

    value: str
    stamp: Stamp | None = None


def new_chain(stamp: Stamp) -> Chain:
    """The chain of a snapshot that replaces everything before it."""
    return Chain(os.urandom(32).hex(), stamp)


def after_plain(chain: Chain, plain: bytes) -> Chain:
    """The chain after a piece that is not encrypted."""
    return Chain(_hashed(chain.value, plain), chain.stamp)


def snapshot(data: bytes, chain: Chain, stamp: Stamp, data_key: bytes, keys: tuple[WrappedKey, ...]) -> bytes:
    """A state as it is stored."""
    return _whole("state", data, chain.value, stamp, data_key, keys)


def file(kind: Kind, data: bytes, stamp: Stamp, data_key: bytes, keys: tuple[WrappedKey, ...]) -> bytes:
    """A file of its own: a rescue copy, a plan."""
    return _whole(kind, data, "", stamp, data_key, keys) + b"\n"


def opened(piece: Envelope, data_key: bytes) -> bytes:
    """What a snapshot or a file holds. Raises StateDamaged."""
    try:
        return cipher.decrypt(data_key, piece.data, _context(piece.kind, piece.lineage, piece.serial, piece.chain))
    except NotAuthentic:
        raise envelope.damaged("it was edited after it was encrypted, or put together from several") from None


def entry(
    data: bytes, chain: Chain, stamp: Stamp, data_key: bytes, keys: tuple[WrappedKey, ...] = ()
) -> tuple[bytes, Chain]:
    """An entry as it is stored, and the chain after it. `keys`: if nothing before it holds the data key."""
    lineage = stamp.lineage if chain.stamp is None else chain.stamp.lineage
    context = _context("entry", lineage, stamp.serial, chain.value)
    made = Envelope(
        voicectl="encrypted",
        format=envelope.FORMAT,
        kind="entry",
        lineage=lineage if keys else "",
        serial=stamp.serial,
        chain=chain.value[:_SHOWN],
        keys=keys,
        data=cipher.encrypt(data_key, data, context),
    )
    line = envelope.dump(made)
    return line, Chain(_hashed(chain.value, line), Stamp(lineage, stamp.serial))


def opened_entry(line: bytes, chain: Chain, lineage: str, data_key: bytes) -> tuple[bytes, Chain]:
    """What an entry holds, and the chain after it. Raises StateDamaged with the reason."""
    piece = envelope.parse(line)
    if piece.kind != "entry":
        raise envelope.damaged(f"the journal holds a {piece.kind} in place of an entry")
    stamp = Stamp(lineage, piece.serial)
    if piece.chain != chain.value[:_SHOWN]:
        raise envelope.damaged(f"the journal: {_misplaced(piece.serial, chain.stamp)}")
    try:
        data = cipher.decrypt(data_key, piece.data, _context("entry", lineage, piece.serial, chain.value))
    except NotAuthentic:
        raise envelope.damaged(
            f"the journal: the entry with the serial {piece.serial} was edited, or is of another state"
        ) from None
    return data, Chain(_hashed(chain.value, line), stamp)


def _whole(kind: Kind, data: bytes, chain: str, stamp: Stamp, data_key: bytes, keys: tuple[WrappedKey, ...]) -> bytes:
    encrypted = cipher.encrypt(data_key, data, _context(kind, stamp.lineage, stamp.serial, chain))
    made = Envelope(
        voicectl="encrypted",
        format=envelope.FORMAT,
        kind=kind,
        lineage=stamp.lineage,
        serial=stamp.serial,
        chain=chain,
        keys=keys,
        data=encrypted,
    )
    return envelope.dump(made)


def _misplaced(serial: int, before: Stamp | None) -> str:
    """What is wrong with an entry that does not continue the one before it."""
    if before is not None and serial > before.serial + 1:
        return f"after the serial {before.serial} comes {serial}: what was between them is missing"
    if before is not None and serial <= before.serial:
        return f"after the serial {before.serial} comes {serial}: an old entry was put back, or entries were moved"
    return f"the entry with the serial {serial} does not follow what is before it: pieces were dropped or exchanged"


def _context(kind: Kind, lineage: str, serial: int, chain: str) -> bytes:
    return json.dumps(["voicectl", envelope.FORMAT, kind, lineage, serial, chain]).encode()


def _hashed(before: str, piece: bytes) -> str:
    return hashlib.sha256(before.encode() + b"\n" + piece).hexdigest()
