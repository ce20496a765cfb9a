"""An invalid character in a cloud's answer does not make the rest unreadable."""

from __future__ import annotations

import json

import pytest
from pydantic_core import from_json

from reconciler.providers.http.json_text import readable

LOST = "\ufffd"


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (rb'{"m": "cut \ud83d"}', f"cut {LOST}"),
        (rb'{"m": "\ude00 begins"}', f"{LOST} begins"),
        (rb'{"m": "\uD83D\uD83D\uDE00"}', f"{LOST}\N{GRINNING FACE}"),
        (rb'{"m": "\ud83d\ude00"}', "\N{GRINNING FACE}"),
        (rb'{"m": "C:\\ud83d"}', r"C:\ud83d"),
        (rb'{"m": "\\\ud83d"}', f"\\{LOST}"),
        (rb'{"m": "\u53c2\ud55c"}', "\u53c2\ud55c"),
        ('{"m": "参数"}'.encode(), "参数"),
        (b'\xef\xbb\xbf{"m": "x"}', "x"),
    ],
)
def test_the_rest_of_it_is_read(body: bytes, message: str) -> None:
    assert from_json(readable(body)) == {"m": message}


def test_a_body_that_is_all_right_stays_as_it_is() -> None:
    body = json.dumps({"m": ["voix", "é", "汉字", "😀"]}, ensure_ascii=False).encode()
    assert readable(body) == body


@pytest.mark.parametrize("key", ["task_id", "TaskId", "voice_id", "task_status", "Code", "demo_url"])
def test_half_a_surrogate_pair_in_an_id_is_refused(key: str) -> None:
    body = b'{"message": "\\ud83d", "%s": "1\\ud83d"}' % key.encode()
    with pytest.raises(ValueError, match=r"hex escape|surrogate"):
        from_json(readable(body))


def test_each_text_of_many_is_read() -> None:
    body = rb'{"data": [{"voice_name": "a\ud83d"}, {"voice_name" : "\"\ude00\\", "x": "\ud83d\ude00"}]}'
    first, second = from_json(readable(body))["data"]
    assert (first["voice_name"], second["voice_name"]) == (f"a{LOST}", f'"{LOST}\\')
    assert second["x"] == "\N{GRINNING FACE}"
