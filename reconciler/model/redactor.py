"""Redacts foreign text, such as a cloud's message, before it is shown: one line, cut, without secrets.

A cloud, a proxy or a bug may quote what voicectl sent: in full or in part, wrapped, escaped, in base64 or in hex. So
known secrets are searched by their pieces, among letters and digits only; unknown secrets are recognised by their form.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
from dataclasses import field

from reconciler.values import value

QUOTED = 300  # characters of a redacted text
_SEARCHED = 20_000  # characters of the original text; the rest is dropped
_MASK = "***"
_SHORTEST = 4  # characters of a secret; redacting shorter ones would also remove parts of ordinary words
_PIECE = 8  # adjacent letters and digits of a secret; fewer reveal nothing
_PIECE_IN_BASE64 = 9
_PIECE_IN_HEX = 16

# The forms of unknown secrets; the group is redacted.
_FORMS = (
    r"(?i)\bbearer\s+([^\s\"'<>,;]+)",
    r"(?i)\bauthorization[\"']?\s*[:=]\s*[\"']?((?:\w+[ \t]+)?[^\s\"'<>,;]+)",
    r"\b(eyJ[\w-]+(?:\.[\w-]*)+|eyJ[\w-]{16,})",  # a JSON web token, or a part of one
    r"(?i)\b[a-z][a-z0-9+.-]*://([^\s/?#\"'<>]*)@",
    # A link's query may continue on the next line, because the text may be wrapped. That may redact an ordinary word.
    r"(?i)https?://[^\s?\"'<>]*\?([^\s\"'<>]+(?:[ \t]*[\r\n]+[ \t]*[^\s\"'<>]+)*)",
    r"[?#]([^\s\"'<>?]*=[^\s\"'<>]*(?:[ \t]*[\r\n]+[ \t]*[^\s\"'<>]+)*)",  # the query of a link that was cut off
)
_ESCAPED = (
    r"\\+u(?P<unit>[0-9A-Fa-f]{4})|\\+(?P<plain>[^\sA-Za-z0-9])|\\+(?P<space>[nrtbf])"
    r"|%(?:25)*(?P<byte>[0-9A-Fa-f]{2})|&(?:amp;)*(?P<entity>#x?[0-9A-Fa-f]{1,6}|[a-z]{2,6});"
)
_Span = tuple[int, int]


class Redactor:
    """Redacts foreign text. Calls `secrets` each time, because tokens are renewed."""

    def __init__(self, secrets: Callable[[], Iterable[str]] = tuple) -> None:
        self._secrets = secrets
        self._known = _Known.of(())

    def __call__(self, words: object, *, also: Iterable[str] = (), limit: int = QUOTED) -> str:
        """The redacted text. `also` are secrets that only this text may hold, such as those of the link it is about."""
        secrets = tuple(self._secrets())
        if secrets != self._known.secrets:
            self._known = _Known.of(secrets)
        text = str(words)[:_SEARCHED]
        unescaped, starts = _unescaped(text)
        spans = [span for form in _FORMS for match in re.finditer(form, text) if (span := match.span(1))[0] < span[1]]
        hidden = (
            [match.span(1) for form in _FORMS for match in re.finditer(form, unescaped)] if unescaped != text else []
        )
        for known in (self._known, _Known.of(tuple(also))):
            hidden += known.spans(unescaped)
        spans += [(starts[begin], starts[end]) for begin, end in hidden if begin < end]
        line = " ".join("".join(c if c.isprintable() else " " for c in _masked(text, spans)).split())
        return line if len(line) <= limit else line[: limit - 3] + "..."


@value
class _Known:
    """Known secrets in the forms in which they are searched."""

    secrets: tuple[str, ...]
    pieces: tuple[tuple[int, frozenset[str]], ...]  # (length, the pieces of that length)
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
            bare = _alphanumerics(_unescaped(secret)[0])[0]
            if len(bare) < _PIECE:  # too short to be distinguished from a part of a word
                short.append(re.compile(rf"(?<![A-Za-z0-9]){re.escape(secret)}(?![A-Za-z0-9])"))
            plain.update(_pieces(bare, _PIECE))
            for shape in _in_base64(secret.encode(errors="replace")):
                base64.update(_pieces(_alphanumerics(shape)[0], _PIECE_IN_BASE64))
            in_hex = secret.encode(errors="replace").hex()
            hexed.update(_pieces(in_hex, _PIECE_IN_HEX), _pieces(in_hex.upper(), _PIECE_IN_HEX))
        sizes = ((_PIECE, plain), (_PIECE_IN_BASE64, base64), (_PIECE_IN_HEX, hexed))
        return cls(secrets, tuple((size, frozenset(pieces)) for size, pieces in sizes if pieces), tuple(short))

    def spans(self, text: str) -> Iterator[_Span]:
        """Where the secrets are in the text, whatever is between their letters. Spans may overlap."""
        if self.pieces:
            squeezed, places = _alphanumerics(text)
            for size, pieces in self.pieces:
                for begin in range(len(squeezed) - size + 1):
                    if squeezed[begin : begin + size] in pieces:
                        yield places[begin], places[begin + size - 1] + 1
        for pattern in self.short:
            yield from (match.span() for match in pattern.finditer(text))


def _pieces(text: str, size: int) -> Iterator[str]:
    return (text[i : i + size] for i in range(len(text) - size + 1))


def _in_base64(secret: bytes) -> Iterator[str]:
    """Its base64 at the three possible offsets in a longer text, without letters that depend on the bytes around it."""
    for before in range(3):
        written = b64encode(b"\0" * before + secret).decode().rstrip("=")
        yield written[-(-before * 8 // 6) : (before + len(secret)) * 8 // 6]


def _alphanumerics(text: str) -> tuple[str, list[int]]:
    """The ASCII letters and digits of the text, with their positions. Quotes, blanks and line ends are dropped."""
    places = [i for i, c in enumerate(text) if c.isascii() and c.isalnum()]
    return "".join([text[i] for i in places]), places


def _unescaped(text: str) -> tuple[str, list[int]]:
    """Decodes the escapes of JSON, URLs and HTML; also returns where each character began, and where the last ended."""
    if not ("\\" in text or "%" in text or "&" in text):
        return text, list(range(len(text) + 1))
    parts: list[str] = []
    starts: list[int] = []
    done = 0
    for match in re.finditer(_ESCAPED, text):
        meant = _decoded(match)
        parts += [text[done : match.start()], meant]
        starts += [*range(done, match.start()), *([match.start()] * len(meant))]
        done = match.end()
    parts.append(text[done:])
    return "".join(parts), [*starts, *range(done, len(text) + 1)]


def _decoded(escape: re.Match[str]) -> str:
    if escape["unit"] or escape["byte"]:
        return chr(int(escape["unit"] or escape["byte"], 16))
    if escape["plain"]:
        return escape["plain"]
    if escape["space"]:
        return "\n"
    from html import unescape  # a slow import

    return unescape(f"&{escape['entity']};")


def _masked(text: str, spans: Iterable[_Span]) -> str:
    parts: list[str] = []
    done = 0
    for begin, end in sorted(spans):
        if begin > done or not parts:  # otherwise the span continues the last one
            parts += [text[done:begin], _MASK]
        done = max(done, end)
    return "".join([*parts, text[done:]])
