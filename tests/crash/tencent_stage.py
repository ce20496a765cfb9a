"""The scenarios of the crash sweep at Tencent's clouds, and a runner that repeats a scenario from the same start.

All voices of VOD must exist afterwards, each paid once. For TRTC's voices and for sounds, no cloud can say what an
interrupted call did: only those may be blocked, and the test then answers with `resolve`, in both ways.
"""

from __future__ import annotations

import copy
import json
import shutil
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from reconciler.model.state import Status
from tests.crash.fleet import APPLY, PLAN, Folder, Ran, Runner
from tests.support.sounds import wav
from tests.support.tencent_cli_harness import CONCIERGE, FIREWORKS, HERO, MINI, SAMPLE, VILLAIN, Entries, changed
from tests.support.tencent_service import TencentService

SOUND = "audio.fireworks"
UNVERIFIABLE = frozenset({"concierge", SOUND})
FAST = dict.fromkeys(("create", "update", "activate", "delete"), 1000)


@dataclass(frozen=True)
class Scenario:
    """The manifests before and after, and what the killed command may pay at VOD."""

    before: Entries
    after: Entries
    bought: int
    used: int = 0  # first uses that are paid
    least: int = 20  # the minimum of crash points
    stays: tuple[str, ...] = ()  # addresses that must keep their voice


MINI_LATER = changed(MINI, activate=None)
OTHER_HERO = changed(HERO, video_id="678")
OTHER_MINI = changed(MINI, audio={"url": f"{SAMPLE}/second.mp3"})
SCENARIOS = {
    "create": Scenario({}, {"hero": HERO}, bought=1),
    "clone": Scenario({}, {"villain": VILLAIN}, bought=1),
    "minimax": Scenario({}, {"mini": MINI}, bought=1, used=1, least=30),
    "all of them": Scenario(
        {},
        {"hero": HERO, "villain": VILLAIN, "mini": MINI, "concierge": CONCIERGE, SOUND: FIREWORKS},
        bought=3,
        used=1,
        least=60,
    ),
    "trtc": Scenario({"hero": HERO}, {"hero": HERO, "concierge": CONCIERGE}, bought=0, stays=("hero",)),
    "a sound": Scenario({"hero": HERO}, {"hero": HERO, SOUND: FIREWORKS}, bought=0, stays=("hero",)),
    "activate": Scenario({"mini": MINI_LATER}, {"mini": MINI}, bought=0, used=1, stays=("mini",)),
    "update": Scenario({"mini": MINI}, {"mini": changed(MINI, name="Minnie")}, bought=0, stays=("mini",)),
    "replace": Scenario(
        {"hero": HERO, "mini": MINI}, {"hero": OTHER_HERO, "mini": OTHER_MINI}, bought=2, used=1, least=40
    ),
    "remove": Scenario({"hero": HERO, "villain": VILLAIN, "mini": MINI}, {"hero": HERO}, bought=0, stays=("hero",)),
}


class TencentFolder(Folder):
    """A manifest with accounts of VOD and TRTC, its state, and the simulated cloud."""

    def __init__(self, path: Path, runner: Runner, tencent: TencentService, rates: Mapping[str, float] = FAST) -> None:
        super().__init__(path, runner, tencent.url, "", {"rate_limit": rates})
        self._tencent = tencent
        (path / "concierge.wav").write_bytes(wav(12))

    def declare(self, voices: Entries) -> None:
        account = {"endpoint": self.endpoint}
        trtc = {**account, "sdk_app_id": self._tencent.sdk_app_id}
        manifest = {
            "version": 1,
            "providers": {
                "vod": {"type": "tencent-vod", "sub_app_id": self._tencent.sub_app_id, **account, **self.account},
                "trtc": {"type": "tencent-trtc", **trtc, "rate_limit": {"create": 1000}},
            },
            "voices": {address: entry for address, entry in voices.items() if address != SOUND},
            "safety": {"max_delete_percent": 100, "max_recreate_percent": 100},
        }
        if SOUND in voices:
            manifest["audio"] = {"fireworks": voices[SOUND]}
        (self.path / "voices.yaml").write_text(json.dumps(manifest), encoding="utf-8")  # JSON is YAML

    def run(self, *commands: Sequence[str], **kill: str | float) -> Ran:
        known = {"TENCENTCLOUD_SECRET_ID": self._tencent.secret_id, "HOME": str(self.path)}
        environ = {**known, "TENCENTCLOUD_SECRET_KEY": self._tencent.secret_key}
        return self.runner.run(self.path, *commands, environ=environ, **kill)

    def blocked(self) -> frozenset[str]:
        """The addresses that a plan blocks. The plan must have no other changes."""
        out = self.run(("plan", "--json")).out
        changes: list[dict[str, Any]] = json.loads(out[out.index("{") :])["changes"]
        assert {change["action"] for change in changes} <= {"blocked"}, out
        return frozenset(change["address"] for change in changes)


