"""schema: prints the JSON Schema of a document, or the reference of the manifest's keys."""

from __future__ import annotations

import click

from reconciler.cli.context import global_options, write, write_json
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError


@click.command(cls=Subcommand)
@click.argument("document", type=click.Choice(["manifest", "plan", "event", "state", "webhook"]))
@click.option(
    "--format",
    "format_name",
    type=click.Choice(["json", "markdown"]),
    default="json",
    show_default=True,
    help="How it is shown. markdown: the keys of the manifest, in tables.",
)
@global_options
def schema(document: str, format_name: str) -> int:
    """Print the JSON Schema of a document.

    manifest: what people write. plan: what `plan --json` prints. event: a line of `apply --json`.
    state: the state file. webhook: what `watch --webhook` sends.
    """
    if format_name == "markdown":
        if document != "manifest":
            raise UsageError("--format markdown shows the manifest only.")
        from reconciler.views.manifest_reference import manifest_reference

        write(manifest_reference().rstrip("\n"))
    elif document == "manifest":
        from reconciler.model.schema import manifest_schema

        write_json(manifest_schema())
    else:
        from reconciler.views import schema as schemas
        from reconciler.views.webhook_document import webhook_schema

        made = {"plan": schemas.plan_schema, "event": schemas.event_schema, "state": schemas.state_schema}
        made["webhook"] = webhook_schema
        write_json(made[document]())
    return 0
