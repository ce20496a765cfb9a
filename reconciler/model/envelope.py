"""The format of what is stored encrypted. Pure: `backends.encryption` has the keys and the cipher.

    {"voicectl":"encrypted","format":1,"kind":"state","lineage":"…","serial":7,"chain":"…","keys":[…],"data":"…"}

Outside `data` are only the lineage, the serial, the ids of the keys and hashes of encrypted bytes. `keys` holds the
data key, wrapped once for each key of the user; an entry of a journal has none if its snapshot has them.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, ValidationError

from reconciler.errors import KeyMissing, StateDamaged, StateTooNew
from reconciler.hints import Hint, hint, way
from reconciler.model.base import Frozen

FORMAT: Literal[1] = 1
LEAST_ROUNDS, MOST_ROUNDS = 600_000, 10_000_000  # of PBKDF2 with SHA-512; the most keeps a forged file from stalling us
_BEGIN = re.compile(rb'\s*\{\s*"voicectl"\s*:\s*"encrypted"')
_HEX = "^[0-9a-f]*$"
_FORMAT_VERSION = re.compile(rb'"format"\s*:\s*([0-9]+)')

Kind = Literal["state", "entry", "copy", "plan"]  # copy: a rescue copy
_Base64 = Annotated[str, StringConstraints(pattern="^[A-Za-z0-9+/]+={0,2}$")]


class Derivation(Frozen):
    """How a key is derived from what the user keeps: a passphrase (pbkdf2-sha512), or a key (hkdf-sha256)."""

    name: Literal["pbkdf2-sha512", "hkdf-sha256"]
    rounds: int | None = Field(default=None, ge=LEAST_ROUNDS, le=MOST_ROUNDS)
    salt: _Base64 | None = None


class WrappedKey(Frozen):
    """The data key, encrypted with one key of the user. `id` names that key, and tells nothing about it."""

    id: Annotated[str, StringConstraints(pattern="^[0-9a-f]{8}$")]
    kdf: Derivation
    wrapped: _Base64


class Envelope(Frozen):
    """One encrypted piece."""

    voicectl: Literal["encrypted"]
    format: Literal[1]
    kind: Kind
    lineage: str = ""  # of an entry: empty if its snapshot is encrypted too
    serial: int = Field(ge=0)
    chain: Annotated[str, StringConstraints(pattern=_HEX, max_length=64)] = ""  # see `backends.encryption.pieces`
    keys: tuple[WrappedKey, ...] = ()
    data: _Base64  # nonce, encrypted zlib, tag


def is_envelope(data: bytes) -> bool:
    """Whether these bytes are an envelope, complete or not."""
    return _BEGIN.match(data) is not None


def dump(envelope: Envelope) -> bytes:
    """The envelope on one line, without a line end."""
    return envelope.model_dump_json(exclude_defaults=True).encode()


def parse(data: bytes) -> Envelope:
    """The envelope in these bytes. Raises StateDamaged, and StateTooNew for a later format."""
    try:
        return Envelope.model_validate_json(data, strict=True)
    except ValidationError:
        named = _FORMAT_VERSION.search(data[:200])
        if named is not None and int(named[1]) > FORMAT:
            raise StateTooNew(
                f"It is encrypted in format {int(named[1])}; this voicectl reads up to {FORMAT}.",
                "Use the voicectl that wrote it, or a later one: pip install --upgrade voicectl",
            ) from None
        raise damaged("it is encrypted, and not complete") from None


def damaged(what: str) -> StateDamaged:
    """The error for an encrypted piece that is not as it was written."""
    return StateDamaged(
        what,
        hint(
            way("See which snapshots are kept", "state history"),
            way("and go on with a good copy", "state push --force FILE"),
        ),
    )


def kind_of_key(kdf: Derivation) -> str:
    """What the user keeps, for a sentence."""
    return "a passphrase" if kdf.salt is not None else "a key from a file or a command"


def ids(keys: Iterable[WrappedKey]) -> str:
    """The kinds and the ids of the keys, each of which decrypts all, for a sentence."""
    return " or with ".join(f"{kind_of_key(key.kdf)} (id {key.id})" for key in keys)


CONFIGURE = hint(
    "Write into the manifest where the key is: state: {encryption: {passphrase_env: NAME}}, or key_file, or command"
)


def no_settings(data: bytes) -> KeyMissing:
    """The error for an envelope where nothing says how it is decrypted."""
    keys = parse(data).keys
    needs = f" with {ids(keys)}" if keys else ""
    return KeyMissing(f"It is encrypted{needs}, and the manifest has no state.encryption.", CONFIGURE)


def no_key(needed: Iterable[WrappedKey], tried: Iterable[str], advice: Hint) -> KeyMissing:
    """The error for an envelope that none of the configured keys decrypts. `tried`: a sentence for each source."""
    return KeyMissing(" ".join([f"It is encrypted with {ids(needed)}.", *tried]), advice)
