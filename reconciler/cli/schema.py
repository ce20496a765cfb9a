"""schema: prints the JSON Schema of a document."""

from __future__ import annotations

import click

from reconciler.cli.context import global_options, write_json
from reconciler.cli.subcommand import Subcommand


@click.command(cls=Subcommand)
@click.argument("document", type=click.Choice(["manifest", "plan", "event", "state"]))
@global_options
def schema(document: str) -> int:
    """Print the JSON Schema of a document.

    manifest: what people write. plan: what `plan --json` prints. event: a line of `apply --json`.
    state: the state file.
    """
    if document == "manifest":
        from reconciler.model.schema import manifest_schema

        write_json(manifest_schema())
    else:
        from reconciler.views import schema as schemas

        made = {"plan": schemas.plan_schema, "event": schemas.event_schema, "state": schemas.state_schema}
        write_json(made[document]())
    return 0
