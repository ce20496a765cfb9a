"""The formats of files for applications by name: how they are written, and how a file of ours is recognised."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from reconciler.model.outputs import Row


class RowsFormat(Protocol):
    """Satisfied by a module. It gets usable rows only, and escapes each value for its format."""

    def render(self, rows: Mapping[str, Row], /) -> str:
        """The whole file, with its last newline."""
        ...

    def faults(self, rows: Mapping[str, Row], /) -> dict[str, str]:
        """Address -> why its row can't be written in this format."""
        ...


def rows_format(name: str) -> RowsFormat:
    """The module of a `FileFormat`. Raises KeyError for another name."""
    match name:
        case "json":
            from reconciler.views.output_formats import json

            return json
        case "yaml":
            from reconciler.views.output_formats import yaml

            return yaml
        case "dotenv":
            from reconciler.views.output_formats import dotenv

            return dotenv
        case "tfvars":
            from reconciler.views.output_formats import tfvars

            return tfvars
        case "csv":
            from reconciler.views.output_formats import csv

            return csv
        case _:
            raise KeyError(name)


def is_ours(content: bytes) -> bool:
    """Whether voicectl wrote the file, in any format. Other files are never written over."""
    from reconciler.views.output_formats import csv, json
    from reconciler.views.output_formats.comment import COMMENT

    try:
        text = content.decode()
    except UnicodeDecodeError:
        return False
    first = text.partition("\n")[0].rstrip()  # git may have changed the line ends
    return not text.strip() or first in (COMMENT.rstrip(), csv.HEADER.rstrip()) or json.recognises(text)
