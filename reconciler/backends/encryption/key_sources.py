"""Where the user's keys come from: a passphrase, a file, or a command. Read when a key is needed, once a run.

A text (base64, hex) may end with a line end, which is not part of the key. No message holds a key, or a part of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from reconciler.command_output import CommandFailed, output_of
from reconciler.errors import CommandNotAllowed, UsageError
from reconciler.model.envelope import LEAST_ROUNDS, Derivation
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.model.state_settings import Encryption, EncryptionKey

SHORTEST_PASSPHRASE = 16  # characters
SHORTEST_KEY = 32  # bytes
_LARGEST_FILE = 64_000  # bytes


class SourceUnusable(Exception):
    """No key could be read here; the text is a sentence that says why."""


class KeySource(Protocol):
    """One key of the user."""

    @property
    def stretched(self) -> bool:
        """Whether it is a passphrase, so that deriving its key takes time."""
        ...

    @property
    def name(self) -> str:
        """The key for a sentence: `the key in voices.key`."""
        ...

    @property
    def origin(self) -> str:
        """The beginning of a sentence about its key: `state.encryption.key_file: voices.key holds`."""
        ...

    def read(self) -> bytes:
        """The passphrase or the key. Raises SourceUnusable, and UsageError if it is too short."""
        ...


@value
class Passphrase:
    """A passphrase in the environment; `text` is None where the variable is not set."""

    option: str
    variable: str
    text: str | None = field(repr=False)
    stretched: bool = True

    @property
    def name(self) -> str:
        """Its variable."""
        return f"the passphrase in {self.variable}"

    @property
    def origin(self) -> str:
        """Its variable."""
        return f"{self.option}: {self.variable} holds"

    def read(self) -> bytes:
        """Its characters in UTF-8."""
        if not self.text:
            raise SourceUnusable(f"{self.option}: the variable {self.variable} is not set.")
        if len(self.text) < SHORTEST_PASSPHRASE:
            raise UsageError(
                f"{self.option}: the passphrase in {self.variable} is too short: it needs {SHORTEST_PASSPHRASE} "
                "characters or more."
            )
        return self.text.encode()


@value
class KeyFile:
    """A file that holds a key."""

    option: str
    path: Path
    stretched: bool = False

    @property
    def name(self) -> str:
        """Its path."""
        return f"the key in {self.path}"

    @property
    def origin(self) -> str:
        """Its path."""
        return f"{self.option}: {self.path} holds"

    def read(self) -> bytes:
        """Its content."""
        try:
            with self.path.open("rb") as file:
                content = file.read(_LARGEST_FILE + 1)
        except (OSError, ValueError) as error:
            why = getattr(error, "strerror", None) or "not a path"
            raise SourceUnusable(f"{self.option}: {self.path} can't be read: {why}.") from None
        if len(content) > _LARGEST_FILE:
            raise UsageError(f"{self.option}: {self.path} is not a key file: over {_LARGEST_FILE:,} bytes.")
        return _long_enough(content, self.origin)


@value
class KeyCommand:
    """A command that prints a key."""

    option: str
    words: tuple[str, ...]
    folder: Path
    environ: tuple[tuple[str, str], ...] = field(repr=False)
    allowed: bool
    stretched: bool = False

    @property
    def name(self) -> str:
        """Its program."""
        return f"the key that {self.words[0]} prints"

    @property
    def origin(self) -> str:
        """Its program."""
        return f"{self.option}: {self.words[0]} printed"

    def read(self) -> bytes:
        """What it prints. Raises CommandNotAllowed."""
        if not self.allowed:
            raise CommandNotAllowed(self.option, self.words)
        try:
            printed = output_of(self.words, folder=self.folder, environ=dict(self.environ))
        except CommandFailed as failed:
            raise SourceUnusable(f"{self.option}: {self.words[0]} {failed}.") from None
        return _long_enough(printed, self.origin)


@value
class Sources:
    """All keys of the settings: `current` encrypt and decrypt, `old` only decrypt."""

    current: tuple[KeySource, ...]
    old: tuple[KeySource, ...]


def sources_of(
    settings: Encryption, *, folder: Path, environ: Mapping[str, str], allow_commands: bool = False
) -> Sources:
    """The sources that the settings name. Paths are relative to `folder`, that of the manifest. Reads no key.

    `allow_commands`: the user allows the manifest to start programs.
    """

    def source(key: EncryptionKey, option: str) -> KeySource:
        return _source(key, option, folder, environ, allow_commands=allow_commands)

    current = tuple(source(key, "state.encryption") for key in settings.each())
    old = tuple(source(key, f"state.encryption.old[{at}]") for at, key in enumerate(settings.old))
    return Sources(current, old)


def derivation(source: KeySource, salt: str) -> Derivation:
    """How new envelopes derive the key of this source."""
    if source.stretched:
        return Derivation(name="pbkdf2-sha512", rounds=LEAST_ROUNDS, salt=salt)
    return Derivation(name="hkdf-sha256")


def _source(
    key: EncryptionKey, option: str, folder: Path, environ: Mapping[str, str], *, allow_commands: bool
) -> KeySource:
    if key.passphrase_env is not None:
        text = environ.get(key.passphrase_env, "").strip()
        return Passphrase(f"{option}.passphrase_env", key.passphrase_env, text or None)
    if key.key_file is not None:
        return KeyFile(f"{option}.key_file", folder / key.key_file)
    return KeyCommand(f"{option}.command", key.command or (), folder, tuple(sorted(environ.items())), allow_commands)


def _long_enough(content: bytes, what: str) -> bytes:
    key = content.rstrip(b"\r\n") if content.isascii() and b"\0" not in content else content
    if len(key) < SHORTEST_KEY:
        raise UsageError(f"{what} a key of {len(key)} bytes: it needs {SHORTEST_KEY} or more.")
    return key
