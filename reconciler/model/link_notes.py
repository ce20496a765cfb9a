"""Decides whether a declared link is the same as the link that was sent.

The state keeps the redacted link and a note about its query. A note is one line, because a state holds ten thousands:
`rules=2 signing=v X-Amz-Date:1a2b ~sign:3c4d :5e6f`. It holds the version of the rules, the manifest's signing
parameters, and each parameter of the query in order: its name and four hex digits of a digest. `~` marks a value that
is itself a signature. A parameter without a value may be a secret, so its name is left out. A link without a note was
saved under the oldest rules.

The eight digits in the redacted link decide wherever they can. The four digits only show which parameters differ, and
replace the eight where the rules have changed. They are too few to find a value by trial; a longer digest of each
single value would allow that.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from enum import Enum
from typing import Any, NamedTuple
from urllib.parse import quote, unquote, urlsplit

from reconciler.model.signatures import LATEST, OLDEST, TODAY, Rules, UrlTarget, is_known, signing, signs_itself
from reconciler.model.urls import MARK, NOTHING, WITHIN, Pair, content, digest, is_url, pairs, place, shown

_NAME = re.compile(r"[A-Za-z0-9_.$\[\]-]{1,64}")
_PORTS = {"http": 80, "https": 443}
_HEX = 4


class Verdict(Enum):
    """How a declared link relates to the link that was sent."""

    SAME = "the same link"
    RENEWED = "the same link under today's rules; its note has to be updated"
    OTHER_QUERY = "the same file, but parameters differ that are not known to sign"
    OTHER = "another link"


class Comparison(NamedTuple):
    """A verdict. With OTHER_QUERY, `parameters` are the names that differ; "" for a parameter without a name."""

    verdict: Verdict
    parameters: tuple[str, ...] = ()


class _Noted(NamedTuple):
    """A parameter as written in a note."""

    name: str
    digest: str
    itself: bool  # its value is itself a signature, whatever the parameter's name


def notes(value: Any, rules: Rules = TODAY) -> dict[str, str]:
    """The redacted link -> its note, for every link with a query in a JSON value."""
    return {shown(url, rules): _note(url, rules) for url in links(value) if _query(url)}


def links(value: Any) -> Iterator[str]:
    """Every link in a JSON value, links inside longer text too."""
    if isinstance(value, str):
        yield from [value] if is_url(value) else WITHIN.findall(value) if "://" in value else ()
    elif isinstance(value, dict):
        for inner in value.values():
            yield from links(inner)
    elif isinstance(value, (list, tuple)):
        for inner in value:
            yield from links(inner)


def compare(kept: str, note: str | None, url: str, rules: Rules) -> Comparison:
    """Compares a redacted link from the state, with its note, and the link that is declared now."""
    now = shown(url, rules)
    if kept == now:
        return Comparison(Verdict.SAME)
    bare, _, kept_digest = kept.partition(MARK)
    if _normal(bare) != _normal(now.partition(MARK)[0]):
        return Comparison(Verdict.OTHER)
    parts = urlsplit(url)
    given = _DeclaredLink(parts.query, place(parts))
    if note is None:
        return _compare_without_note(kept_digest or NOTHING, given, rules)
    return _compare_with_note(kept_digest or NOTHING, _parse_note(note), given, rules)


class _DeclaredLink(NamedTuple):
    """A declared link's query, and its host and path."""

    query: str
    at: UrlTarget

    def content(self, rules: Rules) -> list[Pair]:
        return content(pairs(self.query, rules), self.at, rules)

    def noted(self, rules: Rules) -> list[_Noted]:
        return [_noted(pair, rules) for pair in pairs(self.query, rules)]


def _compare_without_note(kept: str, given: _DeclaredLink, rules: Rules) -> Comparison:
    """Compares under the oldest rules: only one digest of the old link is known."""
    old, now = given.content(OLDEST), given.content(rules)
    if kept in {digest(old), digest(now), digest(given.content(TODAY))}:
        return Comparison(Verdict.SAME)
    if {name for name, _ in old} - {
        name for name, _ in now
    }:  # the digest covers signing parameters, so it proves nothing
        return Comparison(Verdict.RENEWED)
    names = (_noted(pair, rules).name for pair in now)
    return Comparison(Verdict.OTHER_QUERY, tuple(dict.fromkeys(names)))


