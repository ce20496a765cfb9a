"""Somebody else's words as they may be shown: one line, cut, without credentials and without the queries of links.

A cloud, a proxy or a bug may say what it was sent: whole or cut, wrapped, escaped, in base64 or in hex. So a known
secret is looked for by its pieces among the letters and digits alone; one that is not known, by its form.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

QUOTED = 300  # characters of somebody else's words
_LOOKED_AT = 20_000  # characters, before they are cut
_BLANK = "***"
_SHORTEST = 4  # characters of a secret; to blank out less would eat the words around it
_PIECE = 8  # letters and digits of a secret, side by side; fewer say nothing of it
_PIECE_IN_BASE64 = 9
_PIECE_IN_HEX = 16

# Secrets that are known by their form; what is blanked is the group.
_FORMS = (
    r"(?i)\bbearer\s+([^\s\"'<>,;]+)",
    r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?((?:\w+[ \t]+)?[^\s\"'<>,;]+)",
    r"\b(eyJ[\w-]+(?:\.[\w-]*)+|eyJ[\w-]{16,})",  # a JSON web token, or one of its parts
    r"(?i)\b[a-z][a-z0-9+.-]*://([^\s/?#\"'<>]*)@",
    # A link's query goes on behind the end of a line: somebody may have wrapped it. That may cost a word.
    r"(?i)https?://[^\s?\"'<>]*\?([^\s\"'<>]+(?:[ \t]*[\r\n]+[ \t]*[^\s\"'<>]+)*)",
    r"[?#]([^\s\"'<>?]*=[^\s\"'<>]*(?:[ \t]*[\r\n]+[ \t]*[^\s\"'<>]+)*)",  # of a link that was cut off
)
_ESCAPED = (
    r"\\+u(?P<unit>[0-9A-Fa-f]{4})|\\+(?P<plain>[^\sA-Za-z0-9])|\\+(?P<space>[nrtbf])"
    r"|%(?:25)*(?P<byte>[0-9A-Fa-f]{2})|&(?:amp;)*(?P<entity>#x?[0-9A-Fa-f]{1,6}|[a-z]{2,6});"
)
_Span = tuple[int, int]


class Redactor:
    """Called with somebody else's words. `secrets` is asked each time: tokens are renewed."""

    def __init__(self, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        self._secrets = secrets
        self._known = _Known.of(())

    def __call__(self, words: object, *, also: Iterable[str] = (), limit: int = QUOTED) -> str:
        """`also` are secrets that only these words may hold, such as those of the link that they are about."""
        secrets = tuple(self._secrets())
        if secrets != self._known.secrets:
            self._known = _Known.of(secrets)
        text = str(words)[:_LOOKED_AT]
        unescaped, starts = _unescaped(text)
        spans = [span for form in _FORMS for match in re.finditer(form, text) if (span := match.span(1))[0] < span[1]]
        hidden = (
            [match.span(1) for form in _FORMS for match in re.finditer(form, unescaped)] if unescaped != text else []
        )
        for known in (self._known, _Known.of(tuple(also))):
            hidden += known.spans(unescaped)
        spans += [(starts[begin], starts[end]) for begin, end in hidden if begin < end]
        line = " ".join("".join(c if c.isprintable() else " " for c in _blanked(text, spans)).split())
        return line if len(line) <= limit else line[: limit - 3] + "..."


@dataclass(frozen=True, slots=True)
class _Known:
    """Secrets as they are looked for."""

    secrets: tuple[str, ...]
    pieces: tuple[tuple[int, frozenset[str]], ...]  # by their length
    short: tuple[re.Pattern[str], ...] = field(default=())

    @classmethod
    def of(cls, secrets: tuple[str, ...]) -> _Known:
        plain: set[str] = set()
        base64: set[str] = set()
        hexed: set[str] = set()
        short: list[re.Pattern[str]] = []
        for secret in secrets:
            if len(secret) < _SHORTEST:
                continue
            bare = _squeezed(_unescaped(secret)[0])[0]
            if len(bare) < _PIECE:  # too short to be told apart from a part of a word
                short.append(re.compile(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])"))
            plain.update(_cut(bare, _PIECE))
            for shape in _in_base64(secret.encode(errors="replace")):
                base64.update(_cut(_squeezed(shape)[0], _PIECE_IN_BASE64))
            in_hex = secret.encode(errors="replace").hex()
            hexed.update(_cut(in_hex, _PIECE_IN_HEX), _cut(in_hex.upper(), _PIECE_IN_HEX))
        sizes = ((_PIECE, plain), (_PIECE_IN_BASE64, base64), (_PIECE_IN_HEX, hexed))
        return cls(secrets, tuple((size, frozenset(pieces)) for size, pieces in sizes if pieces), tuple(short))

    def spans(self, text: str) -> Iterator[_Span]:
        """Where they stand in the text, overlapping, whatever stands between their letters."""
        if self.pieces:
            squeezed, places = _squeezed(text)
            for size, pieces in self.pieces:
                for begin in range(len(squeezed) - size + 1):
                    if squeezed[begin : begin + size] in pieces:
                        yield places[begin], places[begin + size - 1] + 1
        for pattern in self.short:
            yield from (match.span() for match in pattern.finditer(text))


def _cut(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(len(text) - size + 1))


def _in_base64(secret: bytes) -> Iterator[str]:
    """At each of the three places that it may have in something longer, less the letters that others share."""
    for before in range(3):
        written = b64encode(b"\0" * before + secret).decode().rstrip("=")
        yield written[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]


def _squeezed(text: str) -> tuple[str, list[int]]:
    """Its ASCII letters and digits, and the place of each: quotes, blanks and line ends hide nothing."""
    places = [i for i, c in enumerate(text) if c.isascii() and c.isalnum()]
    return "".join([text[i] for i in places]), places


def _unescaped(text: str) -> tuple[str, list[int]]:
    """The text without the escapes of JSON, URLs and HTML; where each character began, and where the last ended."""
    if not ("\\" in text or "%" in text or "&" in text):
        return text, list(range(len(text) + 1))
    parts: list[str] = []
    starts: list[int] = []
    done = 0
    for match in re.finditer(_ESCAPED, text):
        meant = _meant(match)
        parts += [text[done : match.start()], meant]
        starts += [*range(done, match.start()), *([match.start()] * len(meant))]
        done = match.end()
    parts.append(text[done:])
    return "".join(parts), [*starts, *range(done, len(text) + 1)]


def _meant(escape: re.Match[str]) -> str:
    if escape["unit"] or escape["byte"]:
        return chr(int(escape["unit"] or escape["byte"], 16))
    if escape["plain"]:
        return escape["plain"]
    if escape["space"]:
        return "\n"
    from html import unescape  # its table of names takes a moment

    return unescape(f"&{escape['entity']};")


def _blanked(text: str, spans: Iterable[_Span]) -> str:
    told: list[str] = []
    done = 0
    for begin, end in sorted(spans):
        if begin > done or not told:  # else it goes on where the last one ended
            told += [text[done:begin], _BLANK]
        done = max(done, end)
    return "".join([*told, text[done:]])
