"""The interface of what encrypts the files beside a state: rescue copies and saved plans."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from reconciler.errors import UsageError
from reconciler.protocols.backend import Stamp

if TYPE_CHECKING:
    from reconciler.model.envelope import Kind


class FileCipher(Protocol):
    """Encrypts with the keys of the state. Raises KeyMissing."""

    def encrypt(self, content: bytes, stamp: Stamp, kind: Kind) -> bytes:
        """The content as it is written to a file."""
        ...

    def decrypt(self, content: bytes, *kinds: Kind) -> bytes:
        """What `encrypt` was given; content that is not encrypted stays as it is.

        Raises KeyMissing, and StateDamaged for an edited file or one of another kind.
        """
        ...

    def renew(self, lineage: str) -> tuple[str, ...]:
        """The next write of the state gets a new data key. Returns its keys, for a sentence."""
        ...


class NoCipher:
    """Where the manifest does not ask for encryption."""

    def encrypt(self, content: bytes, stamp: Stamp, kind: Kind) -> bytes:  # noqa: ARG002 - nothing is encrypted
        """The content as it is."""
        return content

    def decrypt(self, content: bytes, *kinds: Kind) -> bytes:  # noqa: ARG002 - as above
        """The content as it is. Raises KeyMissing if it is encrypted."""
        from reconciler.model import envelope  # a run without encryption seldom reads such a file

        if envelope.is_envelope(content):
            raise envelope.no_settings(content)
        return content

    def renew(self, lineage: str) -> tuple[str, ...]:  # noqa: ARG002 - as above
        """Not possible."""
        from reconciler.model.envelope import CONFIGURE

        raise UsageError("The manifest has no state.encryption, so there is no key to renew.", CONFIGURE)


NO_CIPHER = NoCipher()
