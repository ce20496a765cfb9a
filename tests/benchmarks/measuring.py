"""Measures one process: CPU, wall time, peak memory, bytes written to files, and the calls that a cloud got from it."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.benchmarks.cloud_process import CloudProcess

_LAUNCHER = Path(__file__).with_name("launcher.py")
_PEAKS_PER_MIB = 1024**2 if sys.platform == "darwin" else 1024  # macOS counts bytes, Linux KiB
_SHOWN = 2000  # bytes of the output of a process that failed


@dataclass(frozen=True)
class Run:
    """What one process used. CPU is user plus system time; children that it waited for are included."""

    cpu: float  # seconds
    wall: float  # seconds
    peak: float  # MiB
    written: int | None  # bytes in files, without its output; None where the kernel does not count them
    calls: int | None  # requests that the simulated cloud got
    code: int
    output: str


def voicectl() -> list[str]:
    """The command that is measured: the `voicectl` that is installed beside this Python, else its module."""
    installed = Path(sys.executable).with_name("voicectl")
    return [str(installed)] if installed.exists() else [sys.executable, "-m", "reconciler"]


def run(
    command: Sequence[str],
    *,
    folder: Path,
    environ: Mapping[str, str] | None = None,
    cloud: CloudProcess | None = None,
    code: int = 0,
) -> Run:
    """Runs the command in the folder and measures it. It must end with the exit code `code`."""
    inherited = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
    inherited["PYTHONDONTWRITEBYTECODE"] = "1"  # compiled modules would count as written
    if cloud is not None:
        cloud.take_calls()
    with tempfile.TemporaryFile() as output:
        figures = subprocess.run(
            [sys.executable, "-I", "-S", str(_LAUNCHER), *command],
            cwd=folder,
            env=inherited | dict(environ or {}),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=output,
            check=True,
        ).stdout.split()
        output.seek(0)
        printed = output.read()
    cpu, wall, peak, written, ended = map(float, figures)
    if ended != code:
        end = printed[-_SHOWN:].decode(errors="replace")
        raise SystemExit(f"{' '.join(command)}: exit code {ended:g}, not {code}\n{end}")
    return Run(
        cpu=cpu,
        wall=wall,
        peak=peak / _PEAKS_PER_MIB,
        written=int(written) - len(printed) if written >= 0 else None,
        calls=cloud.take_calls() if cloud is not None else None,
        code=code,
        output=printed.decode(errors="replace"),
    )


def cheapest(times: int, measure: Callable[[], Run]) -> Run:
    """The run with the least CPU time of so many."""
    return min((measure() for _ in range(times)), key=lambda run: run.cpu)
