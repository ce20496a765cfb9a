"""unlock: breaks the lock of a run that is dead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.context import global_options, options, say
from reconciler.cli.subcommand import Subcommand
from reconciler.model.time_format import format_time

if TYPE_CHECKING:
    pass


@click.command(cls=Subcommand)
@click.argument("lock_id", metavar="ID")
@global_options
def unlock(lock_id: str) -> int:
    """Break the lock of a run that is dead.

    The error "The state is locked" shows the ID. After a run died on this machine, no unlock is needed. voicectl does
    not break the lock of a run that is alive.
    """
    from reconciler import wiring

    holder = wiring.backend(options().workspace()).break_lock(lock_id)
    say(f"Unlocked: {holder.operation} by {holder.who}, since {format_time(holder.since)}.")
    return 0
