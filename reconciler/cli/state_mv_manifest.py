"""state mv-manifest: renames the state after its manifest was renamed."""

from __future__ import annotations

import os
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import global_options, manifest_at, options, say
from reconciler.cli.options import lock_option, locking
from reconciler.cli.state_access import locked, settings_here, store_here
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import StateError, StateMoved, UsageError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.engine.store import Store


@click.command("mv-manifest", cls=Subcommand)
@click.argument("source", required=False, type=click.Path(path_type=Path))
@lock_option
@global_options
def move_manifest(source: Path | None, lock_timeout: str | None) -> int:
    """Rename the state after its manifest was renamed.

    SOURCE is the manifest's old path; -f names the new one. Without SOURCE, it uses the state beside the manifest. It
    also confirms that all entries of a shared state were replaced on purpose.
    """
    from reconciler import state_wiring
    from reconciler.engine import migration
    from reconciler.model.state_defaults import LOCAL
    from reconciler.planning import shared_place
    from reconciler.workspace import Workspace

    asked = locking(lock_timeout)
    workspace = options().workspace()
    if not workspace.manifest.exists():
        raise UsageError(
            f"{workspace.manifest} does not exist, so it can't get a state.",
            hint(way("Name the renamed manifest with -f", "state mv-manifest OLD", place="-f NEW")),
        )
    settings = settings_here()
    target = source_store = store_here()
    old = workspace if source is None else Workspace(manifest=source, sandbox=workspace.sandbox)
    left_behind = False
    if source is not None:
        beside = None if settings is None else settings.at(LOCAL).accepting_plain()
        source_store = state_wiring.store(old, beside, os.environ)
        left_behind = not state_wiring.is_shared(settings) or _holds_a_state(source_store)
        if not left_behind:
            source_store = state_wiring.store(old, settings, os.environ)
        source_store = target if source_store.where == target.where else source_store
    with ExitStack() as locks:
        for store in dict.fromkeys((source_store, target)):  # a run on the old one must not lose its state
            locks.enter_context(locked(store, "state mv-manifest", asked))
        held = target.load()
        moved = held if source_store is target else source_store.load()
        if moved is None:
            raise StateError(
                f"There is no state at {source_store.where}.",
                hint(way("Name the manifest's old path", "state mv-manifest OLD")),
                summary="No state there",
            )
        if held is not None and held.lineage != moved.lineage and held.current:
            raise UsageError(f"{target.where} holds voices already.", "Two states can't be merged.")
        if held is not None and held.lineage == moved.lineage and held.serial > moved.serial:
            moved = held  # it was moved before, by a command that was killed, and a run has changed it since
        target.begin(held, pays=False)
        accepts = shared_place.digest(manifest_at(workspace).voices) if state_wiring.is_shared(settings) else None
        target.finish(moved.with_changes(manifest=workspace.name, accepts=accepts))
        if source_store is not target:
            if left_behind:
                state_wiring.set_aside(old, moved_to=None if state_wiring.is_shared(settings) else workspace)
            else:
                migration.leave_mark(state_wiring.backend(old, settings, os.environ), target.where)
    say(f"{target.where} belongs to {'this folder' if workspace.name == '.' else workspace.name} now.")
    return 0


def _holds_a_state(store: Store) -> bool:
    """Whether a state is there, and no mark that it left."""
    try:
        return store.load() is not None
    except StateMoved:
        return False
