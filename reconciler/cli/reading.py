"""validate, output, show, voices: read and print."""

from __future__ import annotations

from pathlib import Path

import click

from reconciler.cli.asking import detail_options
from reconciler.cli.completion import provider_names, recorded_addresses
from reconciler.cli.format_option import format_option
from reconciler.cli.frame import global_options, manifest_at, on_stdout, options, session, write
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import ManifestError, UsageError
from reconciler.hints import hint, way
from reconciler.views.formats.registry import TEXT, format_named


@click.command(cls=Subcommand)
@click.option("--probe", is_flag=True, help="Fetch the samples behind links too, and measure them.")
@format_option
@global_options
def validate(probe: bool, format_name: str) -> int:
    """Check the manifest; no cloud is called.

    Every problem is shown at once, as file:line:column. --probe goes to the links' own servers, with --sandbox too.
    """
    from reconciler import wiring

    shown = format_named(format_name)
    try:
        manifest = manifest_at(options().workspace(), fetch=wiring.fetch() if probe else None)
    except ManifestError as error:
        if format_name != TEXT:  # which is said on stderr
            write(shown.problems(error, on_stdout()))
        raise
    write(shown.manifest(manifest, on_stdout()))
    return 0


@click.command(cls=Subcommand)
@click.argument("address", required=False, shell_complete=recorded_addresses)
@format_option
@global_options
def output(address: str | None, format_name: str) -> int:
    """Print the voice_id of each address.

    Reads the state only, and fails where there is none. With ADDRESS, prints the bare voice_id, for use in scripts;
    of a sound, its URL. JSON holds names, labels and status too.
    """
    from reconciler import wiring
    from reconciler.cli.state import state_here
    from reconciler.model.outputs import outputs

    rows = outputs(state_here(), now=wiring.SystemClock().now())
    if address is not None and address not in rows:
        raise UsageError(
            f"{address} has no voice in the state.", hint(way("", "output", after=" lists what there is."))
        )
    if format_name == TEXT and address is not None and rows[address].value is None:
        row = rows[address]
        raise UsageError(
            f"{address} has no {row.names}: it is {row.status}.", hint(way("", "plan", after=" says why."))
        )
    write(format_named(format_name).output(rows, address, on_stdout()))
    return 0


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@format_option
@detail_options
@global_options
def show(planfile: Path | None, format_name: str) -> int:
    """Show the state, or a saved plan."""
    shown = format_named(format_name)
    if planfile is not None:
        from reconciler.cli.applying import saved

        write(shown.plan(saved(planfile), on_stdout()))
    else:
        from reconciler.cli.state import state_here

        write(shown.state(state_here(), on_stdout()))
    return 0


@click.command(cls=Subcommand)
@click.argument("provider", shell_complete=provider_names)
@click.option("--presets", is_flag=True, help="The official voices instead.")
@click.option("--unmanaged", is_flag=True, help="Only voices that the state does not hold.")
@format_option
@global_options
def voices(provider: str, presets: bool, unmanaged: bool, format_name: str) -> int:
    """List the voices of a provider's account.

    PROVIDER is a name from the manifest.
    """
    from reconciler.model.state import LIVE, Status
    from reconciler.model.voice_list import VoiceList

    if presets and unmanaged:
        raise UsageError("--presets and --unmanaged exclude each other.")
    with session() as opened:
        providers = opened.manifest.providers
        if provider not in providers:
            raise UsageError(f"The manifest declares no provider {provider}.", f"It declares {', '.join(providers)}.")
        state = opened.recorded() or opened.blank()
        cloud = opened.connect([provider])[provider].provider
        listed = cloud.presets() if presets else cloud.voices()
        known = {
            voice_id: record.address
            for (account, voice_id), record in state.by_voice_id.items()
            if account == cloud.account and record.status in LIVE
        }
    asked = listed
    if unmanaged:
        held = {key for key, record in state.records.items() if record.status is not Status.ABANDONED}
        asked = [v for v in listed if v.voice_id not in known and v.external_task_id not in held]
    shown = VoiceList(voices=tuple(asked), addresses=known, managed=len(listed) - len(asked))
    write(format_named(format_name).voices(shown, on_stdout()))
    return 0
