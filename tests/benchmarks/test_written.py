"""The bytes that an apply writes do not grow with the square of the number of voices."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from tests.benchmarks.__main__ import bytes_written


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the kernel does not count what a process writes")
@pytest.mark.skipif(not Path(sys.executable).with_name("voicectl").exists(), reason="voicectl is not installed here")
def test_an_apply_of_2000_voices_writes_less_than_5_times_its_state_file() -> None:
    written = bytes_written(2000)
    assert written.code == 0
    assert written.state > 2000 * 300
    assert written.state < written.total < 5 * written.state
