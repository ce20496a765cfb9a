"""YAML for applications: the same entries as in JSON. Texts are in double quotes, so YAML 1.1 and 1.2 read the same."""

from __future__ import annotations

import re
from collections.abc import Mapping

from reconciler.model.outputs import Row
from reconciler.views.output_formats.comment import COMMENT
from reconciler.views.output_formats.fields import Field, without_no_previous
from reconciler.views.output_formats.quoting import quoted

_PLAIN = re.compile(r"[A-Za-z][A-Za-z0-9_-]*")
_NOT_TEXT = frozenset(("y", "n", "yes", "no", "on", "off", "true", "false", "null", "nan", "inf"))  # ignoring case


def render(rows: Mapping[str, Row]) -> str:
    lines = [line for address, row in rows.items() for line in _entry(address, row)]
    return COMMENT + "".join(f"{line}\n" for line in lines or ["{}"])


def faults(rows: Mapping[str, Row]) -> dict[str, str]:  # noqa: ARG001 - a RowsFormat's
    return {}


def _entry(address: str, row: Row) -> list[str]:
    return [f"{_key(address)}:", *(f"  {name}: {_value(given)}" for name, given in without_no_previous(row).items())]


def _key(text: str) -> str:
    return text if _PLAIN.fullmatch(text) and text.lower() not in _NOT_TEXT else quoted(text)


def _value(given: Field) -> str:
    if given is None:
        return "null"
    if isinstance(given, str):
        return quoted(given)
    return f"{{{', '.join(f'{quoted(key)}: {quoted(inner)}' for key, inner in given.items())}}}"
