"""Azurite (npm: azurite), Microsoft's emulator of Azure Blob Storage. VOICECTL_AZURITE may name its `azurite-blob`."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest

from tests.support.engines.object_storage import BUCKET, ObjectStorageSite
from tests.support.engines.server import free_ports, program, running

ACCOUNT = "devstoreaccount1"
# Azurite's documented key, the same on every machine.
KEY = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
ENVIRON = {"AZURE_STORAGE_ACCOUNT_NAME": ACCOUNT, "AZURE_STORAGE_ACCOUNT_KEY": KEY}
_API = "2023-11-03"


@pytest.fixture(scope="session")
def azurite(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of the account."""
    folder = tmp_path_factory.mktemp("azurite")
    (port,) = free_ports(1)
    command = [_program(), "--blobHost", "127.0.0.1", "--blobPort", str(port), "-l", str(folder / "data")]
    with running([*command, "--silent", "--skipApiVersionCheck"], port, folder / "log"):
        url = f"http://127.0.0.1:{port}/{ACCOUNT}"
        _create_container(url)
        yield url


@pytest.fixture
def azurite_site(azurite: str) -> ObjectStorageSite:
    return ObjectStorageSite(azurite, scheme="az", environ=ENVIRON)


def _program() -> str:
    named = os.environ.get("VOICECTL_AZURITE")
    here = Path(__file__).parents[3] / "node_modules/.bin/azurite-blob"
    if named or here.exists():
        return named or str(here)
    return program("azurite-blob", "Azurite: npm install azurite, and VOICECTL_AZURITE=node_modules/.bin/azurite-blob")


def _create_container(url: str) -> None:
    now = datetime.now(UTC).strftime("%a, %d %b %Y %H:%M:%S GMT")
    headers = {"x-ms-date": now, "x-ms-version": _API}
    signed = "\n".join(
        [
            "PUT",
            *[""] * 11,
            f"x-ms-date:{now}",
            f"x-ms-version:{_API}",
            f"/{ACCOUNT}/{ACCOUNT}/{BUCKET}",
            "restype:container",
        ]
    )
    made = base64.b64encode(hmac.digest(base64.b64decode(KEY), signed.encode(), hashlib.sha256)).decode()
    headers["Authorization"] = f"SharedKey {ACCOUNT}:{made}"
    httpx.put(f"{url}/{BUCKET}?restype=container", headers=headers, trust_env=False, timeout=30).raise_for_status()
