"""state migrate: moves the state to another place."""

from __future__ import annotations

import os

import click

from reconciler.cli.context import global_options, options, say, warn
from reconciler.cli.options import lock_option, locking
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError


@click.command("migrate", cls=Subcommand)
@click.option("--to", "target", metavar="URL", help="The new place; `local` is the file beside the manifest.")
@click.option("--from", "source", metavar="URL", help="The old place, if it is not the one that is in use.")
@lock_option
@global_options
def migrate(target: str | None, source: str | None, lock_timeout: str | None) -> int:
    """Move the state to another place.

    With --to, it moves from the place in use. Without --to, it moves the file beside the manifest to the place that
    the manifest names. What the old place holds then refuses every plan, and says where the state is.
    """
    from reconciler import state_wiring
    from reconciler.engine import migration
    from reconciler.engine.lock_owner import LockOwner
    from reconciler.model.state_defaults import LOCAL
    from reconciler.model.state_settings import StateSettings, shown_url
    from reconciler.system_clock import SystemClock
    from reconciler.views.layout import counted

    workspace = options().workspace()
    if workspace.sandbox:
        raise UsageError("The sandbox keeps its state beside its world: it can't be moved.")
    declared = state_wiring.declared_state(workspace, os.environ)
    used = state_wiring.state_settings(workspace, declared, os.environ)
    in_use = LOCAL if used is None or used.url is None else used.url
    new = target or in_use
    old = source or (in_use if target is not None and target != in_use else LOCAL)
    if StateSettings(url=old).is_at(new):
        raise UsageError(
            f"The state is at {shown_url(new)} already.",
            "Name the new place: --to URL, such as --to s3://bucket/voices",
        )
    there = state_wiring.settings_at(new, used, "--to")
    here = state_wiring.settings_at(
        old, used, "--from"
    ).accepting_plain()  # it may be from before encryption was configured
    places = [
        migration.Place(shown_url(name), state_wiring.backend(workspace, settings, os.environ))
        for name, settings in ((old, here), (new, there))
    ]
    asked = locking(lock_timeout)
    try:
        state = migration.migrate(
            *places,
            clock=SystemClock(),
            owner=LockOwner.here(os.environ),
            wait=asked.lock_wait,
            waiting=asked.waiting,
        )
    finally:
        for place in places:
            warn(place.backend.notes)
    say(f"The state with {counted(len(state.current), 'voice')} is at {places[1].backend.where} now.")
    encrypted = there.encryption is not None
    if encrypted:
        say("Copies that the old place keeps from before (a backup, snapshots) stay as they are, encrypted or not.")
    if new != in_use:
        how = (
            f"write into the manifest: state: {'{url: ' * encrypted}{shown_url(new)}{', encryption: ...}' * encrypted}"
        )
        if new == LOCAL:
            how = f"remove {'url from state:, but keep its encryption' if encrypted else 'state: from the manifest'}"
        say(f"For the next run, {how}")
    return 0
