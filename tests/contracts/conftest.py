"""The local site. The sites of the other engines are fixtures of `tests/support/engines`."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.support.sites import LocalSite, Site


@pytest.fixture
def local_site(tmp_path: Path) -> Site:
    return LocalSite(tmp_path)
