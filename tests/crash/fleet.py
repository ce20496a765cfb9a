"""Runs the command as processes that can be killed at a chosen point, in a folder with a manifest."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Protocol, Self

from reconciler.backends.local import LocalBackend
from reconciler.model import statefile
from reconciler.model.state import Record, State

ROOT = Path(__file__).parents[2]
PATIENCE = 120.0  # seconds
APPLY, PLAN = ("apply", "--auto-approve"), ("plan", "--detailed-exitcode")


@dataclass(frozen=True)
class Ran:
    """The result of a run. `codes` are the exit codes of the commands that were not killed."""

    killed: bool
    codes: tuple[int, ...]
    points: tuple[str, ...]
    out: str

    @property
    def code(self) -> int | None:
        return self.codes[-1] if self.codes else None


class Runner(Protocol):
    def run(self, folder: Path, *commands: Sequence[str], environ: Mapping[str, str], **kill: str | float) -> Ran:
        """Runs the commands as processes, one after the other."""
        ...


class ForkServer:
    """Satisfies `Runner`. A client of the fork server `tests.support.crash`."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.support.crash"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def run(self, folder: Path, *commands: Sequence[str], environ: Mapping[str, str], **kill: str | float) -> Ran:
        """`die_at` names a crash point; `kill_after` are seconds after the output `said`."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        request = {"commands": commands, "folder": str(folder), "environ": dict(environ), **kill}
        self._process.stdin.write(json.dumps(request) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ran(answer["killed"], tuple(answer["codes"]), tuple(answer["points"]), answer["out"])


class CommandRunner:
    """Satisfies `Runner`. Starts the plain command, as a user does."""

    def run(self, folder: Path, *commands: Sequence[str], environ: Mapping[str, str], **kill: str | float) -> Ran:
        """`kill_after` are seconds after the output `said`."""
        known = {name: os.environ[name] for name in ("PATH", "PYTHONPATH") if name in os.environ}
        codes: list[int] = []
        out = folder / ".out"
        with out.open("w") as written:
            for argv in commands:
                command = [sys.executable, "-m", "reconciler", *argv]
                process = subprocess.Popen(
                    command,
                    cwd=folder,
                    env={**known, **environ},
                    stdin=subprocess.DEVNULL,
                    stdout=written,
                    stderr=written,
                )
                if "kill_after" in kill:
                    while str(kill.get("said", "")) not in out.read_text() and process.poll() is None:
                        time.sleep(0.001)
                    time.sleep(float(kill["kill_after"]))
                    process.kill()
                codes.append(process.wait(PATIENCE))
        return Ran(codes[-1] == -signal.SIGKILL, tuple(code for code in codes if code >= 0), (), out.read_text())


def entry(name: str, *, sample: str = "", **more: Any) -> dict[str, Any]:
    """A manifest entry; another sample makes another voice."""
    url = f"https://cdn.example.com/{sample or name}.mp3"
    return {"provider": "kling", "create": {"voice_name": name, "voice_url": url}, **more}


@dataclass
class Folder:
    """A manifest, its state, and the account behind its `endpoint`."""

    path: Path
    runner: Runner
    endpoint: str
    api_key: str
    account: Mapping[str, Any]  # more fields of the account in the manifest
    outputs: Sequence[Mapping[str, Any]] = ()

    def declare(self, voices: Mapping[str, Mapping[str, Any]]) -> None:
        manifest = {
            "version": 1,
            "providers": {"kling": {"type": "kling", "endpoint": self.endpoint, **self.account}},
            "voices": voices,
            "safety": {"max_delete_percent": 100, "max_recreate_percent": 100},
            "outputs": self.outputs,
        }
        (self.path / "voices.yaml").write_text(json.dumps(manifest), encoding="utf-8")  # JSON is YAML

    def run(self, *commands: Sequence[str], **kill: str | float) -> Ran:
        return self.runner.run(self.path, *commands, environ={"KLING_API_KEY": self.api_key}, **kill)

    def converge(self, command: Sequence[str] = APPLY, times: int = 3) -> Ran:
        """Repeats the command until a plan is empty. Returns the first run."""
        runs: list[Ran] = []
        while len(runs) < times:
            runs.append(self.run(command, PLAN))
            if runs[-1].code == 0:
                return runs[0]
        raise AssertionError("\n".join([f"not done after {times} runs:", *(ran.out for ran in runs)]))

    def loaded(self) -> State | None:
        """Loads the state, which must be readable after every kill."""
        blob = LocalBackend(self.path / "voices.state.json").read()
        return None if blob is None else statefile.fold(statefile.load(blob.data), blob.entries)

    @property
    def state(self) -> State:
        state = self.loaded()
        assert state is not None
        return state

    @property
    def current(self) -> dict[str, Record]:
        state = self.state
        return {address: state.records[key] for address, key in state.current.items()}

    @property
    def voice_ids(self) -> dict[str, str | None]:
        return {address: record.voice_id for address, record in self.current.items()}
