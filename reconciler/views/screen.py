"""What a text view made, as it goes to a stream: whole commands, its own letters, lines that fit a screen."""

from __future__ import annotations

import re

from reconciler.views.escape import escape
from reconciler.views.folding import folded
from reconciler.views.render_options import RenderOptions

_COMMAND = re.compile(
    r"\bvoicectl ((?:init|apply|destroy|plan|state|resolve|voices|output|unlock|show|drift|import|sandbox|validate)\b"
    r"[^;(\n]*)"
)
_OPTION = re.compile(r"(?<=: )(?<!Error: )(?=--(?:retry|replace|allow-deletes|allow-recreates|auto-approve)\b)")


def fitted(words: str, options: RenderOptions) -> str:
    """With whole commands, and folded to fit a screen."""
    whole = _writable(whole_commands(words, options), options)
    return whole if options.columns is None else folded(whole, options.columns)


def whole_commands(words: str, options: RenderOptions) -> str:
    """These words with whole commands for a person to copy: with the global options that lead to the same place.

    An option alone (`…: --retry hero`) is completed to the command that takes it here.
    """
    given = escape(options.global_options)  # the words come from a view, which has escaped all others
    begun = f"voicectl {given}".rstrip()
    whole = _COMMAND.sub(lambda found: found[0] if given in found[1] else f"{begun} {found[1]}", words)
    return _OPTION.sub(lambda _: f"{begun} {options.verb} ", whole)


def _writable(words: str, options: RenderOptions) -> str:
    """As the stream will show them, so that their width can be measured."""
    if words.isascii() or options.utf8:
        return words
    return words.encode(options.encoding, "backslashreplace").decode(options.encoding)