def _compare_with_note(kept: str, note: tuple[Rules, list[_Noted]], given: _DeclaredLink, rules: Rules) -> Comparison:
    own, before = note
    if kept == digest(given.content(own)) or kept == digest(_in_order(given.content(own), before, own)):
        return Comparison(Verdict.SAME)
    old, now = _unsigned(before, given.at, rules), _unsigned(given.noted(rules), given.at, rules)
    differing = [p.name for p in (*(Counter(now) - Counter(old)), *(Counter(old) - Counter(now)))]
    if not differing and old != _unsigned(before, given.at, own):
        return Comparison(Verdict.RENEWED)
    return Comparison(Verdict.OTHER_QUERY, tuple(dict.fromkeys(differing or (p.name for p in now))))


def _unsigned(noted: Sequence[_Noted], at: UrlTarget, rules: Rules) -> list[_Noted]:
    signed = signing((p.name for p in noted), at, rules)
    return [p for p in noted if p.name not in signed and not (p.itself and rules.version > 1)]


def _in_order(given: Iterable[Pair], noted: Iterable[_Noted], rules: Rules) -> list[Pair]:
    """The parameters in the order of the note, because the order in the link does not matter."""
    waiting: dict[str, list[Pair]] = {}
    for pair in given:
        waiting.setdefault(_noted(pair, rules).name, []).append(pair)
    first = [waiting[p.name].pop(0) for p in noted if waiting.get(p.name)]
    return first + [pair for rest in waiting.values() for pair in rest]


def _note(url: str, rules: Rules) -> str:
    words = [f"rules={rules.version}"]
    if rules.named:
        words.append("signing=" + ",".join(quote(name, safe="") for name in sorted(rules.named)))
    return " ".join([*words, *(_note_word(_noted(pair, rules)) for pair in pairs(_query(url), rules))])


def _note_word(found: _Noted) -> str:
    return f"{'~' * found.itself}{quote(found.name, safe='').replace('~', '%7E')}:{found.digest}"


def _parse_note(note: str) -> tuple[Rules, list[_Noted]]:
    """Parses a note. Skips words that no version wrote: then more parameters differ, and no difference is hidden."""
    version, named, found = OLDEST.version, frozenset[str](), []
    for word in note.split():
        if word.startswith("rules=") and word[6:].isdecimal():
            version = min(int(word[6:]), LATEST)
        elif word.startswith("signing="):
            named = frozenset(unquote(name) for name in word.removeprefix("signing=").split(","))
        else:
            name, _, digits = word.removeprefix("~").partition(":")
            found.append(_Noted(unquote(name), digits, word.startswith("~")))
    return Rules(version, named), found


def _noted(pair: Pair, rules: Rules) -> _Noted:
    name, value = pair
    text = f"{name}={value}".encode(errors="surrogatepass")
    secret = not value.strip("=") and not (is_known(name) or name.lower() in rules.named)
    named = "" if secret or not _NAME.fullmatch(name) else name
    return _Noted(named, hashlib.sha256(text).hexdigest()[:_HEX], signs_itself(value, TODAY))


def _query(url: str) -> str:
    if "?" not in url:
        return ""
    try:
        return urlsplit(url).query
    except ValueError:
        return ""


def _normal(bare: str) -> str:
    """Normalizes a URL: case of scheme, host and %xx, the scheme's default port, an empty path."""
    try:
        parts = urlsplit(bare)
        port = parts.port
    except ValueError:
        return bare
    user, at, _ = parts.netloc.rpartition("@")
    host = (parts.hostname or "") + (f":{port}" if port not in {None, _PORTS.get(parts.scheme)} else "")
    path = re.sub(r"%[0-9A-Fa-f]{2}", _normal_escape, parts.path) or "/"
    return f"{parts.scheme}://{user}{at}{host}{path}"


def _normal_escape(escaped: re.Match[str]) -> str:
    """RFC 3986, 6.2.2: %7e is ~, and %2f is %2F."""
    letter = chr(int(escaped[0][1:], 16))
    return letter if letter.isascii() and (letter.isalnum() or letter in "-._~") else escaped[0].upper()
