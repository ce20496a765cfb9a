"""The grammar of addresses: NAME, or NAME["KEY"] for one instance of an entry with `for_each`.

The address of a sound begins with `audio.`. Imports no other module, because shell completion must be fast.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

NAME = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"  # of an entry, and of a provider
LONGEST_NAME = 63
NAME_LIMIT = f"a letter, then at most {LONGEST_NAME - 1} letters, digits, - or _"
KEY = r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,62}$"  # of an instance
KEY_LIMIT = "a letter or digit, then at most 62 letters, digits, ., - or _"

_NAME = re.compile(NAME.removesuffix("$"))  # in Python, $ would let a line break through
_KEY = KEY.removesuffix("$")  # this and what follows is compiled where it is used, which is seldom
_ADDRESS = rf"((?:audio\.)?{NAME[1:-1]})(?:\[\"({KEY[1:-1]})\"\])?"
ADDRESS = rf"^{_ADDRESS}$"  # of an instance or a sound too
_TYPED = r"([A-Za-z0-9_.*-]+)\[(?P<quote>[\"']?)([A-Za-z0-9_.*-]+)(?P=quote)\]"  # * is of a pattern


def is_name(text: str) -> bool:
    """Whether the text is a valid name of an entry or a provider."""
    return _NAME.fullmatch(text) is not None


def is_key(text: str) -> bool:
    """Whether the text is a valid key of an instance."""
    return re.fullmatch(_KEY, text) is not None


def is_address(text: str) -> bool:
    """Whether the text is a valid address, of a sound too."""
    return re.fullmatch(_ADDRESS, text) is not None


def instance(name: str, key: str) -> str:
    """The address of the instance `key` of an entry: `npc["en"]`."""
    return f'{name}["{key}"]'


def parts(address: str) -> tuple[str, str | None]:
    """The name of the entry, with `audio.` for a sound, and the key; None if the address has no key."""
    found = re.fullmatch(_ADDRESS, address)
    return (found[1], found[2]) if found else (address, None)


def instances_of(name: str, addresses: Iterable[str]) -> list[str]:
    """The addresses that are instances of this entry."""
    return [address for address in addresses if address.startswith(f'{name}["')]


def as_typed(text: str) -> str:
    """The address or pattern that was typed: a shell removes the quotes of `npc["en"]`. Other text stays as it is."""
    found = re.fullmatch(_TYPED, text)
    return instance(found[1], found[3]) if found else text
