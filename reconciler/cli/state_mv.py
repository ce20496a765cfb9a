"""state mv: gives voices other addresses, or moves them into the state of another manifest."""

from __future__ import annotations

import os
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click

from reconciler.cli.address_type import ADDRESS
from reconciler.cli.context import global_options, manifest_at, options, say, session
from reconciler.cli.options import lock_option, locking
from reconciler.cli.shell_completion import moving_addresses
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.hints import hint, way
from reconciler.views.layout import counted

if TYPE_CHECKING:
    from reconciler.engine.session import Request


@click.command("mv", cls=Subcommand)
@click.argument(
    "addresses", nargs=-1, required=True, type=ADDRESS, metavar="ADDRESS...", shell_complete=moving_addresses
)
@click.option(
    "--to-manifest",
    type=click.Path(path_type=Path),
    metavar="PATH",
    help="Move the voices into the state of this manifest, under the addresses that they have.",
)
@lock_option
@global_options
def move(addresses: tuple[str, ...], to_manifest: Path | None, lock_timeout: str | None) -> int:
    """Give voices other addresses, or another manifest.

    ADDRESS... are pairs, an old and a new address: hero heroine, or with one * on both sides: 'npc_*' 'cast_*'.
    Rename the entries in the manifest too: then nothing changes in the cloud.

    With --to-manifest, each ADDRESS is a voice, or a pattern with *, that moves into the state of that manifest. Copy
    the entries there first, move, then remove them here: neither plan buys or deletes a voice. If the command is
    interrupted, run it again.
    """
    asked = locking(lock_timeout)
    if to_manifest is not None:
        return _to_manifest(addresses, to_manifest, asked)
    if len(addresses) % 2:
        raise UsageError(
            f"{addresses[-1]} has no new address: the addresses are pairs.",
            hint(way("For example", "state mv hero heroine", after=" or 'npc_*' 'cast_*'")),
        )
    from reconciler.engine import state_edits

    pairs = list(zip(addresses[::2], addresses[1::2], strict=True))
    with session() as opened:
        moved = state_edits.move(opened, pairs, asked)
    for source, target in moved:
        say(f"{source} is {target} now.")
    return 0


def _to_manifest(addresses: tuple[str, ...], path: Path, asked: Request) -> int:
    from reconciler import state_wiring, wiring
    from reconciler.engine import state_transfer

    workspace = replace(options().workspace(), manifest=path, state_url=None)
    if not path.exists():
        raise UsageError(f"{path} does not exist, so it can't get voices.")
    with session() as source, ExitStack() as closing:
        manifest = manifest_at(workspace)
        chosen = (
            {state_wiring.STATE_VARIABLE} if manifest.state is not None else set()
        )  # it is this manifest's, not that one's
        environ = {name: value for name, value in os.environ.items() if name not in chosen}
        target = wiring.session(manifest, workspace, environ=environ, closing=closing)
        moved = state_transfer.transfer(source, target, addresses, os.path.normpath(path), asked)
        say(f"Moved to {target.store.where}: {counted(len(moved), 'voice')}." if moved else "They were moved before.")
    return 0
