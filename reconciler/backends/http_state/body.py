"""The body of a state on an HTTP server <-> the state's bytes and its history. It asks no server.

A body is the state's own JSON with one key more, first: `voicectl_history`. A large state, or one that is not such JSON
(an encrypted one), is wrapped:

    {"voicectl": "state", "version": 1, "lineage": …, "serial": …, "zlib": base64, "voicectl_history": […]}

`serial` is always an integer at the top level: GitLab wants it there. The first entry of the history describes the body
itself; the others hold their state too, where the server keeps no older versions.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from collections.abc import Iterable
from datetime import datetime
from hashlib import sha256
from typing import Literal

from pydantic import AwareDatetime, Field, TypeAdapter

from reconciler.errors import StateDamaged, StateForeign
from reconciler.hints import hint, way
from reconciler.model.base import Frozen
from reconciler.protocols.backend import Stamp
from reconciler.values import value

LARGEST_PLAIN = 512 * 1024  # bytes of a state with its history; a larger one is compressed
LARGEST_HISTORY = 1024 * 1024  # characters of all older states in one body
_HISTORY = "voicectl_history"
_BEGIN = f'{{"{_HISTORY}":'
_REQUIRED_KEYS = frozenset(("version", "lineage", "serial", "records"))
_STATE_KEYS = _REQUIRED_KEYS | {
    *("manifest", "current", "adopted_lineages", "foreign_lineages", "applying", "applied"),
    *("kin", "strangers"),  # older names
}


class Kept(Frozen):
    """A snapshot in the history. `zlib` is empty for the body itself, and where the server keeps old versions."""

    serial: int = Field(ge=0)
    written_at: AwareDatetime  # by the server's clock
    size: int = Field(ge=0)  # bytes of the state
    zlib: str = ""  # base64


class _Wrapped(Frozen):
    voicectl: Literal["state"]
    version: Literal[1]
    lineage: str
    serial: int = Field(ge=0)
    data: str = ""  # base64; where compression saves nothing
    zlib: str = ""  # base64
    voicectl_history: tuple[Kept, ...]


_KEPT = TypeAdapter(tuple[Kept, ...], config={"defer_build": True})


@value
class Stored:
    """A state as the server holds it. `version` names the content and the serial."""

    data: bytes
    stamp: Stamp
    history: tuple[Kept, ...]
    version: str


def version(data: bytes, stamp: Stamp) -> str:
    """Names a content and its serial."""
    return f"{stamp.serial}-{sha256(stamp.lineage.encode() + b'/' + data).hexdigest()[:24]}"


def compressed(data: bytes) -> str:
    """The bytes as zlib in base64."""
    return base64.b64encode(zlib.compress(data, 6)).decode()


def decompressed(text: str) -> bytes:
    """The bytes of `compressed`. Raises ValueError."""
    try:
        return zlib.decompress(base64.b64decode(text, validate=True))
    except (binascii.Error, zlib.error) as error:
        raise ValueError("not zlib in base64") from error


def within_limits(history: Iterable[Kept], keep: int) -> tuple[Kept, ...]:
    """The newest entries: at most `keep`, and at most LARGEST_HISTORY characters of states."""
    kept: list[Kept] = []
    size = 0
    for entry in history:
        size += len(entry.zlib)
        if len(kept) >= keep or size > LARGEST_HISTORY:
            break
        kept.append(entry)
    return tuple(kept)


def pack(data: bytes, stamp: Stamp, history: tuple[Kept, ...]) -> bytes:
    """The body for a state. `history` begins with the entry of this state."""
    listed = _KEPT.dump_json(history, exclude_defaults=True)
    if len(data) + len(listed) <= LARGEST_PLAIN and _has_stamp(data, stamp):
        return b"%s%s,%s" % (_BEGIN.encode(), listed, data[1:])
    small = compressed(data)
    plain = "" if len(small) < len(data) else base64.b64encode(data).decode()
    wrapped = _Wrapped(
        voicectl="state",
        version=1,
        lineage=stamp.lineage,
        serial=stamp.serial,
        data=plain,
        zlib="" if plain else small,
        voicectl_history=history,
    )
    return wrapped.model_dump_json(exclude_defaults=True).encode()


def unpack(body: bytes, where: str) -> Stored:
    """The state in a body. Raises StateForeign for a body that voicectl did not write, and StateDamaged."""
    try:
        text = body.decode()
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise _foreign(where, "no state of voicectl") from None
    if not isinstance(found, dict) or "terraform_version" in found:
        terraform = isinstance(found, dict)
        raise _foreign(where, "a state of Terraform or OpenTofu" if terraform else "no state of voicectl")
    try:
        if found.get("voicectl") == "state":
            return _unwrapped(_Wrapped.model_validate_json(body))
        if _HISTORY in found:
            return _plain(text)
    except ValueError:
        raise StateDamaged(
            f"{where} holds a state of voicectl whose content was changed by another program.",
            hint(
                way("See the older states", "state history"),
                way("or go on with a good copy", "state push --force FILE"),
            ),
        ) from None
    if not _REQUIRED_KEYS <= found.keys() <= _STATE_KEYS or not _are_stamp(found):
        raise _foreign(where, "no state of voicectl")
    return _stored(body, Stamp(found["lineage"], found["serial"]), ())  # a state file that was uploaded by hand


def _stored(data: bytes, stamp: Stamp, history: tuple[Kept, ...]) -> Stored:
    return Stored(data, stamp, history, version(data, stamp))


def _unwrapped(wrapped: _Wrapped) -> Stored:
    data = decompressed(wrapped.zlib) if wrapped.zlib else base64.b64decode(wrapped.data, validate=True)
    return _stored(data, Stamp(wrapped.lineage, wrapped.serial), wrapped.voicectl_history)


def _plain(text: str) -> Stored:
    if not text.startswith(_BEGIN):
        raise ValueError("its keys were sorted anew")
    listed, end = json.JSONDecoder().raw_decode(text, len(_BEGIN))
    rest = "{" + text[end + 1 :]
    found = json.loads(rest)
    if text[end : end + 1] != "," or not _are_stamp(found):
        raise ValueError("not a state")
    stamp = Stamp(found["lineage"], found["serial"])
    return _stored(rest.encode(), stamp, _KEPT.validate_json(json.dumps(listed)))


def _has_stamp(data: bytes, stamp: Stamp) -> bool:
    """Whether the bytes are a JSON object that shows its lineage and serial, as a state file does."""
    if not data.startswith(b"{"):
        return False
    try:
        found = json.loads(data)
    except (ValueError, RecursionError):
        return False
    if not _are_stamp(found) or {_HISTORY, "voicectl", "terraform_version"} & found.keys():
        return False
    return (found["lineage"], found["serial"]) == (stamp.lineage, stamp.serial)


def _are_stamp(found: dict[str, object]) -> bool:
    return type(found.get("version")) is int and type(found.get("lineage")) is str and type(found.get("serial")) is int


def _foreign(where: str, what: str) -> StateForeign:
    return StateForeign(
        f"{where} holds {what}. voicectl does not write over it.",
        "Give the manifest's state an address of its own.",
        summary="The address holds the data of another program",
    )


def entry(data: bytes, serial: int, written_at: datetime, *, whole: bool) -> Kept:
    """The history's entry for a state; `whole`: with its content."""
    return Kept(serial=serial, written_at=written_at, size=len(data), zlib=compressed(data) if whole else "")
