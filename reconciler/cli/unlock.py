"""unlock: breaks the lock of a run that is dead."""

from __future__ import annotations

import os
import sys

import click

from reconciler.cli import streams
from reconciler.cli.context import global_options, options, say, warn
from reconciler.cli.state_access import settings_here
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import Declined
from reconciler.hints import hint, way
from reconciler.protocols.backend import locked_by


@click.command(cls=Subcommand)
@click.argument("lock_id", metavar="ID")
@click.option("--auto-approve", is_flag=True, help="Do not ask for confirmation.")
@global_options
def unlock(lock_id: str, auto_approve: bool) -> int:
    """Break the lock of a run that is dead.

    The error "The state is locked" shows the ID. After a run died on this machine, or its lease ran out, no unlock is
    needed: the next run takes over. voicectl does not break the lock of a run that is alive on this machine.
    """
    from reconciler import state_wiring

    settings = settings_here()
    backend = state_wiring.backend(options().workspace(), settings, os.environ)
    shared = state_wiring.is_shared(settings)
    if not auto_approve and (shared or sys.stdin.isatty()):
        held = backend.holder()
        if held is not None and held.info.lock_id == lock_id:
            _confirm(locked_by(held).detail, lock_id)
        elif held is None and shared and not backend.traits.leases:
            _confirm("This server says who holds a lock only to a run that wants it.", lock_id)
    try:
        holder = backend.break_lock(lock_id)
    finally:
        warn(backend.notes)
    say(f"Unlocked: {holder.operation} by {holder.who}. The next run settles what it left open.")
    return 0


def _confirm(holder: str, lock_id: str) -> None:
    """Says who holds the lock, and asks. Raises Declined, also without a terminal: other machines share this state."""
    say(holder)
    asked = "If that run is alive after all, it stops at its next write. Break its lock? Only 'yes' will be accepted: "
    if not sys.stdin.isatty() or streams.ask(asked) != "yes":
        unasked = way("To continue without confirmation", "unlock", lock_id, "--auto-approve")
        raise Declined("You did not answer yes.", hint(unasked), summary="The lock was not broken")
