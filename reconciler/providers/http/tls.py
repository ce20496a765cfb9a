"""The TLS context for HTTPS: the certificates to trust, and the key log of SSLKEYLOGFILE."""

from __future__ import annotations

import os
import ssl

from reconciler.errors import UsageError
from reconciler.providers.http.lean_httpx import httpx

_SETTINGS = ("SSL_CERT_FILE", "SSL_CERT_DIR", "SSLKEYLOGFILE")


def context_for(*, plain: bool) -> ssl.SSLContext | None:
    """The context; None if only http:// is used and the environment sets nothing about TLS. Loading takes 20 ms."""
    return context() if not plain or any(os.environ.get(name) for name in _SETTINGS) else None


def context() -> ssl.SSLContext:
    """A context with the certificates of SSL_CERT_FILE or SSL_CERT_DIR, if one is set. Raises UsageError."""
    try:
        return httpx.create_ssl_context()
    except OSError as error:
        why = error.strerror or str(error)
        if error.filename is not None:  # the ssl module names a file only for the key log
            raise UsageError(
                f"SSLKEYLOGFILE names {error.filename}, which can't be written: {why}.",
                "unset SSLKEYLOGFILE, or name a file that can be written.",
            ) from None
        raise UsageError(
            f"The certificates to trust can't be read: {why}.",
            "See SSL_CERT_FILE and SSL_CERT_DIR in the environment.",
        ) from None
