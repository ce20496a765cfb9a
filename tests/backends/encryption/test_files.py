"""Files beside the state: a file of one kind is not accepted as another."""

from __future__ import annotations

import pytest

from reconciler.backends.encryption.files import KeyringFileCipher
from reconciler.errors import KeyMissing, StateDamaged, UsageError
from reconciler.protocols.backend import Stamp
from reconciler.protocols.file_cipher import NO_CIPHER
from tests.support.keyrings import KEY, OTHER, keyring

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

STAMP = Stamp("lineage", 7)


def test_a_file_is_read_by_another_run_with_the_key() -> None:
    stored = KeyringFileCipher(keyring(KEY)).encrypt(b"narrator", STAMP, "plan")
    assert b"narrator" not in stored
    assert KeyringFileCipher(keyring(KEY)).decrypt(stored, "plan") == b"narrator"
    with pytest.raises(KeyMissing):
        KeyringFileCipher(keyring(OTHER)).decrypt(stored, "plan")
    with pytest.raises(KeyMissing, match=r"no state\.encryption"):
        NO_CIPHER.decrypt(stored, "plan")


def test_a_copy_is_no_plan() -> None:
    files = KeyringFileCipher(keyring(KEY))
    with pytest.raises(StateDamaged, match="an encrypted copy, not a plan"):
        files.decrypt(files.encrypt(b"x", STAMP, "copy"), "plan")


def test_a_file_that_is_not_encrypted_stays_as_it_is() -> None:
    assert KeyringFileCipher(keyring(KEY)).decrypt(b'{"kind": "plan"}', "plan") == b'{"kind": "plan"}'
    assert NO_CIPHER.encrypt(b"x", STAMP, "plan") == NO_CIPHER.decrypt(b"x", "plan") == b"x"
    with pytest.raises(UsageError):
        NO_CIPHER.renew("lineage")
