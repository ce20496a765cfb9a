"""The two sections of a manifest that hold entries: `voices:` and `audio:`."""

from __future__ import annotations

from reconciler.model.manifest import AUDIO, AudioEntry, Entry
from reconciler.model.methods import AUDIO_METHOD, METHOD_NAMES
from reconciler.values import value

FOR_EACH = "for_each"


@value
class EntrySection:
    """Its name, the model and the methods of its entries, and the prefix of their addresses."""

    section: str
    what: str  # what an entry declares, in messages
    entry: type[Entry] | type[AudioEntry]
    keywords: tuple[str, ...]  # the methods; an entry has exactly one
    prefix: str = ""


VOICES = EntrySection("voices", "voice", Entry, METHOD_NAMES)
SOUNDS = EntrySection("audio", "sound", AudioEntry, (AUDIO_METHOD,), prefix=AUDIO)
