"""Checks names and ids before a cloud stores them: refuses text that was surely not meant as a name.

A name can't be changed at Kling, nor after `create` at Tencent Cloud VOD: a typo costs a voice.
"""

from __future__ import annotations

import re
import unicodedata

# Blanks that look unlike a space, or are invisible. str.strip does not remove all of them.
INVISIBLE = {
    "\u00a0": "a no-break space",
    "\u00ad": "a soft hyphen",
    "\u115f": "a Hangul filler",
    "\u1160": "a Hangul filler",
    "\u180e": "a Mongolian vowel separator",
    "\u1680": "an Ogham space mark",
    "\u2002": "an en space",
    "\u2003": "an em space",
    "\u2005": "a four-per-em space",
    "\u2007": "a figure space",
    "\u2009": "a thin space",
    "\u200a": "a hair space",
    "\u200b": "a zero-width space",
    "\u202f": "a narrow no-break space",
    "\u2060": "a word joiner",
    "\u2800": "a blank Braille pattern",
    "\u3000": "an ideographic space",
    "\u3164": "a Hangul filler",
    "\ufeff": "a byte order mark",
    "\uffa0": "a Hangul filler",
}
_PLAIN = re.compile(r"[!-~](?:[ -~]*[!-~])?")
_BREAKS = "\n\r\x0b\x0c\x85\u2028\u2029"
_CURLY = "\u201c\u201d\u201e\u201f\u2018\u2019\u201a\u201b\u2033\u2036\uff02\uff07\u301d\u301e\u301f"
_MARKS = "\u200c\u200d\u200e\u200f"  # joiners and direction marks: allowed between letters


def one_line(value: object) -> object:
    """Returns the value. Raises ValueError if the text has a line break, a control character or surrounding blanks."""
    if not isinstance(value, str) or not value or _PLAIN.fullmatch(value):
        return value
    inside = value.strip(_BREAKS)
    if not any(not is_blank(character) for character in inside):
        raise ValueError(f"nothing but blanks{' and line breaks' if inside != value else ''}")
    if inside != value:
        raise ValueError(
            "a line break at its end or beginning, which would be a part of it: remove it; in place of > and |, "
            "write >- and |-"
        )
    if any(character in _BREAKS for character in value):
        raise ValueError("a line break in it: write it on one line, or below >-, which joins lines (| and |- do not)")
    for character, where in ((value[0], "beginning"), (value[-1], "end")):
        if is_blank(character):
            raise ValueError(f"{blank_name(character)} at its {where}: remove it")
        if character in _MARKS:
            raise ValueError(f"the invisible character U+{ord(character):04X} at its {where}: remove it")
    for character in value:
        if unicodedata.category(character) in ("Cc", "Cs") or character == "\ufeff":
            raise ValueError(f"the control character U+{ord(character):04X} in it: remove it")
    if len(value) > 1 and value[0] in _CURLY and value[-1] in _CURLY:
        raise ValueError("curly quotes around it, which would be a part of it: write straight quotes, or none")
    return value


def is_blank(character: str) -> bool:
    """Whether the character is a space of any kind."""
    return character.isspace() or character in INVISIBLE


def blank_name(character: str) -> str:
    """The character in words, for messages: `a no-break space (U+00A0)`."""
    if character == " ":
        return "a space"
    if character == "\t":
        return "a tab"
    return f"{INVISIBLE.get(character, 'a blank')} (U+{ord(character):04X})"
