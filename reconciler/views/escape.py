"""Escapes foreign text: characters that move the cursor, hide or reorder text are shown as escapes.

For eyes, not for reading back: a backslash stays as it is. Emoji and the letters of every script stay too.
"""

from __future__ import annotations

import re

_EMOJI = "\u2190-\u2bff\u3030\ufe0f\U0001f000-\U0001faff"
_JOINER = "\u200d"  # belongs between two emoji (a family is one picture), and is invisible anywhere else
_UNSEEN = (
    "\x00-\x1f\x7f-\x9f"  # controls: ESC, newlines, the 8-bit CSI
    "\u00ad\u034f\u115f\u1160\u17b4\u17b5\u180b-\u180f\u3164\uffa0"  # fillers and other letters without a shape
    "\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069"  # bidi controls
    "\u200b\u200c\u2060-\u2065\u206a-\u206f\ufe00-\ufe0d\ufeff"  # zero width
    "\u2028\u2029"  # line ends by another name
    "\ud800-\udfff"  # half a character: no encoding takes it
    "\ufff0-\ufffb\ufffe\uffff\U0001bca0-\U0001bca3\U0001d173-\U0001d17a\U000e0000-\U000e0fff"  # tags and marks
)
HOSTILE = re.compile(f"[{_UNSEEN}]|(?<![{_EMOJI}]){_JOINER}|{_JOINER}(?![{_EMOJI}])")
_NAMED = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}


def escape(text: str) -> str:
    r"""The text with `\n`, `\x1b`, `\u202e` or `\U000e0041` in place of each character that can't be trusted."""
    return HOSTILE.sub(_escaped, text)


def _escaped(found: re.Match[str]) -> str:
    character = found[0]
    point = ord(character)
    if character in _NAMED:
        return _NAMED[character]
    if point < 0x100:
        return f"\\x{point:02x}"
    return f"\\u{point:04x}" if point < 0x10000 else f"\\U{point:08x}"
