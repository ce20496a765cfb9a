"""The table has its rows, and each row has its figures. How large they are is not tested."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.benchmarks import table
from tests.benchmarks.__main__ import GROUPS, main
from tests.benchmarks.kling_worlds import KlingWorlds
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Ratios, Row

linux = pytest.mark.skipif(not Path("/proc/self/io").exists(), reason="the kernel does not count what a process writes")
with_terraform = pytest.mark.skipif(shutil.which("terraform") is None, reason="terraform is not on the PATH")

PLAIN = r" +\d+\.\d{3} +\d+\.\d{3} +\d+\.\d"  # CPU s, wall s, MiB
WRITTEN = r" +\d{1,3},\d{3}"
APPLY_RATIOS = r"  wall / [\d.]+ s, calls / voice, bytes / state +\d+\.\d{3}x +\d\.\d{3}x +\d\.\d{3}x"


@pytest.fixture(scope="module")
def settings() -> Iterator[Settings]:
    with KlingWorlds() as worlds:
        yield Settings(worlds, up_to=3, times=1, latency=0.05, task_seconds=0.0, write_seconds=(0.0,))


@pytest.mark.parametrize(
    ("group", "rows"),
    [
        ("start", [rf"voicectl --version{PLAIN}", rf"voicectl --help{PLAIN}"]),
        ("validate", [rf"validate +3{PLAIN} +0"]),
        ("plan", [rf"plan, no change +3{PLAIN} +2"]),
        ("creates", [rf"plan of creates +3{PLAIN} +1"]),
        (
            "latency",
            [rf"plan, no change, 50 ms latency +3{PLAIN} +2", rf"plan of creates, 50 ms latency +3{PLAIN} +1"],
        ),
        pytest.param(
            "apply",
            [
                rf"apply, 20/s, tasks of 0 s +3{PLAIN} +\d+{WRITTEN}",
                APPLY_RATIOS,
                rf"apply, 1,000/s, tasks of 0 s +3{PLAIN} +\d+{WRITTEN}",
                APPLY_RATIOS,
            ],
            marks=linux,
        ),
        pytest.param("written", [rf"apply, 1,000/s, tasks of 0 s +3{PLAIN} +\d+{WRITTEN}", APPLY_RATIOS], marks=linux),
        ("vod", [rf"plan, no change, VOD clones 1 h old +3{PLAIN} +1"]),
        pytest.param(
            "slow-disk",
            [rf"apply, 20/s, 0 ms a write: \d+ writes +3{PLAIN} +\d+{WRITTEN}", APPLY_RATIOS],
            marks=linux,
        ),
        pytest.param(
            "terraform",
            [
                rf"voicectl plan, no change +3{PLAIN} +2",
                rf"terraform plan, no change +3{PLAIN}",
                r"  voicectl / terraform +3 +\d+\.\d{3}x +\d+\.\d{3}x +\d+\.\d{3}x",
            ],
            marks=with_terraform,
        ),
    ],
)
def test_each_group_prints_its_rows(group: str, rows: list[str], settings: Settings) -> None:
    lines = [table.text(row) for row in GROUPS[group](settings)]
    assert len(lines) == len(rows)
    assert [line for line, row in zip(lines, rows, strict=True) if not re.fullmatch(row, line)] == []


def test_without_terraform_one_line_says_so(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert [table.text(row) for row in GROUPS["terraform"](settings)] == [
        "terraform: not measured, it is not on the PATH"
    ]


def test_columns_are_aligned_and_fit_in_100_characters() -> None:
    row = Row("apply, 1,000/s, tasks of 2 s", 100_000, 123.4567, 1234.5678, 1234.56, 102_400, 123_456_789)
    ratios = Ratios("  wall / 27 s, calls / voice, bytes / state", wall=1.04, calls=1.026, written=2.4)
    assert [table.heading(), table.text(row), table.text(ratios)] == [
        "                                                count    CPU s   wall s     MiB   calls     written",
        "apply, 1,000/s, tasks of 2 s                  100,000  123.457 1234.568  1234.6 102,400 123,456,789",
        "  wall / 27 s, calls / voice, bytes / state                      1.040x          1.026x      2.400x",
    ]


def test_counts_are_cut_to_the_limit_and_measured_once(settings: Settings) -> None:
    assert settings.counts(100, 1_000) == [3]
    assert Settings(settings.worlds, up_to=1_000).counts(100, 1_000, 10_000) == [100, 1_000]


def test_an_unknown_group_lists_those_that_there_are(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["startup"])
    assert "no such group: startup" in capsys.readouterr().err
