"""Did you mean …? The one place that compares words."""

from __future__ import annotations

from collections.abc import Iterable

_LONGEST = 80  # characters of a word that are compared


def nearest(word: str, words: Iterable[str], *, likeness: float = 0.65) -> str | None:
    """The one of the words that is probably meant; None if no word is similar.

    `likeness`: 0 to 1, as difflib measures it. Case is ignored. A whole part of one name is enough: vod of tencent-vod.
    """
    import difflib  # a slow import, needed only for errors

    by_lower = {name.lower(): name for name in words}
    asked = word.lower()[:_LONGEST]
    found = difflib.get_close_matches(asked, by_lower, n=1, cutoff=likeness)
    longer = [name for name in by_lower if asked in name.replace("-", "_").split("_")]
    if found or len(longer) == 1:
        return by_lower[(found or longer)[0]]
    return None
