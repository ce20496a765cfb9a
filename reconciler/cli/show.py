"""show: prints the state, or a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.context import global_options, on_stdout, write
from reconciler.cli.format_option import format_option
from reconciler.cli.options import detail_options
from reconciler.cli.subcommand import Subcommand
from reconciler.views.formats.registry import format_named


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@format_option
@detail_options
@global_options
def show(planfile: Path | None, format_name: str) -> int:
    """Show the state, or a saved plan."""
    shown = format_named(format_name)
    if planfile is not None:
        from reconciler.cli.planfile import read_plan

        write(shown.plan(read_plan(planfile), on_stdout()))
    else:
        from reconciler.cli.state import state_here

        write(shown.state(state_here(), on_stdout()))
    return 0
