"""Fits rendered text to a stream: its encoding, and the width of its terminal."""

from __future__ import annotations

from reconciler.views.render_options import RenderOptions
from reconciler.views.wrap import HELD, folded


def fitted(words: str, options: RenderOptions) -> str:
    """The words wrapped to the width of the terminal; HELD blanks become plain ones."""
    writable = _writable(words, options)
    lines = writable if options.columns is None else folded(writable, options.columns)
    return lines.replace(HELD, " ")


def _writable(words: str, options: RenderOptions) -> str:
    """The words with escapes for what the encoding lacks, so that their width can be measured."""
    if words.isascii() or options.utf8:
        return words
    return words.encode(options.encoding, "backslashreplace").decode(options.encoding)
