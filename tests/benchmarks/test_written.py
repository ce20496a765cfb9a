"""The bytes that an apply writes do not grow with the square of the number of voices."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.benchmarks.applies import apply_at_once


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the kernel does not count what a process writes")
def test_an_apply_of_2000_voices_writes_less_than_5_times_its_state_file() -> None:
    run, state = apply_at_once(2000)
    assert run.code == 0
    assert state > 2000 * 300
    assert run.written is not None
    assert state < run.written < 5 * state
