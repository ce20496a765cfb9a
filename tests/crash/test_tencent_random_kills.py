"""Runs killed at random times, while VOD loses replies, fails after the work and answers garbage.

No step by hand is needed afterwards. Twenty voices of three kinds; VOICECTL_CRASH_SEEDS is the number of runs.
"""

from __future__ import annotations

import os
import random
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.crash.fleet import ForkServer
from tests.crash.tencent_stage import FAST, TencentFolder
from tests.crash.test_random_kills import FORKED, Killer
from tests.support.tencent_cli_harness import HERO, MINI, VILLAIN, changed
from tests.support.tencent_service import Spoil, TencentService

HITS = 6
CHANCES = {Spoil.REPLY_LOST: 0.10, Spoil.INTERNAL_ERROR: 0.05, Spoil.GARBAGE: 0.05}
KINDS = (
    lambda i: changed(HERO, voice_name=f"Hero {i}"),
    lambda i: changed(VILLAIN, voice_id=f"villain_{i:02}"),
    lambda i: changed(MINI, name=f"Mini {i}"),
)
VOICES = {f"v{i:02}": KINDS[i % 3](i) for i in range(20)}
SLOW = FAST | {"create": 1, "activate": 1}  # per second of a clock that is a hundred times as fast


@pytest.fixture
def tencent() -> Iterator[TencentService]:
    with TencentService() as service:
        yield service


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("VOICECTL_CRASH_SEEDS", "2"))))
def test_each_voice_of_vod_is_paid_once_and_none_is_left_over(
    seed: int,
    tencent: TencentService,
    fork_server: ForkServer,
    tmp_path: Path,
    record_property: Callable[[str, object], None],
) -> None:
    rng = random.Random(seed)
    tencent.task_seconds = rng.choice([0, 0.05])
    tencent.list_delay = rng.choice([0, 0.02])
    tencent.duplicate_code = dict.fromkeys(("CreateAigcAudioClone", "CloneVoiceAsync"), "FailedOperation.TaskDuplicate")
    tencent.chances = CHANCES
    (tmp_path / "work").mkdir()
    folder = TencentFolder(tmp_path / "work", fork_server, tencent, SLOW)
    folder.declare(VOICES)
    killer = Killer(folder, rng, FORKED)
    killer.kill_until(HITS)
    folder.converge(times=6)
    assert set(tencent.sessions.values()) == {1}
    assert tencent.sessions.total() == len(VOICES)
    uses = Counter(c.body["VoiceId"] for c in tencent.calls if c.action == "TextToSpeechSync" and not c.code)
    assert set(uses.values()) == {1}
    assert set(folder.voice_ids.values()) == {voice.voice_id for voice in tencent.living}
    assert sorted(folder.voice_ids) == sorted(VOICES)
    record_property("kills, VOD", killer.kills)
    record_property("kills that hit an apply of VOD at work", killer.hits)


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(int(os.environ.get("VOICECTL_CRASH_SEEDS", "2"))))
def test_lost_replies_of_first_uses_pay_none_of_them_twice(
    seed: int, tencent: TencentService, fork_server: ForkServer, tmp_path: Path
) -> None:
    rng = random.Random(seed)
    tencent.chances = {Spoil.REPLY_LOST: 0.3, Spoil.INTERNAL_ERROR: 0.2}
    tencent.spared = frozenset({"CloneVoiceAsync", "DescribeTasks", "DescribeTaskDetail"})
    (tmp_path / "work").mkdir()
    folder = TencentFolder(tmp_path / "work", fork_server, tencent, SLOW)
    folder.declare({f"v{i:02}": changed(MINI, name=f"Mini {i}") for i in range(12)})
    Killer(folder, rng, FORKED).kill_until(4)
    folder.converge(times=6)
    uses = Counter(c.body["VoiceId"] for c in tencent.calls if c.action == "TextToSpeechSync" and not c.code)
    assert (len(uses), set(uses.values())) == (12, {1})
