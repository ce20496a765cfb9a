"""AES-256-GCM and the derivation of keys. The only module that calls `cryptography`, which is an extra.

Nonces are random, which is safe for 2^32 messages a key (NIST SP 800-38D, 8.3); a state has some millions at most.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import zlib

KEY = 32  # bytes
SALT = 16  # bytes
_NONCE = 12  # bytes
_LEVEL = 6  # of zlib: a state shrinks to a seventh


class NotAuthentic(Exception):
    """The bytes are not what this key encrypted with this context."""


def new_key() -> bytes:
    """A random key."""
    return os.urandom(KEY)


def new_salt() -> bytes:
    """A random salt for `stretch`."""
    return os.urandom(SALT)


def encrypt(key: bytes, plain: bytes, context: bytes) -> str:
    """Compresses and encrypts, as base64. Decrypting needs the same context."""
    return seal(key, zlib.compress(plain, _LEVEL), context)


def decrypt(key: bytes, encrypted: str, context: bytes) -> bytes:
    """What `encrypt` was given. Raises NotAuthentic."""
    return zlib.decompress(open_sealed(key, encrypted, context))


def seal(key: bytes, plain: bytes, context: bytes) -> str:
    """Encrypts as it is: for keys, which do not shrink."""
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    nonce = os.urandom(_NONCE)
    return base64.b64encode(nonce + AESGCM(key).encrypt(nonce, plain, context)).decode("ascii")


def open_sealed(key: bytes, encrypted: str, context: bytes) -> bytes:
    """What `seal` was given. Raises NotAuthentic."""
    from cryptography.exceptions import InvalidTag
    from cryptography.hazmat.primitives.ciphers.aead import AESGCM

    try:
        raw = base64.b64decode(encrypted, validate=True)
        return AESGCM(key).decrypt(raw[:_NONCE], raw[_NONCE:], context)
    except (InvalidTag, ValueError):  # ValueError: not base64, or shorter than a nonce
        raise NotAuthentic from None


def stretch(passphrase: bytes, salt: bytes, rounds: int) -> bytes:
    """A key from a passphrase: PBKDF2 with HMAC-SHA-512. 600,000 rounds take 0.3 s."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.pbkdf2 import PBKDF2HMAC

    return PBKDF2HMAC(hashes.SHA512(), KEY, salt, rounds).derive(passphrase)


def expand(material: bytes) -> bytes:
    """A key from bytes that are a good key already, but have any length: HKDF with SHA-256."""
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.kdf.hkdf import HKDF

    return HKDF(hashes.SHA256(), KEY, None, b"voicectl state key").derive(material)


def key_id(key: bytes) -> str:
    """Names a derived key: 8 hex digits, which tell nothing about it."""
    return hmac.new(key, b"voicectl key id", hashlib.sha256).hexdigest()[:8]
