"""Hints as a person reads them, and as one types what they say."""

from __future__ import annotations

from reconciler.hints import Hint
from reconciler.views import hints
from reconciler.views.render_options import PLAIN
from reconciler.views.screen import fitted


def in_words(hint: Hint) -> str:
    return fitted(hints.on_one_line(hint, PLAIN), PLAIN)


def typed(hint: Hint, *begins: str) -> list[tuple[str, ...]]:
    """Of each command that begins with these words, the words that follow them."""
    return [c.words[len(begins) :] for c in hint.commands if c.words[: len(begins)] == begins]
