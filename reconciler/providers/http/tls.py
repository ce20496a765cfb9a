"""What HTTPS needs from this machine: the certificates to trust, and a log of its keys where one is asked for."""

from __future__ import annotations

import ssl

from reconciler.errors import UsageError
from reconciler.providers.http.lean_httpx import httpx


def context() -> ssl.SSLContext:
    """With the certificates of SSL_CERT_FILE or SSL_CERT_DIR, where one is set. Raises UsageError."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        why = error.strerror or str(error)
        if error.filename is not None:  # only the file for the keys is named by the ssl module
            raise UsageError(
                f"SSLKEYLOGFILE names {error.filename}, which can't be written: {why}.",
                "unset SSLKEYLOGFILE, or name a file that can be written.",
            ) from None
        raise UsageError(
            f"The certificates to trust can't be read: {why}.",
            "See SSL_CERT_FILE and SSL_CERT_DIR in the environment.",
        ) from None
