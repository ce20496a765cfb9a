"""voices: lists the voices of a provider's account."""

from __future__ import annotations

import click

from reconciler.cli.context import global_options, on_stdout, session, write
from reconciler.cli.format_option import format_option
from reconciler.cli.shell_completion import provider_names
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.views.formats.registry import format_named


@click.command(cls=Subcommand)
@click.argument("provider", shell_complete=provider_names)
@click.option("--presets", is_flag=True, help="List the official voices instead.")
@click.option("--unmanaged", is_flag=True, help="List only voices that are not in the state.")
@format_option()
@global_options
def voices(provider: str, presets: bool, unmanaged: bool, format_name: str) -> int:
    """List the voices of a provider's account.

    PROVIDER is a name from the manifest.
    """
    from reconciler.model.state import LIVE, Status
    from reconciler.model.voice_list import VoiceList

    if presets and unmanaged:
        raise UsageError("--presets and --unmanaged can't be used together.")
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
