"""Finds the secrets that sign webhooks: in the environment, or in a file that the environment names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from reconciler.errors import UsageError
from reconciler.hints import hint
from reconciler.watch.standard_webhooks import keys_in

VARIABLE = "VOICECTL_WEBHOOK_SECRET"
FILE_VARIABLE = "VOICECTL_WEBHOOK_SECRET_FILE"
_LARGEST = 16 * 1024  # bytes of the file
_HINT = hint(
    f"{VARIABLE} holds it, or {FILE_VARIABLE} names a file with it. To make one: "
    'echo "whsec_$(openssl rand -base64 32)". Several, separated by blanks, all sign.'
)

Keys = Callable[[], tuple[bytes, ...]]


def key_source(environ: Mapping[str, str]) -> Keys:
    """A function that returns the keys. A file is read at each call, so that its secret may be replaced.

    Raises UsageError if there is no valid secret now. Later, the last valid one stays in use.
    """
    words, path = environ.get(VARIABLE, ""), environ.get(FILE_VARIABLE, "")
    if words and path:
        raise UsageError(f"{VARIABLE} and {FILE_VARIABLE} are both set. Unset one of them.")
    if path:
        return _SecretFile(Path(path))
    if not words:
        raise UsageError("There is no secret to sign the webhooks with.", _HINT)
    try:
        keys = keys_in(words)
    except ValueError as error:
        raise UsageError(f"The secret in {VARIABLE} is not valid: {error}.", _HINT) from None
    return lambda: keys


class _SecretFile:
    def __init__(self, path: Path) -> None:
        self._path = path
        try:
            self._keys = self._read()
        except OSError as error:
            raise UsageError(f"{FILE_VARIABLE} names {path}, which can't be read: {error.strerror}.", _HINT) from None
        except ValueError as error:
            raise UsageError(f"The secret in {path} is not valid: {error}.", _HINT) from None

    def __call__(self) -> tuple[bytes, ...]:
        try:
            self._keys = self._read()
        except (OSError, ValueError):  # it is being replaced
            return self._keys
        return self._keys

    def _read(self) -> tuple[bytes, ...]:
        with self._path.open("rb") as file:
            return keys_in(file.read(_LARGEST).decode("ascii", errors="replace"))
