"""validate: checks the manifest without calling a cloud."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import global_options, manifest_at, options, write
from reconciler.cli.format_option import format_option
from reconciler.cli.review import manifest_document, problems_document
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import ManifestError, Problem
from reconciler.model.finding import Finding, Level
from reconciler.views.formats.registry import CHECKS, TEXT

_AUDIO = "audio."  # the prefix of the address of a sound

if TYPE_CHECKING:
    from reconciler.model.manifest import Manifest


@click.command(cls=Subcommand)
@click.option("--probe", is_flag=True, help="Also download the samples behind URLs, and check them.")
@format_option(CHECKS)
@global_options
def validate(probe: bool, format_name: str) -> int:
    """Check the manifest without calling a cloud.

    Shows every problem at once, as file:line:column. --probe calls the servers of the links, also with --sandbox.

    Listens to samples, with pip install 'voicectl[audio]': notes silence, clipping, noise, hum and a wrong level.
    Can't tell whether two people speak, and finds music only in the pauses of a voice.
    """
    from reconciler import wiring

    try:
        fetch = wiring.fetch() if probe else None
        manifest = _within_policy(manifest_at(options().workspace(), fetch=fetch, listen=True))
    except ManifestError as error:
        if format_name != TEXT:  # which is said on stderr
            write(problems_document(error, format_name))
        raise
    write(manifest_document(manifest, format_name))
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
        from reconciler.loader.source_places import entry_positions

        positions = entry_positions(options().workspace().manifest)
        raise ManifestError(sorted(_problem(each, manifest, positions) for each in denied))
    warnings = rules.lines(each for each in found if each.level is Level.WARN)
    return replace(manifest, notes=(*manifest.notes, *warnings))


def _problem(found: Finding, manifest: Manifest, positions: Mapping[str, tuple[str, tuple[int, int]]]) -> Problem:
    """The finding, at the entry that it is about."""
    from reconciler.model.address import parts

    address = found.address or ""
    file, (line, column) = positions.get(parts(address)[0], (manifest.name, (0, 1)))
    section = "" if address.startswith(_AUDIO) else "voices."
    return Problem(file, line, column, f"{section}{address}", f"policy {found.rule}: {found.message}")
