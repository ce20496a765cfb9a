"""Measures whole processes of the installed `voicectl` against a simulated Kling on a real socket.

    python -m tests.benchmarks              everything, as the table that the README shows
    python -m tests.benchmarks startup      --help and --version
    python -m tests.benchmarks unchanged    plans with nothing to change: 100, 1,000 and 10,000 voices
    python -m tests.benchmarks apply        500 creates, 20 a second allowed, tasks of 2 s
    python -m tests.benchmarks written      what an apply of 2,000 voices writes to disk
    python -m tests.benchmarks slow-disk    200 creates, 20 a second allowed, where each write takes up to 500 ms

CPU is user plus system time of the process, the minimum of some runs; memory is its peak.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from time import perf_counter

from reconciler.model import statefile
from reconciler.model.manifest import Manifest
from reconciler.model.redaction import redacted
from reconciler.model.state import Record, State, Status
from reconciler.planning import markers
from tests.benchmarks.slow_disk import slow_disk
from tests.support.kling_service import KlingService

LINEAGE = "0a1b2c3d-0000-4000-8000-000000000000"


@dataclass(frozen=True)
class Cost:
    """The cost of one process: times in seconds, memory in MB."""

    cpu: float
    wall: float
    peak: float
    code: int


def run(*arguments: str, folder: Path, environ: dict[str, str] | None = None) -> Cost:
    program = str(Path(sys.executable).with_name("voicectl"))
    began = perf_counter()
    pid = os.fork()
    if pid == 0:
        os.chdir(folder)
        with Path(os.devnull).open("w") as nothing:
            os.dup2(nothing.fileno(), 1)
        os.execve(program, [program, *arguments], {"PATH": os.environ["PATH"], **(environ or {})})
    _, status, used = os.wait4(pid, 0)
    return Cost(
        cpu=used.ru_utime + used.ru_stime,
        wall=perf_counter() - began,
        peak=used.ru_maxrss / 1024,
        code=os.waitstatus_to_exitcode(status),
    )


def cheapest(times: int, *arguments: str, folder: Path, environ: dict[str, str] | None = None) -> Cost:
    return min((run(*arguments, folder=folder, environ=environ) for _ in range(times)), key=lambda cost: cost.cpu)


def startup() -> Iterator[str]:
    with tempfile.TemporaryDirectory() as folder:
        for argument in ("--version", "--help"):
            cost = cheapest(10, argument, folder=Path(folder))
            yield f"voicectl {argument:<10} {1000 * cost.cpu:5.0f} ms CPU {cost.peak:6.0f} MB"


def unchanged() -> Iterator[str]:
    for count in (100, 1_000, 10_000):
        with tempfile.TemporaryDirectory() as name, KlingService() as kling:
            folder = Path(name)
            converged(folder, kling, count)
            cost = cheapest(3, "plan", "--detailed-exitcode", folder=folder, environ={"KLING_API_KEY": kling.api_key})
            if cost.code != 0:
                raise SystemExit(f"the plan was not empty: exit code {cost.code}")
            lists = kling.count("list") // 3
            yield (
                f"plan, {count:>6,} voices, nothing to change: {cost.cpu:5.2f} s CPU {cost.wall:6.2f} s "
                f"{cost.peak:5.0f} MB {lists:3} list calls"
            )


def converged(folder: Path, kling: KlingService, count: int) -> None:
    """Writes a manifest and its state, and adds its voices to the cloud, like an apply."""
    from reconciler.loader.build import load

    manifest = declare(folder, kling, count)
    kling.task_seconds = 0.0
    records = {r.external_task_id: r for r in recorded(manifest, kling)}
    bound = {r.address: key for key, r in records.items()}
    state = State(lineage=LINEAGE, serial=1, records=records, current=bound)
    (folder / "voices.state.json").write_bytes(statefile.dump(state))
    assert load(folder / "voices.yaml", environ={}) == manifest


def declare(folder: Path, kling: KlingService, count: int, *, account: str = "") -> Manifest:
    """Writes and loads a manifest of so many voices. `account`: more YAML fields of the account."""
    from reconciler.loader.build import load

    voices = "".join(
        f"  voice-{i}:\n    provider: kling\n    create:\n      voice_name: Voice {i}\n"
        f"      voice_url: https://cdn.example.com/voices/{i}.mp3\n"
        for i in range(count)
    )
    text = f'version: 1\nproviders:\n  kling: {{type: kling, endpoint: "{kling.url}"{account}}}\nvoices:\n{voices}'
    (folder / "voices.yaml").write_text(text)
    return load(folder / "voices.yaml", environ={})


def recorded(manifest: Manifest, kling: KlingService) -> Iterator[Record]:
    now = datetime(2026, 1, 1, tzinfo=UTC)
    for voice in manifest.voices.values():
        digest = markers.digest_of(voice)
        key = markers.external_task_id(LINEAGE, voice.address, digest, 1)
        name = str(voice.inputs["voice_name"])
        [voice_id] = kling.add_foreign(name, external_task_id=key)
        yield Record(
            external_task_id=key,
            address=voice.address,
            provider="kling",
            account=f"kling {kling.url}",
            method="create",
            generation=1,
            status=Status.READY,
            created_at=now,
            changed_at=now,
            digest=digest,
            sent=redacted(voice),
            attempts=1,
            task_id=kling.tasks[-1].task_id,
            voice_id=voice_id,
            voice_name=name,
            owned_by="100001",
        )


def apply(count: int = 500, rate: int = 20, seconds: float = 2.0) -> Iterator[str]:
    with tempfile.TemporaryDirectory() as name, KlingService() as kling:
        folder = Path(name)
        declare(folder, kling, count)
        kling.task_seconds = seconds
        cost = run("apply", "--auto-approve", folder=folder, environ={"KLING_API_KEY": kling.api_key})
        bound = count / rate + seconds
        yield (
            f"apply, {count} creates, {rate} a second, tasks of {seconds:g} s: {cost.wall:.1f} s "
            f"(bound {bound:.0f} s), {len(kling.calls) / count:.3f} calls a voice, {cost.cpu:.2f} s CPU, "
            f"{kling.bought} bought, exit code {cost.code}"
        )


@dataclass(frozen=True)
class Written:
    """Sizes in bytes. `total` is everything that the process wrote to files, as counted by the kernel."""

    total: int
    state: int  # the state file at the end
    code: int


def bytes_written(count: int) -> Written:
    """Measures an apply that creates so many voices at the highest rate of a manifest. Linux only."""
    with tempfile.TemporaryDirectory() as name, KlingService() as kling:
        folder = Path(name)
        declare(folder, kling, count, account=", rate_limit: {create: 1000}")
        out = folder / "out"
        with out.open("wb") as output:
            process = subprocess.Popen(
                [str(Path(sys.executable).with_name("voicectl")), "apply", "--auto-approve"],
                cwd=folder,
                env={"PATH": os.environ["PATH"], "KLING_API_KEY": kling.api_key, "PYTHONDONTWRITEBYTECODE": "1"},
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
            )
            os.waitid(
                os.P_PID, process.pid, os.WEXITED | os.WNOWAIT
            )  # the process has ended, and its /proc files still exist
            counters = Path(f"/proc/{process.pid}/io").read_text()
        counted = {name: int(number) for name, _, number in (line.partition(": ") for line in counters.splitlines())}
        # The kernel does not count sockets, but it counts the output for the user, which is subtracted.
        return Written(
            total=counted["wchar"] - out.stat().st_size,
            state=(folder / "voices.state.json").stat().st_size,
            code=process.wait(),
        )


def written() -> Iterator[str]:
    count = 2_000
    found = bytes_written(count)
    yield (
        f"apply, {count:,} creates: {found.total / 1e6:.2f} MB written, {found.total / found.state:.2f} times the "
        f"final state file, exit code {found.code}"
    )


BENCHMARKS: dict[str, Callable[[], Iterator[str]]] = {
    "startup": startup,
    "unchanged": unchanged,
    "apply": apply,
    "written": written,
    "slow-disk": lambda: slow_disk(declare),
}


def main(names: list[str]) -> None:
    if not set(names) <= set(BENCHMARKS):
        raise SystemExit(__doc__)
    for name in names or list(BENCHMARKS):
        for line in BENCHMARKS[name]():
            print(line, flush=True)


if __name__ == "__main__":
    main(sys.argv[1:])
