"""The cipher against vectors that others made, and against changed bytes."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from reconciler.backends.encryption import cipher
from reconciler.backends.encryption.cipher import NotAuthentic

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

KEY = bytes(range(32))


def test_what_was_encrypted_is_decrypted_with_the_same_context() -> None:
    for plain in (b"", b"x", b"{}" * 100_000, bytes(range(256))):
        assert cipher.decrypt(KEY, cipher.encrypt(KEY, plain, b"here"), b"here") == plain


def test_another_context_key_or_byte_is_not_authentic() -> None:
    made = cipher.encrypt(KEY, b"secret", b"here")
    raw = base64.b64decode(made)
    flipped = base64.b64encode(raw[:-1] + bytes([raw[-1] ^ 1])).decode()
    for key, text, context in (
        (KEY, made, b"there"),
        (bytes(32), made, b"here"),
        (KEY, flipped, b"here"),
        (KEY, base64.b64encode(raw[:-1]).decode(), b"here"),
        (KEY, made[:-4], b"here"),
        (KEY, "AAAA", b"here"),
        (KEY, "no base64!", b"here"),
    ):
        with pytest.raises(NotAuthentic):
            cipher.decrypt(key, text, context)


def test_the_same_text_is_never_encrypted_to_the_same_bytes() -> None:
    assert len({cipher.encrypt(KEY, b"x", b"") for _ in range(50)}) == 50


def test_the_encryption_is_aes_256_gcm() -> None:
    """Test case 14 of the GCM specification (McGrew, Viega)."""
    sealed = base64.b64encode(
        bytes(12) + bytes.fromhex("cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919")
    ).decode()
    assert cipher.open_sealed(bytes(32), sealed, b"") == bytes(16)


def test_a_passphrase_is_stretched_as_hashlib_does() -> None:
    assert cipher.stretch(b"correct horse", b"salt", 2_000) == hashlib.pbkdf2_hmac(
        "sha512", b"correct horse", b"salt", 2_000, 32
    )


def test_a_key_is_expanded_as_rfc_5869_says() -> None:
    pseudo_random = hmac.new(bytes(32), b"material", hashlib.sha256).digest()
    expected = hmac.new(pseudo_random, b"voicectl state key\x01", hashlib.sha256).digest()
    assert cipher.expand(b"material") == expected


def test_the_id_of_a_key_is_short_and_fixed() -> None:
    assert cipher.key_id(KEY) == cipher.key_id(KEY)
    assert len(cipher.key_id(KEY)) == 8
    assert cipher.key_id(KEY) != cipher.key_id(bytes(32))
