"""Sites whose states are encrypted: around the local backend, a server without a journal, and engines with leases."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from reconciler.backends.encrypted import EncryptedBackend
from reconciler.protocols.backend import Backend
from tests.support.keyrings import PASSPHRASE, keyring
from tests.support.sites import LocalSite, Site


class EncryptedSite:
    """Another site, encrypted. All its clients share a keyring, so that the passphrase is derived once."""

    def __init__(self, inner: Site) -> None:
        pytest.importorskip("cryptography", reason="needs the extra [encryption]")
        self._inner = inner
        self._keyring = keyring(PASSPHRASE)
        self.ttl = inner.ttl
        self.shows_holder = getattr(inner, "shows_holder", True)

    def open(self) -> Backend:
        return EncryptedBackend(self._inner.open(), self._keyring)

    @property
    def settings(self) -> Mapping[str, Any]:
        return {**self._inner.settings, "encryption": {"passphrase_env": "VOICES_KEY"}}

    @property
    def environ(self) -> Mapping[str, str]:
        return {**self._inner.environ, "VOICES_KEY": str(PASSPHRASE.text)}


@pytest.fixture(name="local-encrypted_site")
def local_encrypted_site(local_site: LocalSite) -> Site:
    return EncryptedSite(local_site)


@pytest.fixture(name="gitlab-encrypted_site")
def gitlab_encrypted_site(gitlab_site: Site) -> Site:
    return EncryptedSite(gitlab_site)


@pytest.fixture(name="postgres-encrypted_site")
def postgres_encrypted_site(postgres_site: Site) -> Site:
    return EncryptedSite(postgres_site)


@pytest.fixture(name="seaweedfs-encrypted_site")
def seaweedfs_encrypted_site(seaweedfs_site: Site) -> Site:
    return EncryptedSite(seaweedfs_site)
