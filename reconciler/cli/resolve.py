"""resolve: settles a creation whose outcome is unknown, by what a person says."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from reconciler.cli.address_type import ADDRESS
from reconciler.cli.context import global_options, say, session
from reconciler.cli.options import lock_option, locking
from reconciler.cli.shell_completion import open_addresses
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError

if TYPE_CHECKING:
    pass
from reconciler.cli.import_voice import is_now


@click.command(cls=Subcommand)
@click.argument("address", type=ADDRESS, shell_complete=open_addresses)
@click.option("--voice-id", metavar="ID", help="The voice exists, and this is its id. For a sound: its URL or file id.")
@click.option("--retry", is_flag=True, help="The voice does not exist: the next apply creates it, which is paid.")
@click.option("--forget", is_flag=True, help="Remove the record, whether the voice exists or not.")
@lock_option
@global_options
def resolve(address: str, voice_id: str | None, retry: bool, forget: bool, lock_timeout: str | None) -> int:
    """Resolve a creation whose outcome is unknown.

    Check the cloud's console first: if the voice exists and is created again, you pay twice. ADDRESS may also be an
    external_task_id, because old voices have no address.
    """
    from reconciler.engine import import_resolve

    if [voice_id is not None, retry, forget].count(True) != 1:
        raise UsageError("One of --voice-id, --retry and --forget is needed.")
    with session() as opened:
        record = import_resolve.resolve(opened, address, locking(lock_timeout), voice_id=voice_id, retry=retry)
    if voice_id is not None:
        say(is_now(record))
    else:
        say(f"{address}: {'the next apply makes it again.' if retry else 'let go.'}")
    return 0
