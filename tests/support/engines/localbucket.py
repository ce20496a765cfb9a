"""localbucket (PyPI): a small S3 server over folders. It keeps If-None-Match and ignores If-Match."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engines.object_storage import BUCKET, ObjectStorageSite
from tests.support.engines.server import free_ports, program, running


@pytest.fixture(scope="session")
def localbucket(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's URL."""
    server = program("localbucket", "localbucket: pip install localbucket")
    folder = tmp_path_factory.mktemp("localbucket")
    (folder / "root" / BUCKET).mkdir(parents=True)
    (port,) = free_ports(1)
    with running([server, "--port", str(port), str(folder / "root")], port, folder / "log"):
        yield f"http://127.0.0.1:{port}"


@pytest.fixture
def localbucket_site(localbucket: str) -> ObjectStorageSite:
    return ObjectStorageSite(localbucket)
