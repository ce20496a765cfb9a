"""Escapes text for GitHub-flavoured Markdown, in a table or outside of one.

A code span takes every character as it is, and neither GitHub nor GitLab looks for @mentions, #123, links or emoji in
it. Only a pipe would end the cell of a table, so it stands between two code spans, as an entity; so does the bracket of
`##[`, by which the log of a GitHub job recognises a command.
"""

from __future__ import annotations

import re
from urllib.parse import quote

from reconciler.views.escape import escape

_BACKTICKS = re.compile("`+")
_APART = re.compile(r"(\|+|(?<=##)\[)")
# An ordinary word with its punctuation. Letters with digits or a hyphen before a number may be a commit or an issue.
_WORD = re.compile(r"[\"'(]*(?:[^\W\d_]+(?:['’-][^\W\d_]+)*|\d+(?:[.,]\d+)*%?)[\"')]*[.,;:!?]*[\"')]*|->|%")
_SHA = re.compile("[0-9a-f]{7,}[.,;:]*")
_BESIDE = re.compile(r"([\"'(]*)(.*?)([.,;:)]*)", re.DOTALL)


def code(text: str) -> str:
    """The text as code spans."""
    parts = _APART.split(escape(text))
    spans = (_span(part) if index % 2 == 0 else _entities(part) for index, part in enumerate(parts) if part)
    return "".join(spans)


def prose(text: str) -> str:
    """A sentence: ordinary words as text, and all others (names, links, values) as code spans."""
    return " ".join(map(_word, escape(text).split()))


def mark(kind: str, name: str) -> str:
    """A comment that no reader sees, and by which a program finds the document of this name again."""
    named = quote(name, safe="/._", errors="surrogatepass").replace("--", "-%2D").replace("~", "%7E")
    return f"<!-- voicectl:{kind}:{named} -->"


def _span(text: str) -> str:
    fence = "`" * (max((len(run) for run in _BACKTICKS.findall(text)), default=0) + 1)
    room = " " if not text.isspace() and (text[0] in " `" or text[-1] in " `") else ""
    return f"{fence}{room}{text}{room}{fence}"


def _entities(text: str) -> str:
    return "".join(f"&#{ord(character)};" for character in text)


def _word(word: str) -> str:
    if _WORD.fullmatch(word) and not _SHA.fullmatch(word):
        return word.replace("->", "→")
    found = _BESIDE.fullmatch(word)
    assert found is not None  # it takes every word
    before, inside, after = found.groups()
    return f"{before}{code(inside)}{after}" if inside else code(word)
