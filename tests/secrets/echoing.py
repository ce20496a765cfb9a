"""A cloud that echoes what it was sent, in every known encoding, and a folder with a secret in every place."""

from __future__ import annotations

import signal
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import quote

from tests.secrets.planted import PLACES, found
from tests.support.cli_harness import CliHarness, Ran, voice
from tests.support.kling_rules import Refusal
from tests.support.kling_service import KlingService
from tests.support.kling_socket import HtmlAnswer, JsonAnswer
from tests.support.writings import WRITINGS

SUBJECTS = ("authorization", "keys", "link", "signature", "callback")


class Echo(KlingService):
    """A simulated Kling whose errors echo parts of the request. The voice_name chooses the part and its encoding."""

    refuses = False  # creations are refused at once
    fails = False  # tasks fail later
    reads: JsonAnswer | HtmlAnswer | None = None  # the response to every read, if set
    kills: subprocess.Popen[bytes] | None = None  # a process to kill before its third creation is answered
    before = 0  # creations before that process

    def __init__(self, *, api_key: str = "api-key", access_key: str = "access", secret_key: str = "sec" * 20) -> None:
        super().__init__(api_key=api_key, access_key=access_key, secret_key=secret_key)
        self.tokens: set[str] = set()
        self._authorization = ""

    def said(self) -> str:
        """A sentence with all secrets of the caller that the cloud knows."""
        return f"{self._authorization} of {self.access_key} is not signed with {self.secret_key} or {self.api_key}"

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        self._authorization = headers.get("authorization", "")
        self.tokens.add(self._authorization.removeprefix("Bearer "))
        if self.reads is not None and method == "GET":
            return self.reads
        return super()._answer(method, target, headers, content)

    def _create(self, body: dict[str, Any]) -> dict[str, Any]:
        if self.kills is not None and len(self.tasks) == self.before + 2:
            super()._create(body)
            self.kills.send_signal(signal.SIGKILL)
            self.kills.wait()
        name = str(body["voice_name"])
        if name.rpartition(".")[2].isdecimal():
            number, subject = divmod(int(name.rpartition(".")[2]), len(SUBJECTS))
            subject_text = self._subject_text(SUBJECTS[subject], body)
            words = f"Refused: {list(WRITINGS.values())[number](subject_text)} {list(WRITINGS)[number]}"
            if self.refuses:
                raise Refusal(400, 1201, words)
            if self.fails:
                self.failing[name] = words
        return super()._create(body)

    def _subject_text(self, subject: str, body: Mapping[str, Any]) -> str:
        link = str(body["voice_url"])
        return {
            "authorization": self._authorization,
            "keys": f"{self.secret_key} {self.access_key} {self.api_key}",
            "link": link,
            "signature": link.partition("X-Amz-Signature=")[2].partition("&")[0],
            "callback": str(body["callback_url"]),
        }[subject]


def link(name: str) -> str:
    user, password = PLACES["the user of voice_url"], PLACES["the password of voice_url"]
    signature = quote(PLACES["the signature of voice_url"], safe="")
    parameter = quote(PLACES["a parameter of voice_url that signs nothing"], safe="")
    fragment = PLACES["the fragment of voice_url"]
    query = f"X-Amz-Signature={signature}&for={parameter}&take=${{env:TAKE}}"
    return f"https://{user}:{password}@cdn.example.com/{name}.mp3?{query}#{fragment}"


class Folder(CliHarness):
    """A CLI harness that keeps all output; `leaks` searches it for secrets."""

    output: list[tuple[str, bytes]]

    def plant(self, credentials: Mapping[str, str] | None = None, *, endpoint: str = "") -> None:
        """Writes `voices.yaml` with all places, and `echoes.yaml` with a voice for each encoding of each subject."""
        self.output = [] if not endpoint else self.output
        self.env |= {"TAKE": PLACES["${env:…} in the query of voice_url"]}
        account = {"type": "kling", "endpoint": endpoint or self.kling.url, "rate_limit": {"create": 1000}}
        providers = {"kling": account | ({"credentials": credentials} if credentials else {})}
        callback = f"https://hooks.example.com/kling?token={quote(PLACES['the query of callback_url'], safe='')}"
        named = voice("named", voice_name=f"http://a/?t={PLACES['the query of a URL in a voice_name']}")
        label = f"https://wiki.example.com/?page={quote(PLACES['the query of a URL in a label'], safe='')}"
        places = {
            "hero": voice("hero", voice_url=link("hero"), callback_url=callback),
            "bare": voice("bare", voice_url=f"https://cdn.example.com/a.mp3?{PLACES['a bare query of voice_url']}"),
            "named": named | {"labels": {"source": f"see {label}"}},
        }
        self.write(places, providers=providers)
        echoes = {
            f"echo-{n}": voice(f"{n}", voice_name=f"echo.{n}", voice_url=link(f"{n}"), callback_url=callback)
            for n in range(len(WRITINGS) * len(SUBJECTS))
        }
        self.write(echoes, providers=providers, file="echoes.yaml")

    def run(self, *words: str, code: int | None = None, stdin: str = "") -> Ran:
        ran = self.voicectl(*words, code=code, stdin=stdin)
        self.output += [(f"stdout of {' '.join(words)}", ran.out.encode()), (f"stderr of {words}", ran.err.encode())]
        assert "Traceback" not in ran.err or "-v" in words
        return ran

    def hear(self, running: subprocess.Popen[bytes]) -> None:
        """Waits for a started process to end, and keeps its output."""
        out, err = running.communicate(timeout=30)
        self.output += [(f"stdout of {running.args!r}", out), (f"stderr of {running.args!r}", err)]

    def look_at(self, pid: int) -> None:
        """Keeps the command lines of a process and its children, which every user of the machine can read."""
        for folder in Path("/proc").iterdir():
            if folder.name.isdecimal() and (int(folder.name) == pid or _parent(folder) == pid):
                self.output.append(("a command line", (folder / "cmdline").read_bytes()))

    def leaks(self, *, more: frozenset[str] = frozenset()) -> list[str]:
        files = [(name, content) for name, content in self.files().items() if not name.startswith("planted")]
        return found([*self.output, *files], more=more)


def _parent(process: Path) -> int:
    try:
        return int((process / "stat").read_text().rpartition(")")[2].split()[1])
    except OSError:
        return 0
