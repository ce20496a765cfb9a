"""Rows of plans of VOD's clones that are an hour old, so that their tasks are still listed: pages of 100."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial

from tests.benchmarks import worlds
from tests.benchmarks.measuring import cheapest
from tests.benchmarks.plans import PLAN
from tests.benchmarks.settings import Settings
from tests.benchmarks.table import Row, row
from tests.benchmarks.vod_cloud import ACTION, VodCloud
from tests.benchmarks.worlds import World

COUNTS = (1_000, 10_000)
ENVIRON = {"TENCENTCLOUD_SECRET_ID": "AKIDEXAMPLE", "TENCENTCLOUD_SECRET_KEY": "SECRETEXAMPLE"}
APPLICATION = 221073


def vod(settings: Settings) -> Iterator[Row]:
    for count in settings.counts(*COUNTS):
        with worlds.opened(VodCloud, environ=ENVIRON) as world:
            converge(world, count)
            measured = cheapest(settings.times, partial(world.voicectl, *PLAN))
            yield row("plan, no change, VOD clones 1 h old", count, measured)


def converge(world: World, count: int) -> None:
    """Declares so many clones, all of which were made an hour ago."""
    url = world.cloud.url
    voices = "".join(
        f"  voice-{i}:\n    provider: vod\n    clone:\n      voice_id: voice_{i:06}\n"
        f"      audio: {{url: https://cdn.example.com/voices/{i}.mp3}}\n      text: Read this aloud.\n"
        for i in range(count)
    )
    account = f'{{type: tencent-vod, sub_app_id: {APPLICATION}, endpoint: "{url}"}}'
    world.manifest.write_text(f"version: 1\nproviders:\n  vod: {account}\nvoices:\n{voices}")
    worlds.converge(
        world,
        account=f"tencent-vod {url} {APPLICATION}",
        born=datetime.now(UTC).replace(microsecond=0) - timedelta(hours=1),
        ids=lambda number, voice: (f"{APPLICATION}-{ACTION}-{number:032x}t", str(voice.inputs["voice_id"])),
    )
