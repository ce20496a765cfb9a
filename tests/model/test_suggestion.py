"""Which word is suggested for a misspelt one."""

from __future__ import annotations

import pytest

from reconciler.model.suggestion import nearest


@pytest.mark.parametrize(
    ("word", "words", "suggested"),
    [
        ("voice_nam", ["voice_name", "voice_url"], "voice_name"),
        ("KLING", ["kling", "vod"], "kling"),
        ("vod", ["kling", "tencent-vod", "tencent-trtc"], "tencent-vod"),
        ("ten", ["tencent-vod", "tencent-trtc"], None),
        ("zebra", ["kling"], None),
        ("", ["kling"], None),
    ],
)
def test_the_nearest_word_is_suggested_if_it_is_clear(word: str, words: list[str], suggested: str | None) -> None:
    assert nearest(word, words) == suggested


def test_a_longer_word_may_be_less_alike() -> None:
    assert nearest("voices2.yml", ["voice.yaml"]) == "voice.yaml"
    assert nearest("voices2.yml", ["voice.yaml"], likeness=0.9) is None
