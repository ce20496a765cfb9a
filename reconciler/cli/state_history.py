"""state history: lists the snapshots that the backend keeps."""

from __future__ import annotations

import click

from reconciler.cli.context import command, global_options, say, write, write_json
from reconciler.cli.state_access import store_here
from reconciler.cli.subcommand import Subcommand


@click.command(cls=Subcommand)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@global_options
def history(as_json: bool) -> int:
    """List the snapshots that are kept, the newest first.

    `state show --serial N` shows one, and `state pull --serial N` prints it, to be pushed again.
    """
    from reconciler.views import json_documents, text

    kept = store_here().history()
    if as_json:
        write_json(json_documents.history_document(kept))
    elif kept:
        write(text.history(kept))
        say(f"To see one: {command('state show --serial', kept[0].serial)}")
    else:
        say("No snapshot is kept yet.")
    return 0
