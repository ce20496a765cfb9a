"""A state to begin with."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.model.state import State, Status
from tests.support.stores import NEW, store_in, with_voice


@pytest.fixture
def applied(tmp_path: Path) -> State:
    """The state in `tmp_path` after a first apply made `narrator`, as it was written."""
    store = store_in(tmp_path)
    assert store.load() is None
    store.begin(None)
    return store.finish(with_voice(NEW, "narrator", Status.READY, voice_id="85"))
