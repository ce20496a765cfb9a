"""Pages need jinja2."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def needs_jinja2() -> None:
    pytest.importorskip("jinja2", reason="needs the extra [html]")
