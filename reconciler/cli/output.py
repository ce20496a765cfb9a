"""output: prints the voice_id of each address."""

from __future__ import annotations

import click

from reconciler.cli.address_type import ADDRESS, refuse_entry
from reconciler.cli.context import global_options, on_stdout, write
from reconciler.cli.format_option import format_option
from reconciler.cli.shell_completion import recorded_addresses
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way
from reconciler.views.formats.registry import TEXT, format_named


@click.command(cls=Subcommand)
@click.argument("address", required=False, type=ADDRESS, shell_complete=recorded_addresses)
@format_option()
@global_options
def output(address: str | None, format_name: str) -> int:
    """Print the voice_id of each address.

    Reads the state only, and fails without one. With ADDRESS, prints only the voice_id, for use in scripts; for a
    sound, its URL. JSON also holds names, labels and status.
    """
    from reconciler import wiring
    from reconciler.cli.state import state_here
    from reconciler.model.outputs import outputs

    rows = outputs(state_here(), now=wiring.SystemClock().now())
    if address is not None and address not in rows:
        refuse_entry(address, rows, address)
        raise UsageError(
            f"{address} has no voice in the state.", hint(way("", "output", after=" lists what there is."))
        )
    if format_name == TEXT and address is not None and rows[address].value is None:
        row = rows[address]
        raise UsageError(
            f"{address} has no {row.names}: it is {row.status}.", hint(way("", "plan", after=" says why."))
        )
    write(format_named(format_name).output(rows, address, on_stdout()))
    return 0
