"""Makes addresses from the names that voices have in their cloud. Pure.

The result depends on the set of voices only, not on their order, so that two runs make the same addresses.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Collection, Iterator, Mapping

from reconciler.model.address import LONGEST_NAME, parts
from reconciler.model.adoption import YAML_WORDS

NAMELESS = "voice"  # for a name without a Latin letter or a digit
_TAIL = 8  # characters of a voice_id that tell two voices of one name apart
_OTHERS = re.compile(r"[^a-z0-9_-]+")


def addresses(names: Mapping[str, str | None], taken: Collection[str]) -> dict[str, str]:
    """voice_id -> address, for `names`: voice_id -> voice_name. No address differs from a `taken` one by case only.

    Voices whose names make the same address all get a part of their voice_id.
    """
    used = {parts(address)[0].lower() for address in taken}
    bases = {voice_id: _base(name or "") for voice_id, name in names.items()}
    counts: dict[str, int] = {}
    for base in bases.values():
        counts[base] = counts.get(base, 0) + 1
    plain = {
        voice_id: base
        for voice_id, base in bases.items()
        if counts[base] == 1 and base != NAMELESS and base not in used
    }
    used |= set(plain.values())
    found = dict(plain)
    for voice_id in sorted(bases.keys() - plain.keys()):
        found[voice_id] = next(each for each in _with_tails(bases[voice_id], voice_id) if each not in used)
        used.add(found[voice_id])
    return found


def _base(name: str) -> str:
    """The name in lower case, with `_` for every other character: `narrator_en` for `Narrator (EN)`."""
    letters = unicodedata.normalize("NFKD", name.casefold())
    without_accents = "".join(letter for letter in letters if not unicodedata.combining(letter)).casefold()
    base = _OTHERS.sub("_", without_accents).strip("_-")
    if not base:
        return NAMELESS
    if base in YAML_WORDS or not base[0].isalpha():
        base = f"{NAMELESS}_{base}"
    return base[:LONGEST_NAME].rstrip("_-")


def _with_tails(base: str, voice_id: str) -> Iterator[str]:
    """The base with more and more of what identifies the voice."""
    letters = "".join(letter for letter in voice_id.lower() if letter.isascii() and letter.isalnum())
    digest = hashlib.sha256(voice_id.encode("utf-8", "surrogatepass")).hexdigest()
    for tail in (letters[-_TAIL:], letters[-24:], *(digest[:length] for length in range(8, 49))):
        if tail:
            yield f"{base[: LONGEST_NAME - 1 - len(tail)].rstrip('_-')}_{tail}"
