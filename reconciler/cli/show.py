"""show: prints the state, or a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.context import global_options, on_stdout, write
from reconciler.cli.format_option import format_option
from reconciler.cli.options import detail_options
from reconciler.cli.review import plan_document
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way
from reconciler.views.formats.registry import NAMES, REVIEWS, format_named


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@format_option(REVIEWS)
@detail_options
@global_options
def show(planfile: Path | None, format_name: str) -> int:
    """Show the state, or a saved plan."""
    if planfile is not None:
        from reconciler.cli.planfile import read_plan

        write(plan_document(read_plan(planfile), format_name, planfile=planfile))
    elif format_name not in NAMES:
        raise UsageError(
            f"--format {format_name} shows a saved plan, and not the state.",
            hint(way("", "show PLANFILE --format", format_name)),
        )
    else:
        from reconciler.cli.state import state_here

        write(format_named(format_name).state(state_here(), on_stdout()))
    return 0
