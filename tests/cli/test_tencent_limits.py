"""Each limit of Tencent's pages, broken one at a time: tests/golden/tencent_limits.txt, word for word; no call is made.

A case there is `=== what is wrong`, the manifest, `>>>` and the one problem that is told. `{{x*21}}` stands for x 21
times, ENDPOINT for the stand-in's. UPDATE_GOLDEN=1 writes the problems anew.
"""

from __future__ import annotations

import os
import re
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from reconciler.cli.main import run
from tests.support.kling_service import KlingService
from tests.support.sounds import PCM, tone, wrapped
from tests.support.tencent_cli_harness import (
    CONCIERGE,
    FIREWORKS,
    HERO,
    MINI,
    SAMPLE,
    VILLAIN,
    VOICES,
    TencentCliHarness,
    changed,
)
from tests.support.tencent_service import TencentService

GOLDEN = Path(__file__).parents[1] / "golden" / "tencent_limits.txt"
SECOND = struct.pack("<16000h", *(round(value * 32767) for value in tone(1, 16_000)))
EMPTY = ("plan", "--detailed-exitcode")


@dataclass(frozen=True)
class Case:
    title: str
    content: str
    told: str

    def __str__(self) -> str:
        return f"=== {self.title}\n{self.content}>>>\n{self.told}"

    def manifest(self, endpoint: str) -> str:
        whole = re.sub(r"\{\{(.)\*(\d+)\}\}", lambda m: m[1] * int(m[2]), self.content)
        return whole.replace("ENDPOINT", endpoint)


def cases() -> list[Case]:
    found = re.findall(r"^=== (.*)\n((?:.*\n)*?)>>>\n((?:(?!===).*\n)*)", GOLDEN.read_text(encoding="utf-8"), re.M)
    return [Case(title, content, told.rstrip("\n") + "\n") for title, content, told in found]


@pytest.fixture(scope="module")
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.fixture(scope="module")
def samples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("samples")
    for name, seconds in {"good": 12, "short": 9, "long": 181, "large": 260}.items():
        (folder / f"{name}.wav").write_bytes(wrapped(SECOND * seconds, tag=PCM))
    (folder / "words.wav").write_text("I am no sound.")
    return folder


@pytest.mark.parametrize("case", cases(), ids=lambda case: case.title)
def test_a_broken_limit_is_one_problem_and_no_call(
    case: Case,
    samples: Path,
    tencent: TencentService,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(samples)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_ID", tencent.secret_id)
    monkeypatch.setenv("TENCENTCLOUD_SECRET_KEY", tencent.secret_key)
    Path("voices.yaml").write_text(case.manifest(tencent.url), encoding="utf-8")
    code = run(["apply", "--auto-approve"])
    told = capsys.readouterr()
    problems = [line.strip() for line in told.err.splitlines() if line.strip().startswith("voices.yaml:")]
    if os.environ.get("UPDATE_GOLDEN"):
        new = "".join(f"{problem}\n" for problem in problems)
        renewed = [Case(c.title, c.content, new) if c.title == case.title else c for c in cases()]
        GOLDEN.write_text("\n".join(map(str, renewed)), encoding="utf-8")
    else:
        assert problems == case.told.splitlines()
    assert (code, told.out, len(problems)) == (1, "", 1), told
    assert tencent.calls == []
    assert not list(samples.glob("*.state.*"))


def test_every_kind_of_voice_has_its_broken_limits() -> None:
    kinds = {case.title.partition(":")[0] for case in cases()}
    assert kinds == {"create", "clone", "minimax", "TRTC", "audio", "provider"}
    assert len(cases()) >= 80


def test_everything_at_its_limit_is_taken(tmp_path: Path, kling: KlingService) -> None:
    with TencentService() as tencent:
        cli = TencentCliHarness(tmp_path, kling, tencent=tencent)
        (tmp_path / "concierge.wav").write_bytes(wrapped(SECOND * 180))
        (tmp_path / "shortest.wav").write_bytes(wrapped(SECOND * 10))
        cli.write(
            VOICES
            | {
                "hero": changed(HERO, voice_name="声" * 20, session_context="x" * 1000, tasks_priority=-10),
                "sidekick": changed(HERO, voice_name="S", tasks_priority=10, disable_moderation=False),
                "villain": changed(VILLAIN, voice_id="v" + "x" * 255, text="x" * 1000, payload="x" * 1_048_576),
                "traitor": changed(VILLAIN, voice_id="Traitor1", text="x", audio={"file_id": "9"}, prompt_text="走。"),
                "mini": changed(MINI, text="x" * 1000, tts_model="minimax-speech-02-hd", activate={"text": "声" * 666}),
                "maxi": changed(MINI, audio={"file": "shortest.wav"}, activate={"text": "x" * 2000}),
                "concierge": changed(CONCIERGE, voice_name="c" * 36),
                "porter": changed(CONCIERGE, voice_name="p", prompt_audio={"file": "shortest.wav"}),
            },
            audio={
                "fireworks": changed(FIREWORKS, output={"duration": 60, "media_name": "m" * 64}),
                "silence": changed(FIREWORKS, output={"duration": 0}, videos=[{"url": f"{SAMPLE}/v.mp4"}]),
            },
        )
        cli.apply()
        cli.voicectl(*EMPTY, code=0)
        assert [call for call in tencent.calls if call.code] == []
        assert len(tencent.living) == 8
