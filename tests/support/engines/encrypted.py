"""Sites whose states are encrypted: around the local backend, and around one that has no journal."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.backends.encrypted import EncryptedBackend
from reconciler.protocols.backend import Backend
from tests.support.engines.http_state import HttpSite
from tests.support.keyrings import KEY, keyring
from tests.support.sites import LocalSite, Site


class EncryptedSite:
    """Another site, encrypted. Each client has a keyring of its own, as a run has."""

    def __init__(self, inner: Site) -> None:
        pytest.importorskip("cryptography", reason="needs the extra [encryption]")
        self._inner = inner
        self.ttl = inner.ttl
        self.shows_holder = getattr(inner, "shows_holder", True)

    def open(self) -> Backend:
        return EncryptedBackend(self._inner.open(), keyring(KEY))


@pytest.fixture(name="local-encrypted_site")
def local_encrypted_site(tmp_path: Path) -> Site:
    return EncryptedSite(LocalSite(tmp_path))


@pytest.fixture(name="gitlab-encrypted_site")
def gitlab_encrypted_site(gitlab_site: HttpSite) -> Site:
    return EncryptedSite(gitlab_site)
