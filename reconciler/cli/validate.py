"""validate: checks the manifest without calling a cloud."""

from __future__ import annotations

import click

from reconciler.cli.context import global_options, manifest_at, options, write
from reconciler.cli.format_option import format_option
from reconciler.cli.review import manifest_document, problems_document
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import ManifestError
from reconciler.views.formats.registry import CHECKS, TEXT


@click.command(cls=Subcommand)
@click.option("--probe", is_flag=True, help="Also download the samples behind URLs, and check them.")
@format_option(CHECKS)
@global_options
def validate(probe: bool, format_name: str) -> int:
    """Check the manifest without calling a cloud.

    Shows every problem at once, as file:line:column. --probe calls the servers of the links, also with --sandbox.
    """
    from reconciler import wiring

    try:
        manifest = manifest_at(options().workspace(), fetch=wiring.fetch() if probe else None)
    except ManifestError as error:
        if format_name != TEXT:  # which is said on stderr
            write(problems_document(error, format_name))
        raise
    write(manifest_document(manifest, format_name))
    return 0
