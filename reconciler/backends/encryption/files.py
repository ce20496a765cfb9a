"""Rescue copies and saved plans, encrypted with the data key of their state."""

from __future__ import annotations

from reconciler.backends.encryption import pieces
from reconciler.backends.encryption.keyring import Keyring
from reconciler.model import envelope
from reconciler.model.envelope import Kind
from reconciler.protocols.backend import Stamp


class KeyringFileCipher:
    """Satisfies `FileCipher`."""

    def __init__(self, keyring: Keyring) -> None:
        self._keyring = keyring

    def encrypt(self, content: bytes, stamp: Stamp, kind: Kind) -> bytes:
        """The content as it is written to a file."""
        data_key = self._keyring.key_for(stamp.lineage)
        return pieces.file(kind, content, stamp, data_key, self._keyring.wrap(stamp.lineage, data_key))

    def decrypt(self, content: bytes, *kinds: Kind) -> bytes:
        """What `encrypt` was given; content that is not encrypted stays as it is."""
        if not envelope.is_envelope(content):
            return content
        piece = envelope.parse(content)
        if piece.kind not in kinds:
            raise envelope.damaged(f"it is an encrypted {piece.kind}, not a {' or a '.join(kinds)}")
        return pieces.opened(piece, self._keyring.unwrap(piece.lineage, piece.keys))

    def renew(self, lineage: str) -> tuple[str, ...]:
        """The next write of the state gets a new data key."""
        self._keyring.renew(lineage)
        return self._keyring.current()
