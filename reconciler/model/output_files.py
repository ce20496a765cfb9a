"""The section `outputs:`: files with the voice_ids, which apply writes for applications.

A manifest may come from a pull request, so a path stays below the manifest's folder, and away from files of others.
"""

from __future__ import annotations

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Literal

from pydantic import Field

from reconciler.model.base import Frozen

_FOLDERS_OF_OTHERS = (".git", ".voicectl")
TEMPORARY = ".voicectl.tmp"  # the end of the name under which a file is written first
_LONGEST_NAME = 200  # bytes; the file is written under a slightly longer temporary name first


OUTPUTS_SCHEMA = {
    "title": "Outputs",
    "description": "The files with the voice_ids that apply writes for applications.",
    "type": "array",
    "items": {"$ref": "#/$defs/OutputFile"},
}
FileFormat = Literal["json", "yaml", "dotenv", "tfvars", "csv"]


class OutputFile(Frozen):
    """One file that apply writes. `path` is relative to the manifest's folder."""

    path: str = Field(min_length=1, description="The file, below the folder of the manifest.")
    format: FileFormat = Field(description="How the file is written.")
    addresses: tuple[str, ...] = Field(
        default=(), description="Only these addresses; * stands for any text. All of them unless said."
    )

    def selects(self, address: str) -> bool:
        """Whether the file holds this address."""
        return not self.addresses or any(matches(address, pattern) for pattern in self.addresses)

    def selected(self, addresses: Iterable[str]) -> list[str]:
        """The addresses that the file holds, sorted."""
        return sorted(filter(self.selects, addresses))


def matches(address: str, pattern: str) -> bool:
    """Whether the pattern selects the address. An address itself is a pattern too, whatever characters it has."""
    return address == pattern or fnmatchcase(address, pattern)


def path_fault(path: str) -> str | None:
    """Why no output may have this path, whatever the disk holds; None if it may."""
    parts = path.split("/")
    if not path.isprintable() or "\\" in path:
        return "has characters that no path of an output may have: write a plain name, such as voices.env"
    if path.startswith(("/", "~")):
        return "should be relative to the folder of the manifest"
    if ".." in parts:
        return "leads out of the folder of the manifest: .. is not allowed here"
    if "" in parts or "." in parts:
        return "should name a file, without an empty part and without ."
    found = next((part for part in parts if part.casefold() in _FOLDERS_OF_OTHERS), None)
    if found is not None:
        return f"leads into {found}, where voicectl writes no outputs"
    if ".state." in parts[-1].casefold() or ".rescue." in parts[-1].casefold():
        return "is a name of a state: choose another name"
    if parts[-1].casefold().endswith(TEMPORARY):
        return "is a name of a temporary file: choose another name"
    if any(len(part.encode(errors="replace")) > _LONGEST_NAME for part in parts):
        return f"has a name of more than {_LONGEST_NAME} bytes"
    return None
