"""Runs of the command as real processes that die on order, and the folder they are run in."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from reconciler.backends.local import LocalBackend
from reconciler.model import statefile
from reconciler.model.state import Record, State

KILLED = -9
ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Ran:
    code: int
    points: tuple[str, ...]
    out: str


class Fleet:
    """The process that forks the runs; see `tests.support.crash`."""

    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.support.crash"]
        self._process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._process.communicate()

    def run(self, folder: Path, *argv: str, environ: Mapping[str, str], **fate: float | None) -> Ran:
        """`die_at` a point, or `kill_after` seconds."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        order = {"argv": argv, "folder": str(folder), "environ": dict(environ), **fate}
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return Ran(answer["exit"], tuple(answer["points"]), answer["out"])


def entry(name: str, *, sample: str = "", **more: Any) -> dict[str, Any]:
    """A manifest's entry; another sample makes another voice."""
    url = f"https://cdn.example.com/{sample or name}.mp3"
    return {"provider": "kling", "create": {"voice_name": name, "voice_url": url}, **more}


@dataclass
class Folder:
    """A manifest, its state, and the account behind its `endpoint`."""

    path: Path
    fleet: Fleet
    endpoint: str
    api_key: str
    account: Mapping[str, Any]  # what else the manifest says of it

    def declare(self, voices: Mapping[str, Mapping[str, Any]]) -> None:
        manifest = {
            "version": 1,
            "providers": {"kling": {"type": "kling", "endpoint": self.endpoint, **self.account}},
            "voices": voices,
            "safety": {"max_delete_percent": 100, "max_recreate_percent": 100},
        }
        (self.path / "voices.yaml").write_text(json.dumps(manifest), encoding="utf-8")  # JSON is YAML

    def run(self, *argv: str, **fate: float | None) -> Ran:
        return self.fleet.run(self.path, *argv, environ={"KLING_API_KEY": self.api_key}, **fate)

    def apply(self, **fate: float | None) -> Ran:
        return self.run("apply", "--auto-approve", **fate)

    def converge(self, times: int = 3) -> None:
        """Apply, and nothing else, until a plan is empty."""
        for _ in range(times):
            applied = self.apply()
            planned = self.run("plan", "--detailed-exitcode")
            if planned.code == 0:
                return
        raise AssertionError(f"not done after {times} runs:\n{applied.out}\n{planned.out}")

    @property
    def state(self) -> State:
        blob = LocalBackend(self.path / "voices.state.json").read()
        assert blob is not None
        return statefile.fold(statefile.load(blob.data), blob.entries)

    @property
    def current(self) -> dict[str, Record]:
        state = self.state
        return {address: state.records[key] for address, key in state.current.items()}

    @property
    def voice_ids(self) -> dict[str, str | None]:
        return {address: record.voice_id for address, record in self.current.items()}
