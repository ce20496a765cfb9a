"""Finds the declared links that are the same as the links that were sent, although their signatures differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from reconciler.model.base import Inputs
from reconciler.model.link_notes import Comparison, Verdict, compare
from reconciler.model.link_notes import links as links_in
from reconciler.model.plan import FieldChange
from reconciler.model.signatures import Rules
from reconciler.model.urls import WITHIN, may_have_secrets, shown
from reconciler.values import value


@value
class OtherQuery:
    """A field whose links differ only in these query parameters; "" is a parameter without a name."""

    name: str
    parameters: tuple[str, ...]


@value
class Aligned:
    """`sent` with every link that is still the same replaced by its declared form, so that only real changes differ."""

    sent: Inputs
    renewed: tuple[FieldChange, ...]
    queries: tuple[OtherQuery, ...]


def aligned(sent: Inputs, notes: Mapping[str, str], declared: Inputs, rules: Rules) -> Aligned:
    """Compares the links in `sent` with the declared ones, at the same paths."""
    renewed: list[FieldChange] = []
    queries: list[OtherQuery] = []

    def align(before: Any, now: Any, path: list[Any]) -> Any:
        if isinstance(before, dict) and isinstance(now, dict):
            return {k: align(v, now[k], [*path, k]) if k in now else v for k, v in before.items()}
        if isinstance(before, list) and isinstance(now, (list, tuple)):
            paired = [align(v, now[i], [*path, i]) for i, v in enumerate(before[: len(now)])]
            return paired + before[len(now) :]
        if not (isinstance(before, str) and isinstance(now, str)) or "://" not in before:
            return before
        if before == now and not may_have_secrets(now):
            return before
        found = _compared(before, now, notes, rules)
        verdicts = {each.verdict for each in found}
        if not found or Verdict.OTHER in verdicts:
            return before
        if Verdict.OTHER_QUERY in verdicts:
            names = dict.fromkeys(name for each in found for name in each.parameters)
            queries.append(OtherQuery(name=named(path), parameters=tuple(names)))
            return before
        after = _shown(now, rules)
        if Verdict.RENEWED in verdicts:
            renewed.append(FieldChange(name=named(path), before=before, after=after))
        return after

    return Aligned(align(sent, declared, []), tuple(renewed), tuple(queries))


def named(path: Sequence[Any]) -> str:
    """The path as text: `audio.url`, `videos[1].url`."""
    name = ""
    for part in path:
        name += f"[{part}]" if isinstance(part, int) else (f".{part}" if name else str(part))
    return name


def _compared(before: str, now: str, notes: Mapping[str, str], rules: Rules) -> list[Comparison]:
    """The comparison of each link in two texts; empty if the text around the links differs."""
    kept, given = list(links_in(before)), list(links_in(now))
    if len(kept) != len(given) or _around(before, kept) != _around(now, given):
        return []
    return [compare(old, notes.get(old), new, rules) for old, new in zip(kept, given, strict=True)]


def _around(text: str, links: Sequence[str]) -> list[str]:
    return [] if list(links) == [text] else WITHIN.split(text)


def _shown(text: str, rules: Rules) -> str:
    return shown(text, rules) if list(links_in(text)) == [text] else WITHIN.sub(lambda m: shown(m[0], rules), text)
