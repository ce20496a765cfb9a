"""Runs the command line as a process, in its own folder, against a simulated Kling on a real socket.

    with KlingService() as kling:
        cli = CliHarness(tmp_path, kling)
        cli.declare("narrator", "hero")
        assert cli.voicectl("apply", "--auto-approve").code == 0

The address is also the voice_name, unless the test gives another one.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.support import warm
from tests.support.kling_service import KlingService
from tests.support.terminal import Terminal

ROOT = Path(__file__).parents[2]
PLAIN = (sys.executable, "-m", "reconciler")
COMMAND = PLAIN  # a test may put a wrapper command before it


@dataclass(frozen=True)
class Ran:
    """The result of a command: its exit code and its output."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """The events of `apply --json`, one for each line."""
        return [json.loads(line) for line in self.out.splitlines()]


def ran_in(folder: Path, words: Sequence[str], env: Mapping[str, str], stdin: bytes = b"") -> Ran:
    """Runs the command in that folder and waits for its end."""
    if COMMAND == PLAIN and warm.fits(env):
        ran = warm.run(words, cwd=folder, env=env, stdin=stdin)
    else:
        command = [*COMMAND, *words]
        ran = subprocess.run(
            command, cwd=folder, env=env, input=stdin, capture_output=True, timeout=warm.PATIENCE, check=False
        )
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def voice(name: str, **inputs: Any) -> dict[str, Any]:
    """A manifest entry: a voice of that name, created from its own sample. An input that is None is left out."""
    fields = {"voice_name": name, "voice_url": f"https://cdn.example.com/{name}.mp3"} | inputs
    return {"provider": "kling", "create": {key: given for key, given in fields.items() if given is not None}}


@dataclass
class CliHarness:
    """One manifest in a folder, and commands for it. `manifest`: its file; `-f` is typed unless it is the default."""

    folder: Path
    kling: KlingService
    env: dict[str, str] = field(default_factory=dict)
    manifest: str = "voices.yaml"

    def __post_init__(self) -> None:
        self.env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "KLING_ACCESS_KEY": self.kling.access_key,
            "KLING_SECRET_KEY": self.kling.secret_key,
        } | self.env

    # -- the manifest --------------------------------------------------------------------------------------------------

    def declare(self, *addresses: str, file: str | None = None, **voices: Mapping[str, Any]) -> Path:
        """Writes the manifest: a default voice for each address, and `voices` as they are given."""
        return self.write({a: voice(a) for a in addresses} | voices, file=file)

    def write(self, voices: Mapping[str, Mapping[str, Any]], *, file: str | None = None, **more: Any) -> Path:
        account = {"type": "kling", "endpoint": self.kling.url}
        document = {"version": 1, "providers": {"kling": account}, "voices": voices} | more
        path = self.folder / (file or self.manifest)
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")  # JSON is YAML
        return path

    # -- commands ------------------------------------------------------------------------------------------------------

    def voicectl(
        self, *words: str, env: Mapping[str, str] | None = None, stdin: str = "", code: int | None = None
    ) -> Ran:
        """Runs the command in the folder. `code` is the exit code that it must have."""
        place = () if self.manifest == "voices.yaml" else ("-f", self.manifest)
        done = ran_in(self.folder, (*place, *words), self.env if env is None else dict(env), stdin.encode())
        assert code is None or done.code == code, done
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """Starts the command and does not wait for it."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env={"PYTHONPATH": str(ROOT), **self.env},  # the code beside these tests, whichever is installed
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def at_a_terminal(
        self, *words: str, stdout: IO[bytes] | None = None, stderr: IO[bytes] | None = None, **env: str
    ) -> Terminal:
        """Runs the command at a pseudo terminal; `stdout` and `stderr` may be redirected."""
        return Terminal([*COMMAND, *words], cwd=self.folder, env={**self.env, **env}, stdout=stdout, stderr=stderr)

    def apply(self, *words: str, code: int | None = 0) -> Ran:
        return self.voicectl("apply", "--auto-approve", *words, code=code)

    def plan(self, *words: str) -> dict[str, Any]:
        """`plan --json`, parsed."""
        plan: dict[str, Any] = self.voicectl("plan", "--json", *words, code=0).json
        return plan

    def actions(self, *words: str) -> dict[str, str]:
        """The plan as address -> action, without no-ops."""
        return {change["address"]: change["action"] for change in self.plan(*words)["changes"]}

    # -- the results ---------------------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / self.manifest).with_suffix(".state.json").read_text())
        return found

    def voice_id(self, address: str) -> str:
        return self.voicectl("output", address, code=0).out.strip()

    def files(self, *, history: bool = True) -> dict[str, bytes]:
        """Every file of the folder except the manifests: path -> content. `history`: also the earlier snapshots."""
        found = {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix not in (".yaml", ".yml")
        }
        return found if history else {name: held for name, held in found.items() if not name.startswith(".voicectl/")}
