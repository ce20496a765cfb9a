"""state: commands that inspect and edit the state."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING

import click

from reconciler.cli import streams
from reconciler.cli.address_type import ADDRESS
from reconciler.cli.context import (
    LazyGroup,
    command,
    global_options,
    on_stdout,
    options,
    say,
    session,
    write,
    write_json,
)
from reconciler.cli.options import lock_option, locking
from reconciler.cli.shell_completion import former_providers, provider_names, recorded_addresses
from reconciler.cli.state_access import say_holder, settings_here, store_here
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError, not_in_state
from reconciler.hints import hint, way
from reconciler.views.layout import counted

if TYPE_CHECKING:
    from reconciler.model.state import Record, State

STATE_COMMANDS = {
    "list": ("state", "list_", "List the addresses and their voices."),
    "show": ("state", "show_record", "Show the record of an address."),
    "mv": ("state_mv", "move", "Give voices other addresses, or another manifest."),
    "rm": ("state", "remove", "Forget a voice; it stays in its cloud."),
    "pull": ("state", "pull", "Print the state."),
    "push": ("state_push", "push", "Replace the state by a copy."),
    "history": ("state_history", "history", "List the snapshots that are kept, the newest first."),
    "rekey": ("state_rekey", "rekey", "Encrypt the state with a new data key."),
    "migrate": ("state_migrate", "migrate", "Move the state to another place."),
    "rebuild": ("state_rebuild", "rebuild", "Rebuild a lost state from the markers of its voices."),
    "rebind": ("state", "rebind", "Confirm that a provider's account is the right one."),
    "mv-manifest": ("state_mv_manifest", "move_manifest", "Rename the state after its manifest was renamed."),
}


def state_here() -> State:
    """The state, for commands that only read it. Raises NoState and StateElsewhere."""
    from reconciler import state_wiring

    workspace = options().workspace()
    store = store_here()
    found = store.load()
    if found is None:
        from reconciler.planning import neighbours, no_state

        refusal = neighbours.blocking_error(
            state_wiring.neighbours(workspace, settings_here(), os.environ), workspace.name, begins=False
        )
        raise refusal or no_state.nothing_known(store.where)
    store.check(found, workspace.name)
    say_holder(store)
    return found


@click.group(cls=LazyGroup, commands_at=STATE_COMMANDS)
@global_options
def state() -> None:
    """Inspect the state, or edit it."""


@click.command("list", cls=Subcommand)
@click.option(
    "--all",
    "everything",
    is_flag=True,
    help="Also list deleted and abandoned records, whose keys cannot be used again.",
)
@click.option("--abandoned", is_flag=True, help="List the abandoned voices, which still exist in their cloud.")
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@global_options
def list_(everything: bool, abandoned: bool, as_json: bool) -> int:
    """List the addresses and their voices."""
    from reconciler.model.state import Status
    from reconciler.views import json_documents, text

    if everything and abandoned:
        raise UsageError("--all and --abandoned can't be used together.")
    state = state_here()
    over = {Status.DELETED, Status.LAPSED}
    listed = set(Status) if everything else {Status.ABANDONED} if abandoned else set(Status) - over
    hidden = {
        key: record
        for key, record in state.records.items()
        if record.status not in listed or (abandoned and _is_held(state, record))
    }
    without = [address for address, key in state.current.items() if key in hidden]
    found = state.with_changes(without=hidden, current=dict.fromkeys(without))
    if abandoned and not found.records and not as_json:
        say("No voice is abandoned.")
        return 0
    if as_json:
        write_json(json_documents.state_list_document(found))
    else:
        write(text.state_list(found))
    past = sum(record.status in over for record in hidden.values())
    if past and not abandoned and not as_json:
        say(f"{counted(past, 'record')} of what was deleted or given up: {command('state list --all')}")
    return 0


def _is_held(state: State, record: Record) -> bool:
    """Whether the voice of this record was imported at another address."""
    held = state.by_voice_id.get((record.account, record.voice_id)) if record.voice_id is not None else None
    return held is not None and held.external_task_id != record.external_task_id


_at_serial = click.option(
    "--serial", type=click.IntRange(min=0), metavar="N", help="As it was at a serial of `state history`."
)


@click.command("show", cls=Subcommand)
@click.argument("address", required=False, type=ADDRESS, shell_complete=recorded_addresses)
@_at_serial
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@global_options
def show_record(address: str | None, serial: int | None, as_json: bool) -> int:
    """Show the record of an address.

    ADDRESS may also be an external_task_id, because old and replaced voices have no address. With --serial, ADDRESS
    may be missing: then it shows the whole state as it was.
    """
    from reconciler.views import json_documents, text

    if address is None and serial is None:
        raise UsageError("An address is missing.", hint(way("To see the whole state", "show")))
    found = state_here() if serial is None else store_here().at_serial(serial)
    if address is None:
        if as_json:
            write_json(json_documents.state_list_document(found))
        else:
            write(text.state(found, on_stdout()))
        return 0
    record = found.at(address) or found.records.get(address)
    if record is None:
        raise not_in_state(address, serial=serial)
    if as_json:
        write_json(json_documents.record_document(record))
    else:
        write(text.record(record, on_stdout()))
    return 0


@click.command("rm", cls=Subcommand)
@click.argument("address", type=ADDRESS, shell_complete=recorded_addresses)
@lock_option
@global_options
def remove(address: str, lock_timeout: str | None) -> int:
    """Forget a voice; it stays in its cloud.

    `state list --abandoned` lists it. If you declare it again, apply reuses it without a call.
    """
    from reconciler.engine import state_edits

    with session() as opened:
        record = state_edits.remove(opened, address, locking(lock_timeout))
    say(f"{address} is forgotten" + (f"; its voice {record.voice_id} stays." if record.voice_id else "."))
    return 0


@click.command(cls=Subcommand)
@_at_serial
@global_options
def pull(serial: int | None) -> int:
    """Print the state.

    Prints one file with all changes, also those that are still in the journal: as a copy, or to read it. It prints
    the state as it is, also where the stored state is encrypted.
    """
    copy = store_here().pull(serial)
    if streams.is_utf8(sys.stdout):
        streams.put_bytes(copy)
    else:
        from reconciler.views import json_documents

        streams.put_bytes(json_documents.ascii_json(copy.decode()).encode("ascii"))
    return 0


@click.command(cls=Subcommand)
@click.argument("provider", shell_complete=provider_names)
@click.option(
    "--from",
    "source",
    metavar="OLD",
    help="The former name of the provider in the manifest.",
    shell_complete=former_providers,
)
@lock_option
@global_options
def rebind(provider: str, source: str | None, lock_timeout: str | None) -> int:
    """Confirm that a provider's account is the right one.

    Use it after an account moved to another endpoint or owner, or (--from) after a provider was renamed in the
    manifest. If the account is not the right one, every voice will look deleted.
    """
    from reconciler.engine import state_edits

    with session() as opened:
        count = state_edits.rebind(opened, provider, locking(lock_timeout), source=source)
    say(f"Now recorded on the account of {provider}: {counted(count, 'voice')}.")
    return 0
