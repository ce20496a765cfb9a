"""moto's server (PyPI: moto[server,s3]): S3 in memory. It keeps If-None-Match."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from tests.support.engines.object_storage import BUCKET, ObjectStorageSite
from tests.support.engines.server import free_ports, program, running


@pytest.fixture(scope="session")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's URL."""
    server = program("moto_server", "moto: pip install 'moto[server,s3]'")
    (port,) = free_ports(1)
    with running([server, "-H", "127.0.0.1", "-p", str(port)], port, tmp_path_factory.mktemp("moto") / "log"):
        url = f"http://127.0.0.1:{port}"
        httpx.put(f"{url}/{BUCKET}", trust_env=False, timeout=30).raise_for_status()
        yield url


@pytest.fixture
def moto_site(moto: str) -> ObjectStorageSite:
    return ObjectStorageSite(moto)
