"""output: prints the voice_id of each address."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import click

from reconciler.cli.address_type import ADDRESS, refuse_entry
from reconciler.cli.context import global_options, on_stdout, write
from reconciler.cli.format_option import format_option
from reconciler.cli.shell_completion import recorded_addresses
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way
from reconciler.views.formats.registry import JSON, TEXT, format_named

if TYPE_CHECKING:
    from reconciler.model.outputs import Row

FORMATS = (TEXT, JSON, "yaml", "dotenv", "tfvars", "csv")


@click.command(cls=Subcommand)
@click.argument("addresses", nargs=-1, type=ADDRESS, metavar="[ADDRESS]...", shell_complete=recorded_addresses)
@format_option(FORMATS)
@global_options
def output(addresses: tuple[str, ...], format_name: str) -> int:
    """Print the voice_id of each address.

    Reads the state only, and fails without one. With one ADDRESS, prints only the voice_id, for use in scripts; for a
    sound, its URL. JSON also holds names, labels and status. The other formats are those of `outputs:` in the
    manifest: they fail if a voice in them can't be used.
    """
    from reconciler.cli.state import state_here
    from reconciler.model.outputs import outputs
    from reconciler.system_clock import SystemClock

    rows: Mapping[str, Row] = outputs(state_here(), now=SystemClock().now())
    for address in addresses:
        if address not in rows:
            refuse_entry(address, rows, address)
            raise UsageError(
                f"{address} has no voice in the state.", hint(way("", "output", after=" lists what there is."))
            )
    if addresses:
        rows = {address: row for address, row in rows.items() if address in addresses}
    if format_name not in (TEXT, JSON):
        from reconciler.views.output_formats.whole import whole

        write(whole(format_name, rows).removesuffix("\n"))
        return 0
    only = addresses[0] if len(addresses) == 1 else None
    if format_name == TEXT and only is not None and rows[only].value is None:
        row = rows[only]
        raise UsageError(f"{only} has no {row.names}: it is {row.status}.", hint(way("", "plan", after=" says why.")))
    write(format_named(format_name).output(rows, only, on_stdout()))
    return 0
