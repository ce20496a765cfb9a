"""Finds whether a file names a voice_id, whoever wrote the file. If in doubt it does: then the voice is not deleted."""

from __future__ import annotations

import json
import re

_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


def names(content: bytes, voice_id: str) -> bool:
    """Whether the voice_id stands in the content, as a word of its own or with the escapes of any format."""
    if _PLAIN.fullmatch(voice_id):
        word = re.escape(voice_id.encode())
        return re.search(rb"(?<![A-Za-z0-9_-])" + word + rb"(?![A-Za-z0-9_-])", content) is not None
    return any(form.encode(errors="replace") in content for form in _forms(voice_id))


def _forms(voice_id: str) -> set[str]:
    escaped = {json.dumps(voice_id, ensure_ascii=ascii_only)[1:-1] for ascii_only in (False, True)}
    hcl = {form.replace("${", "$${").replace("%{", "%%{") for form in escaped}
    return {voice_id, voice_id.replace('"', '""'), *escaped, *hcl}
