"""import: takes a voice made elsewhere into the state."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.address_type import ADDRESS, refuse_entry
from reconciler.cli.context import global_options, say, session
from reconciler.cli.options import lock_option, locking
from reconciler.cli.shell_completion import declared_addresses
from reconciler.cli.subcommand import Subcommand

if TYPE_CHECKING:
    from reconciler.model.state import Record


@click.command("import", cls=Subcommand)
@click.argument("address", type=ADDRESS, shell_complete=declared_addresses)
@click.argument("voice_id")
@lock_option
@global_options
def import_(address: str, voice_id: str, lock_timeout: str | None) -> int:
    """Take a voice made elsewhere into the state.

    voicectl assumes that the voice fits the entry ADDRESS: only later edits of the entry count as changes.
    """
    from reconciler.engine import import_resolve

    with session() as opened:
        refuse_entry(address, opened.manifest.voices, address)
        record = import_resolve.import_voice(opened, address, voice_id, locking(lock_timeout))
    say(is_now(record))
    return 0


def is_now(record: Record) -> str:
    """What an address means from now on, for people."""
    from reconciler.model.cloud_types import cloud_type
    from reconciler.views.escape import escape

    named = f"the voice {record.voice_id}" if record.voice_id is not None else record.url or record.file_id or "there"
    trusted = (
        ""
        if cloud_type(record.type).methods[record.method].watched
        else " voicectl did not check it, because its cloud can't be queried."
    )
    return f"{record.address} is {escape(named)} now.{trusted}"
