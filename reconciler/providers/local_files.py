"""Reads declared local files. A file that has changed since the manifest was read is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reconciler.errors import Rejected
from reconciler.model.manifest import Voice


def bytes_of(voice: Voice, key: str) -> bytes:
    """The bytes of the file that this input names. Raises Rejected if the digest has changed; nothing was sent then."""
    named, path = voice.inputs[key], voice.files[key]
    try:
        data = Path(path).read_bytes()
    except OSError as failure:
        raise Rejected(f"{key}: {named['file']} can't be read any more: {failure.strerror}") from None
    if hashlib.sha256(data).hexdigest() != named["sha256"]:
        raise Rejected(f"{key}: {named['file']} changed while this run was under way", "Plan again.")
    return data
