"""The names that addresses have in files for applications, where an address can't be a name itself."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator

from reconciler.model.manifest import AUDIO
from reconciler.values import value

_KEY = re.compile(r"\[\"?(.*?)\"?\]$")  # the key at the end of NAME["KEY"]
_VOICE = ("VOICE_ID", "PREVIOUS_VOICE_ID")
_SOUND = ("URL", "FILE_ID")


@value
class Clash:
    """Two addresses that would have one name in a file."""

    first: str
    second: str
    name: str


def identifier(address: str) -> str:
    """The name of a voice or a sound in tfvars: NAME_KEY for NAME["KEY"], and the name alone for audio.NAME."""
    return re.sub(r"[^\w-]", "_", _KEY.sub(r"_\1", address.removeprefix(AUDIO)), flags=re.ASCII)


def variable(address: str, what: str) -> str:
    """The name of an environment variable: `narrator`, `VOICE_ID` -> NARRATOR_VOICE_ID; AUDIO_FIREWORKS_URL."""
    stem = re.sub(r"[^A-Za-z0-9]", "_", _KEY.sub(r"_\1", address)).upper()
    return f"{stem}_{what}"


def clashes(file_format: str, addresses: Iterable[str]) -> list[Clash]:
    """The addresses that would have one name in a file of this `FileFormat`."""
    first: dict[str, str] = {}
    found: dict[tuple[str, str], Clash] = {}
    for address in sorted(addresses):
        for name in _names(file_format, address):
            other = first.setdefault(name, address)
            if other != address:
                found.setdefault((other, address), Clash(other, address, name))
    return list(found.values())


def _names(file_format: str, address: str) -> Iterator[str]:
    sound = address.startswith(AUDIO)
    match file_format:
        case "dotenv":
            yield from (variable(address, what) for what in (_SOUND if sound else _VOICE))
        case "tfvars":
            yield f"{'sounds' if sound else 'voices'}.{identifier(address)}"
        case _:
            yield address
