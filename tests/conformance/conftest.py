"""Fixtures: `voicectl sandbox serve` as a process, and the vendor's SDK as its client."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conformance.vendor import Sandbox


@pytest.fixture(scope="session")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sandbox]:
    from tests.conformance.vendor import Sandbox  # the SDK is an extra

    folder: Path = tmp_path_factory.mktemp("served")
    (folder / "voices.yaml").write_text("version: 1\n")
    with (
        subprocess.Popen(
            [sys.executable, "-m", "reconciler", "sandbox", "serve", "--port", "0"],
            cwd=folder,
            env={"PATH": os.environ.get("PATH", ""), "HOME": str(folder)},
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        ) as server,
        pytest.MonkeyPatch.context() as patched,
    ):
        patched.setenv("NO_PROXY", "127.0.0.1")  # otherwise the SDK would use a proxy
        try:
            assert server.stdout is not None
            url = server.stdout.readline().removeprefix("The sandbox listens at ").strip()
            with Sandbox.beside(folder, url) as sandbox:
                yield sandbox
        finally:
            server.terminate()


@pytest.fixture
def sandbox(served: Sandbox) -> Sandbox:
    """An empty sandbox with all switches off and immediate tasks."""
    served.world.reset()
    served.turn(task_seconds=0)
    return served
