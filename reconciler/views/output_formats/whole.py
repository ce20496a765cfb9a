"""Renders what an application reads: all of it, or nothing."""

from __future__ import annotations

from collections.abc import Mapping

from reconciler.errors import OutputIncomplete
from reconciler.hints import hint, way
from reconciler.model.output_names import clashes
from reconciler.model.outputs import Row, missing
from reconciler.views.output_formats.registry import rows_format


def whole(format_name: str, rows: Mapping[str, Row]) -> str:
    """All rows in this format, with the last newline. Raises OutputIncomplete if one of them can't be used."""
    chosen = rows_format(format_name)
    lacking = missing(rows, rows) or chosen.faults(rows)
    if lacking:
        listed = "; ".join(f"{address}: {why}" for address, why in lacking.items())
        raise OutputIncomplete(f"{listed}.", hint(way("", "plan", after=" says why.")))
    for clash in clashes(format_name, rows):
        raise OutputIncomplete(
            f"{clash.first} and {clash.second} would both be {clash.name}.", "Name only the addresses that you need."
        )
    return chosen.render(rows)
