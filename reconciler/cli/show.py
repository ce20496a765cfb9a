"""show: prints the state, or a saved plan."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.audio_option import NONE, audio_option, chosen
from reconciler.cli.context import global_options, on_stdout, write
from reconciler.cli.format_option import format_option
from reconciler.cli.options import detail_options
from reconciler.cli.review import plan_document
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way
from reconciler.views.formats.registry import HTML, NAMES, REVIEWS, format_named


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@format_option(REVIEWS)
@audio_option("link; none for a saved plan")
@detail_options
@global_options
def show(planfile: Path | None, format_name: str, audio: str | None) -> int:
    """Show the state, or a saved plan.

    --format html makes one page of all voices, to read and to listen to. A sample whose link has a query (a signed
    link) is heard only with --audio inline, because the query is a secret.
    """
    if planfile is not None:
        from reconciler.cli.planfile import read_plan

        choice, saved = chosen(audio, format_name, default=NONE), read_plan(planfile)
        heard = None
        if choice is not None:
            from reconciler.cli.pages import recordings_of_saved

            heard = recordings_of_saved(saved, choice)
        write(plan_document(saved, format_name, planfile=planfile, recordings=heard))
    elif format_name == HTML:
        from reconciler.cli.pages import fleet_document
        from reconciler.cli.state import state_here

        choice = chosen(audio, format_name)
        write(fleet_document(state_here(), choice))
    elif format_name not in NAMES:
        raise UsageError(
            f"--format {format_name} shows a saved plan, and not the state.",
            hint(way("", "show PLANFILE --format", format_name)),
        )
    else:
        from reconciler.cli.state import state_here

        chosen(audio, format_name)
        write(format_named(format_name).state(state_here(), on_stdout()))
    return 0
