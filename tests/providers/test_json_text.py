"""One wrong letter in a cloud's answer makes nothing else of it unreadable."""

from __future__ import annotations

import json

import pytest
from pydantic_core import from_json

from reconciler.providers.json_text import readable

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
        ('{"m": "参数"}'.encode("gbk"), LOST * 4),
        (b'\xef\xbb\xbf{"m": "x"}', "x"),
        (b'{"m": "\xed\xa0\xbd!"}', LOST * 3 + "!"),
    ],
)
def test_the_rest_of_it_is_read(body: bytes, message: str) -> None:
    assert from_json(readable(body)) == {"m": message}


def test_a_body_that_is_all_right_stays_as_it_is() -> None:
    body = json.dumps({"m": ["voix", "é", "汉字", "😀"]}, ensure_ascii=False).encode()
    assert readable(body) == body
