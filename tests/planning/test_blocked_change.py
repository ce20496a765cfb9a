"""Tests the hints after a failed creation: `--retry` is offered only where the same call may succeed."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.errors import Cause
from reconciler.hints import command, hint, way
from reconciler.planning.blocked_change import failure_hint
from tests.planning import cases
from tests.support.hints import typed

LINKED = {"provider": "kling", "create": {"voice_name": "Hero", "voice_url": "https://cdn.example.com/hero.mp3"}}
CHOSEN = {
    "provider": "vod",
    "clone": {
        "voice_id": "villain_01",
        "audio": {"url": "https://cdn.example.com/v.mp3"},
        "text": "Read this.",
        "voice_name": None,
        "prompt_audio": None,
    },
}
NAMED = {"provider": "vod", "create": {"voice_name": "Hero", "video_id": "12345", "voice_url": None}}
OFFERED = [(LINKED, None), (CHOSEN, None), (NAMED, None), (NAMED, Cause.ACCOUNT), (NAMED, Cause.ID_TAKEN)]
NEVER = [
    (CHOSEN, Cause.ID_TAKEN),
    (LINKED, Cause.NAME_TAKEN),
    (NAMED, Cause.NAME_TAKEN),
    (NAMED, Cause.SAMPLE),
    (LINKED, Cause.REQUEST),
    (LINKED, Cause.DEFECT),
]


@pytest.mark.parametrize(("entry", "cause"), OFFERED)
def test_where_the_same_may_succeed_it_may_be_paid_again(entry: dict[str, Any], cause: Cause | None) -> None:
    assert failure_hint(cases.voice("hero", entry), cause).commands[-1] == command("--retry", "hero")


@pytest.mark.parametrize(("entry", "cause"), NEVER)
def test_where_the_same_is_refused_again_it_is_not_offered(entry: dict[str, Any], cause: Cause) -> None:
    assert not typed(failure_hint(cases.voice("hero", entry), cause), "--retry")


def test_another_file_behind_the_same_link_may_be_tried() -> None:
    assert failure_hint(cases.voice("hero", LINKED), Cause.SAMPLE) == hint(
        "Change its inputs: the cloud would refuse the same inputs again",
        way("if there is another file behind its link now", "--retry", "hero"),
    )
