"""validate, output, show, voices: read and print."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from reconciler.cli.asking import detail, detail_options
from reconciler.cli.completion import provider_names, recorded_addresses
from reconciler.cli.frame import global_options, laid, manifest_at, on_stdout, session, told, write, write_json
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError


@click.command(cls=Subcommand)
@click.option("--probe", is_flag=True, help="Fetch the samples behind links too, and measure them.")
@global_options
def validate(probe: bool) -> int:
    """Check the manifest; no cloud is called.

    Every problem is shown at once, as file:line:column. --probe goes to the links' own servers, with --sandbox too.
    """
    from reconciler import wiring
    from reconciler.views import text

    write(text.manifest_ok(manifest_at(told().place(), fetch=wiring.fetch() if probe else None)))
    return 0


@click.command(cls=Subcommand)
@click.argument("address", required=False, shell_complete=recorded_addresses)
@click.option(
    "--json",
    "as_json",
    is_flag=True,
    help="As JSON, by address, with names, labels and status.",
)
@global_options
def output(address: str | None, as_json: bool) -> int:
    """Print the voice_id of each address.

    Reads the state only, and fails where there is none. With ADDRESS, prints the bare voice_id, for use in scripts;
    of a sound, its URL.
    """
    from reconciler import wiring
    from reconciler.cli.state import state_here
    from reconciler.model.outputs import outputs
    from reconciler.views import documents, text

    rows = outputs(state_here(), now=wiring.SystemClock().now())
    if address is not None and address not in rows:
        raise UsageError(f"{address} has no voice in the state.", "voicectl output lists what there is.")
    if as_json:
        told_rows = documents.output_document(rows)
        write_json(told_rows if address is None else told_rows[address])
        return 0
    if address is not None and rows[address].value is None:
        row = rows[address]
        raise UsageError(f"{address} has no {row.names}: it is {row.status}.", "voicectl plan says why.")
    write(text.output(rows, address))
    return 0


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@detail_options
@global_options
def show(planfile: Path | None, as_json: bool) -> int:
    """Show the state, or a saved plan."""
    from reconciler.views import documents, text

    if planfile is not None:
        from reconciler.cli.applying import saved

        plan = saved(planfile)
        if as_json:
            write_json(documents.plan_document(plan))
        else:
            write(laid(text.plan(plan, colour=on_stdout(), detail=detail()), sys.stdout))
        return 0
    from reconciler.cli.state import state_here

    state = state_here()
    if as_json:
        write_json(documents.state_document(state))
    else:
        write(text.state(state, colour=on_stdout()))
    return 0


@click.command(cls=Subcommand)
@click.argument("provider", shell_complete=provider_names)
@click.option("--presets", is_flag=True, help="The official voices instead.")
@click.option("--unmanaged", is_flag=True, help="Only voices that the state does not hold.")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
@global_options
def voices(provider: str, presets: bool, unmanaged: bool, as_json: bool) -> int:
    """List the voices of a provider's account.

    PROVIDER is a name from the manifest.
    """
    from reconciler.model.state import LIVE, Status
    from reconciler.views import documents, text

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
    if unmanaged:
        held = {key for key, record in state.records.items() if record.status is not Status.ABANDONED}
        everything = listed
        listed = [v for v in listed if v.voice_id not in known and v.external_task_id not in held]
        if everything and not listed and not as_json:
            write(f"All {len(everything)} voices that the account lists are managed.")
            return 0
    if as_json:
        write_json(documents.voices_document(listed, known))
    else:
        write(text.voices(listed, known, colour=on_stdout()))
    return 0
