"""validate: checks the manifest without calling a cloud."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import global_options, manifest_at, on_stdout, options, write
from reconciler.cli.format_option import format_option
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import ManifestError, Problem
from reconciler.model.finding import Level
from reconciler.views.formats.registry import TEXT, format_named

if TYPE_CHECKING:
    from reconciler.model.manifest import Manifest


@click.command(cls=Subcommand)
@click.option("--probe", is_flag=True, help="Also download the samples behind URLs, and check them.")
@format_option
@global_options
def validate(probe: bool, format_name: str) -> int:
    """Check the manifest without calling a cloud.

    Shows every problem at once, as file:line:column. --probe calls the servers of the links, also with --sandbox.
    """
    from reconciler import wiring

    shown = format_named(format_name)
    try:
        manifest = _within_policy(manifest_at(options().workspace(), fetch=wiring.fetch() if probe else None))
    except ManifestError as error:
        if format_name != TEXT:  # which is said on stderr
            write(shown.problems(error, on_stdout()))
        raise
    write(shown.manifest(manifest, on_stdout()))
    return 0


def _within_policy(manifest: Manifest) -> Manifest:
    """The manifest, with a note for each warning of `policy:`. Raises ManifestError for what a rule denies.

    Rules about a plan, and rules with a command, are for `plan`.
    """
    if not manifest.policy:
        return manifest
    from reconciler.planning import rules

    found = rules.of_declarations(manifest)
    denied = rules.denied(found)
    if denied:
        name = "This folder" if manifest.name == "." else manifest.name
        raise ManifestError(
            [Problem(name, 0, 1, each.address or "", f"policy {each.rule}: {each.message}") for each in denied]
        )
    warnings = rules.lines(each for each in found if each.level is Level.WARN)
    return replace(manifest, notes=(*manifest.notes, *warnings))
