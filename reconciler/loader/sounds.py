"""Local files that a voice is made from: read once, so that their bytes and not their names say what they are.

Paths are relative to the file that says them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path as FilePath

from reconciler.loader.findings import Finding
from reconciler.loader.positions import Path
from reconciler.model.base import Inputs


@dataclass(frozen=True, slots=True)
class Sounds:
    """The inputs' key -> where its file lies; and what a person should know of them."""

    files: dict[str, str]
    remarks: tuple[str, ...] = ()


def local_files(inputs: Inputs, *, file: str, path: Path, findings: list[Finding]) -> Sounds | None:
    """Adds each file's `sha256` to its input; None where there is no file. What is wrong is told."""
    named = {key: value["file"] for key, value in inputs.items() if isinstance(value, dict) and "file" in value}
    if not named:
        return None
    files: dict[str, str] = {}
    for key, name in named.items():
        lies = FilePath(file).parent / name
        try:
            data = lies.read_bytes()
        except (OSError, ValueError) as failure:
            reason = failure.strerror if isinstance(failure, OSError) and failure.strerror else "not a path"
            findings.append(Finding(file, (*path, key, "file"), f"can't be read: {reason}"))
            continue
        inputs[key]["sha256"] = hashlib.sha256(data).hexdigest()
        files[key] = str(lies.absolute())
    return Sounds(files)
