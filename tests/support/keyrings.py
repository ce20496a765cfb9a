"""Keyrings whose keys are given, and which count how often a key is read."""

from __future__ import annotations

from dataclasses import dataclass, field

from reconciler.backends.encryption.key_sources import Sources, SourceUnusable
from reconciler.backends.encryption.keyring import Keyring


@dataclass(frozen=True)
class GivenKey:
    """A key or a passphrase; None can't be read."""

    text: str | None
    stretched: bool = False
    reads: list[str] = field(default_factory=list, compare=False)
    name: str = "the key in key"
    origin: str = "state.encryption.key_file: key holds"

    def read(self) -> bytes:
        self.reads.append("read")
        if self.text is None:
            raise SourceUnusable("state.encryption.key_file: key can't be read: No such file or directory.")
        return self.text.encode()


KEY = GivenKey("a key of the tests, long enough for this")
OTHER = GivenKey("another key of the tests, also long enough")
PASSPHRASE = GivenKey("correct horse battery staple", stretched=True)
NOT_THERE = GivenKey(None)


def keyring(*current: GivenKey, old: tuple[GivenKey, ...] = ()) -> Keyring:
    return Keyring(Sources(current, old))
