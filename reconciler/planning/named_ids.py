"""Finds whether a file names a voice_id, whoever wrote the file. If in doubt it does: then the voice is not deleted.

Also tells the files of another state.
"""

from __future__ import annotations

import json
import re

from reconciler.model.state import State

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")
_WITHOUT_ENTRIES = frozenset(("voices", "sounds"))  # the words of a file without entries


def names(content: bytes, voice_id: str) -> bool:
    """Whether the voice_id stands in the content, as a word of its own or with the escapes of any format."""
    if _PLAIN.fullmatch(voice_id):
        word = re.escape(voice_id.encode())
        return re.search(rb"(?<![A-Za-z0-9_-])" + word + rb"(?![A-Za-z0-9_-])", content) is not None
    return any(form.encode(errors="replace") in content for form in _forms(voice_id))


def names_only_others(content: bytes, state: State) -> bool:
    """Whether a file of ours has entries, and no id that the state has or had: a run of another state wrote it."""
    words = set(_PLAIN.findall(content.partition(b"\n")[2].decode(errors="replace")))  # without the first line
    if words <= _WITHOUT_ENTRIES:
        return False
    for record in state.records.values():
        for given in (record.voice_id, record.url, record.file_id):
            if given is not None and (given in words if _PLAIN.fullmatch(given) else names(content, given)):
                return False
    return True


def _forms(voice_id: str) -> set[str]:
    escaped = {json.dumps(voice_id, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)}
    hcl = {form.replace("${", "$${").replace("%{", "%%{") for form in escaped}
    return {voice_id, voice_id.replace('"', '""'), *escaped, *hcl}
