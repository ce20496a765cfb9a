"""A CLI harness whose endpoint the test chooses, with checks for every run.

The key of the account and the URLs of the samples contain marks that no output may show.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.cli_harness import CliHarness, Ran, voice
from tests.support.kling_service import KlingService

KEY = "k3y-0f-the-account-0123456789"
SIGNATURE = "s1gnature-0f-the-link"
SECRETS = (KEY, SIGNATURE)
TIMEOUTS = {"connect": "0.5s", "read": "0.4s", "operation": "20s"}


@dataclass
class NetworkHarness:
    folder: Path
    kling: KlingService
    endpoint: str
    timeouts: Mapping[str, float | str] = field(default_factory=lambda: dict(TIMEOUTS))
    env: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.folder.mkdir(exist_ok=True)
        self.env = {"KLING_API_KEY": KEY, "NO_PROXY": "127.0.0.1,::1"} | self.env
        self.cli = CliHarness(self.folder, self.kling, env=self.env)

    def declare(self, *addresses: str, **more: Any) -> None:
        account = {"type": "kling", "endpoint": self.endpoint, "timeouts": self.timeouts}
        voices = {
            a: voice(a, voice_url=f"https://cdn.example.com/{a}.mp3?X-Amz-Signature={SIGNATURE}") for a in addresses
        }
        self.cli.write(voices, providers={"kling": account}, safety={"max_delete_percent": 100}, **more)

    def run(self, *words: str, code: int | None = None) -> Ran:
        """Runs the command, and checks that its output shows no secret and no traceback."""
        ran = self.cli.voicectl(*words, code=code)
        shown = ran.out + ran.err
        assert not [secret for secret in SECRETS if secret in shown], shown
        assert "Traceback" not in shown, shown
        return ran

    def apply(self, *words: str, code: int | None = None) -> Ran:
        return self.run("apply", "--auto-approve", *words, code=code)

    def actions(self, *words: str) -> dict[str, str]:
        """The plan as address -> action."""
        plan = self.run("plan", "--json", *words, code=0).json
        return {change["address"]: change["action"] for change in plan["changes"]}

    @property
    def bought(self) -> list[str]:
        """The voice_name of every creation that the cloud accepted, and so was paid."""
        return sorted(task.name for task in self.kling.tasks)

    @property
    def left(self) -> list[str]:
        """The voice_name of every voice that exists."""
        return sorted(task.name for task in self.kling.voices.values())

    def held(self) -> set[str]:
        """The voice_ids that the state holds as ready."""
        return {row["voice_id"] for row in self.run("output", "--json", code=0).json.values()}
