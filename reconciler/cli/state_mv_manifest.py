"""state mv-manifest: renames the state after its manifest was renamed."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path

import click

from reconciler.cli.context import global_options, options, say, store_here
from reconciler.cli.options import lock_option, locking
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import StateError, UsageError
from reconciler.hints import hint, way


@click.command("mv-manifest", cls=Subcommand)
@click.argument("source", required=False, type=click.Path(path_type=Path))
@lock_option
@global_options
def move_manifest(source: Path | None, lock_timeout: str) -> int:
    """Rename the state after its manifest was renamed.

    SOURCE is the manifest's old path; -f names the new one. Without SOURCE, it uses the state beside the manifest.
    """
    from reconciler import wiring

    asked = locking(lock_timeout)
    workspace = options().workspace()
    if not workspace.manifest.exists():
        raise UsageError(
            f"{workspace.manifest} does not exist, so it can't get a state.",
            hint(way("Name the renamed manifest with -f", "state mv-manifest OLD", place="-f NEW")),
        )
    old = wiring.Workspace(manifest=source, sandbox=workspace.sandbox) if source is not None else workspace
    target = store_here()
    source_store = target if old.state == workspace.state else wiring.store(old, None, os.environ)
    with ExitStack() as locks:
        for store in dict.fromkeys((source_store, target)):  # a run on the old one must not lose its state
            locks.enter_context(store.locked("state mv-manifest", wait=asked.lock_wait, waiting=asked.waiting))
        held = target.load()
        moved = held if source_store is target else source_store.load()
        if moved is None:
            raise StateError(
                f"There is no state at {old.state}.",
                hint(way("Name the manifest's old path", "state mv-manifest OLD")),
                summary="No state there",
            )
        if held is not None and held.lineage != moved.lineage and held.current:
            raise UsageError(f"{workspace.state} holds voices already.", "Two states can't be merged.")
        target.begin(held, pays=False)
        target.finish(moved.with_changes(manifest=workspace.name))
        if old.state != workspace.state:
            wiring.rename_to_backup(old)
    say(f"{workspace.state} belongs to {'this folder' if workspace.name == '.' else workspace.name} now.")
    return 0
