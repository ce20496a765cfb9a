"""The bytes of a declared local file, as they were when the manifest was read: a file that changed since is refused."""

from __future__ import annotations

import hashlib
from pathlib import Path

from reconciler.errors import Rejected
from reconciler.model.manifest import Voice


def bytes_of(voice: Voice, key: str) -> bytes:
    """Raises Rejected where the file is not what was planned any more; nothing was sent then."""
    named, lies = voice.inputs[key], voice.files[key]
    try:
        data = Path(lies).read_bytes()
    except OSError as failure:
        raise Rejected(f"{key}: {named['file']} can't be read any more: {failure.strerror}") from None
    if hashlib.sha256(data).hexdigest() != named["sha256"]:
        raise Rejected(f"{key}: {named['file']} changed while this run was under way", "Plan again.")
    return data
