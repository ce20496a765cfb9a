"""Fixtures that write a manifest into the working folder and load it as the commands do."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load
from reconciler.model.manifest import Manifest

Write = Callable[..., Path]
Load = Callable[..., Manifest]
Problems = Callable[..., list[str]]


@pytest.fixture
def write(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Write:
    """`write(text)` creates voices.yaml in an empty working folder, and returns the path as a user would type it."""
    monkeypatch.chdir(tmp_path)

    def make(content: str | bytes, *, name: str = "voices.yaml") -> Path:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return path

    return make


@pytest.fixture
def loaded(write: Write) -> Load:
    """`loaded(text)` is the manifest that the text declares."""

    def read(content: str | bytes, *, environ: Mapping[str, str] | None = None) -> Manifest:
        return load(write(content), environ=environ or {})

    return read


@pytest.fixture
def problems(write: Write) -> Problems:
    """`problems(text)` are the problems of the text, one line each."""

    def read(content: str | bytes, *, environ: Mapping[str, str] | None = None) -> list[str]:
        with pytest.raises(ManifestError) as caught:
            load(write(content), environ=environ or {})
        return [str(problem) for problem in caught.value.problems]

    return read
