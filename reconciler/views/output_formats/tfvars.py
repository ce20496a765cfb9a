"""tfvars for Terraform and OpenTofu: the maps `voices` and `sounds`.

Each entry has each field, so that one type fits all entries; null says that there is none.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from reconciler.model.output_names import identifier
from reconciler.model.outputs import Output, Row
from reconciler.views.output_formats.comment import COMMENT
from reconciler.views.output_formats.fields import Field, fields
from reconciler.views.output_formats.quoting import quoted


def render(rows: Mapping[str, Row]) -> str:
    voices = {address: row for address, row in rows.items() if isinstance(row, Output)}
    sounds = {address: row for address, row in rows.items() if address not in voices}
    maps = [_map("voices", voices)] if voices or not sounds else []
    maps += [_map("sounds", sounds)] if sounds else []  # Terraform warns of a variable that nobody declares
    return COMMENT + "\n".join(maps)


def faults(rows: Mapping[str, Row]) -> dict[str, str]:  # noqa: ARG001 - a RowsFormat's
    return {}


def _map(name: str, rows: Mapping[str, Row]) -> str:
    lines = [line for address, row in rows.items() for line in _entry(identifier(address), row)]
    return "\n".join([f"{name} = {{", *lines, "}\n"])


def _entry(name: str, row: Row) -> Iterator[str]:
    given = fields(row)
    width = max(map(len, given))
    yield f"  {name} = {{"
    yield from (f"    {field:{width}} = {_value(value)}" for field, value in given.items())
    yield "  }"


def _value(given: Field) -> str:
    if given is None:
        return "null"
    if isinstance(given, str):
        return _text(given)
    pairs = ", ".join(f"{_text(key)} = {_text(inner)}" for key, inner in given.items())
    return f"{{ {pairs} }}" if pairs else "{}"


def _text(given: str) -> str:
    """A string of HCL, without templates."""
    return quoted(given).replace("${", "$${").replace("%{", "%%{")
