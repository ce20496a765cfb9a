"""Runs the command line as a process, in a folder of its own, against a cloud on a real socket.

    with KlingService() as kling:
        desk = Desk(tmp_path, kling)
        desk.declare("narrator", "hero")
        assert desk.voicectl("apply", "--auto-approve").code == 0

An address is also its voice's name unless the test says otherwise.
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

PLAIN = (sys.executable, "-m", "reconciler")
COMMAND = PLAIN  # a test may put words before it


@dataclass(frozen=True)
class Ran:
    """How a command ended, and what it wrote."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        return json.loads(self.out)

    @property
    def events(self) -> list[dict[str, Any]]:
        """`apply --json`: a line an event."""
        return [json.loads(line) for line in self.out.splitlines()]


def ran_in(folder: Path, words: Sequence[str], env: Mapping[str, str], stdin: bytes = b"") -> Ran:
    """The command in that folder, to its end."""
    if COMMAND == PLAIN and warm.fits(env):
        ran = warm.run(words, cwd=folder, env=env, stdin=stdin)
    else:
        command = [*COMMAND, *words]
        ran = subprocess.run(
            command, cwd=folder, env=env, input=stdin, capture_output=True, timeout=warm.PATIENCE, check=False
        )
    return Ran(ran.returncode, ran.stdout.decode(), ran.stderr.decode())


def voice(name: str, **inputs: Any) -> dict[str, Any]:
    """A voice of that name, made by create from a sample of its own."""
    told = {"voice_name": name, "voice_url": f"https://cdn.example.com/{name}.mp3"} | inputs
    return {"provider": "kling", "create": {key: given for key, given in told.items() if given is not None}}


@dataclass
class CliHarness:
    folder: Path
    kling: KlingService
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.env = {
            "PATH": os.environ.get("PATH", ""),
            "HOME": str(self.folder),
            "KLING_ACCESS_KEY": self.kling.access_key,
            "KLING_SECRET_KEY": self.kling.secret_key,
        } | self.env

    # -- what is declared ---------------------------------------------------------------------------------------------

    def declare(self, *addresses: str, file: str = "voices.yaml", **voices: Mapping[str, Any]) -> Path:
        """Writes the manifest: plain voices of these addresses, and others as they are given."""
        return self.write({a: voice(a) for a in addresses} | voices, file=file)

    def write(self, voices: Mapping[str, Mapping[str, Any]], *, file: str = "voices.yaml", **more: Any) -> Path:
        account = {"type": "kling", "endpoint": self.kling.url}
        document = {"version": 1, "providers": {"kling": account}, "voices": voices} | more
        path = self.folder / file
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1), encoding="utf-8")  # JSON is YAML
        return path

    # -- what is run --------------------------------------------------------------------------------------------------

    def voicectl(
        self, *words: str, env: Mapping[str, str] | None = None, stdin: str = "", code: int | None = None
    ) -> Ran:
        """Runs it in the folder. `code` is what it must exit with."""
        done = ran_in(self.folder, words, self.env if env is None else dict(env), stdin.encode())
        assert code is None or done.code == code, done
        return done

    def start(self, *words: str) -> subprocess.Popen[bytes]:
        """The same, without waiting for it."""
        return subprocess.Popen(
            [*COMMAND, *words],
            cwd=self.folder,
            env=self.env,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )

    def at_a_terminal(
        self, *words: str, stdout: IO[bytes] | None = None, stderr: IO[bytes] | None = None, **env: str
    ) -> Terminal:
        """`stdout` and `stderr` go elsewhere if said."""
        return Terminal([*COMMAND, *words], cwd=self.folder, env={**self.env, **env}, stdout=stdout, stderr=stderr)

    def apply(self, *words: str, code: int | None = 0) -> Ran:
        return self.voicectl("apply", "--auto-approve", *words, code=code)

    def plan(self, *words: str) -> dict[str, Any]:
        """`plan --json`, parsed."""
        told: dict[str, Any] = self.voicectl("plan", "--json", *words, code=0).json
        return told

    def actions(self, *words: str) -> dict[str, str]:
        """What the plan says: address -> action, without no-ops."""
        return {change["address"]: change["action"] for change in self.plan(*words)["changes"]}

    # -- what is left -------------------------------------------------------------------------------------------------

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = json.loads((self.folder / "voices.state.json").read_text())
        return found

    def voice_id(self, address: str) -> str:
        return self.voicectl("output", address, code=0).out.strip()

    def files(self) -> dict[str, bytes]:
        """Everything that lies in the folder, but for the manifest."""
        return {
            str(path.relative_to(self.folder)): path.read_bytes()
            for path in self.folder.rglob("*")
            if path.is_file() and path.suffix not in (".yaml", ".yml")
        }
