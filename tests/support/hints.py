"""Reads hints in tests: as the text that the user sees, and as the commands to type."""

from __future__ import annotations

from reconciler.hints import Hint
from reconciler.views import hints
from reconciler.views.render_options import PLAIN
from reconciler.views.screen import fitted


def in_words(hint: Hint) -> str:
    """The hint as one line of text."""
    return fitted(hints.on_one_line(hint, PLAIN), PLAIN)


def typed(hint: Hint, *begins: str) -> list[tuple[str, ...]]:
    """For each command of the hint that begins with these words: the words that follow."""
    return [c.words[len(begins) :] for c in hint.commands if c.words[: len(begins)] == begins]
