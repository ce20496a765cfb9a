"""import, resolve and unlock: a person's word on what a run can't know."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.asking import lock_option, locking
from reconciler.cli.completion import declared_addresses, open_addresses
from reconciler.cli.frame import global_options, options, say, session
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError
from reconciler.model.time_format import format_time

if TYPE_CHECKING:
    from reconciler.model.state import Record


@click.command("import", cls=Subcommand)
@click.argument("address", shell_complete=declared_addresses)
@click.argument("voice_id")
@lock_option
@global_options
def import_(address: str, voice_id: str, lock_timeout: str) -> int:
    """Take a voice made elsewhere into the state.

    It is taken to be what the manifest says of ADDRESS: only a later change is a difference.
    """
    from reconciler.engine import import_resolve

    with session() as opened:
        record = import_resolve.import_voice(opened, address, voice_id, locking(lock_timeout))
    say(_is_now(record))
    return 0


@click.command(cls=Subcommand)
@click.argument("address", shell_complete=open_addresses)
@click.option("--voice-id", metavar="ID", help="It was made: this is it. Of a sound, its URL or file id.")
@click.option("--retry", is_flag=True, help="It was not made: the next apply pays for it again.")
@click.option("--forget", is_flag=True, help="Let it go, made or not.")
@lock_option
@global_options
def resolve(address: str, voice_id: str | None, retry: bool, forget: bool, lock_timeout: str) -> int:
    """Resolve a creation whose outcome is unknown.

    Look in the cloud's console first: a voice that was made and is made again is paid for twice. ADDRESS may be an
    external_task_id too: old voices have no address.
    """
    from reconciler.engine import import_resolve

    if [voice_id is not None, retry, forget].count(True) != 1:
        raise UsageError("One of --voice-id, --retry and --forget is needed.")
    with session() as opened:
        record = import_resolve.resolve(opened, address, locking(lock_timeout), voice_id=voice_id, retry=retry)
    if voice_id is not None:
        say(_is_now(record))
    else:
        say(f"{address}: {'the next apply makes it again.' if retry else 'let go.'}")
    return 0


def _is_now(record: Record) -> str:
    from reconciler.model.methods import METHODS
    from reconciler.views.escape import escape

    named = f"the voice {record.voice_id}" if record.voice_id is not None else record.url or record.file_id or "there"
    trusted = "" if METHODS[record.type][record.method].watched else " On your word: its cloud can't be asked."
    return f"{record.address} is {escape(named)} now.{trusted}"


@click.command(cls=Subcommand)
@click.argument("lock_id", metavar="ID")
@global_options
def unlock(lock_id: str) -> int:
    """Break the lock of a run that is dead.

    A run of this machine that died needs no unlock; one that is alive is not unlocked.
    """
    from reconciler import wiring

    holder = wiring.backend(options().workspace()).break_lock(lock_id)
    say(f"Unlocked: {holder.operation} by {holder.who}, since {format_time(holder.since)}.")
    return 0
