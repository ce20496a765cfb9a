"""What a text view made, as it goes to a stream: in letters that the stream holds, in lines that fit a screen."""

from __future__ import annotations

from reconciler.views.render_options import RenderOptions
from reconciler.views.wrap import HELD, folded


def fitted(words: str, options: RenderOptions) -> str:
    """Folded to fit a screen, with blanks in place of those that are HELD."""
    writable = _writable(words, options)
    lines = writable if options.columns is None else folded(writable, options.columns)
    return lines.replace(HELD, " ")


def _writable(words: str, options: RenderOptions) -> str:
    """As the stream will show them, so that their width can be measured."""
    if words.isascii() or options.utf8:
        return words
    return words.encode(options.encoding, "backslashreplace").decode(options.encoding)