class TencentScenarioRunner:
    def __init__(self, folder: TencentFolder, tencent: TencentService, scenario: Scenario) -> None:
        self._folder, self._tencent, self._scenario = folder, tencent, scenario
        self._ids: Mapping[str, str | None] = {}
        if scenario.before:
            folder.declare(scenario.before)
            assert folder.run(APPLY).code == 0
            self._ids = folder.voice_ids
        folder.declare(scenario.after)
        self._contents = copy.deepcopy((tencent.tasks, tencent.voices))
        self._kept = shutil.copytree(folder.path, folder.path.with_name("kept"))

    def points(self) -> tuple[str, ...]:
        """The crash points of a run that is not killed."""
        self._reset()
        ran = self._folder.run(APPLY)
        assert ran.code == 0, ran.out
        self._check(resolved=frozenset())
        return ran.points

    def kill_and_recover(self, *deaths: str, retry: bool) -> bool:
        """Kills one run after the other at these points, and then lets one finish.

        Returns False if a run did not reach its point. `retry`: blocked entries are resolved with `--retry`, whether
        the voice was made or not.
        """
        self._reset()
        died = all(self._killed(death) for death in deaths)
        recovery = self._folder.run(APPLY, APPLY, PLAN)
        assert "is locked" not in recovery.out
        asked: frozenset[str] = frozenset()
        if recovery.code != 0:
            asked = self._folder.blocked()
            assert asked
            assert asked <= UNVERIFIABLE, recovery.out
        self._check_paid_once()
        for address in asked:
            self._resolve(address, retry=retry)
        last = self._folder.run(APPLY, PLAN)
        assert last.codes == (0, 0), last.out
        self._check(resolved=asked)
        return died

    def _killed(self, death: str) -> bool:
        ran = self._folder.run(APPLY, die_at=death)
        self._folder.loaded()
        return ran.killed

    def _resolve(self, address: str, *, retry: bool) -> None:
        made = self._made(address)
        option = ("--retry",) if retry or made is None else ("--voice-id", made)
        ran = self._folder.run(("resolve", address, *option))
        assert ran.code == 0, ran.out

    def _made(self, address: str) -> str | None:
        if address == SOUND:
            return next((str(t.sound["FileUrl"]) for t in self._tencent.tasks if t.sound), None)
        return next((v.voice_id for v in self._tencent.voices if v.made_by == "VoiceClone"), None)

    def _reset(self) -> None:
        shutil.rmtree(self._folder.path)
        shutil.copytree(self._kept, self._folder.path)
        self._tencent.tasks, self._tencent.voices = copy.deepcopy(self._contents)
        self._tencent.calls.clear()

    def _check_paid_once(self) -> None:
        """Checks that nothing was paid twice, before any `resolve`."""
        accepted = self._tencent.accepted
        assert self._tencent.count("VoiceClone") <= ("concierge" in self._scenario.after)
        assert accepted["CreateAigcAudioTask"] <= (SOUND in self._scenario.after)
        assert self._tencent.sessions.total() == self._scenario.bought
        assert set(self._tencent.sessions.values()) <= {1}
        uses = Counter(c.body["VoiceId"] for c in self._tencent.calls if c.action == "TextToSpeechSync" and not c.code)
        assert (uses.total(), set(uses.values())) == (self._scenario.used, {1} if uses else set())

    def _check(self, *, resolved: frozenset[str]) -> None:
        ids = self._folder.voice_ids
        assert sorted(ids) == sorted(self._scenario.after)
        assert {a: ids[a] for a in self._scenario.stays} == {a: self._ids[a] for a in self._scenario.stays}
        state = self._folder.state
        left = {r.voice_id for r in state.records.values() if r.status is Status.ABANDONED}
        known = set(ids.values()) | left
        living = {v.voice_id for v in self._tencent.living}
        unknown = {v.voice_id for v in self._tencent.living if v.made_by == "VoiceClone" and resolved}
        assert living - unknown <= known  # no orphan, except one that was resolved with --retry
        assert {voice_id for voice_id in known if voice_id} <= living
