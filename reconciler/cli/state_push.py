"""state push: replaces the state by a copy."""

from __future__ import annotations

from typing import IO, TYPE_CHECKING

import click

from reconciler.cli.context import command, global_options, on_one_line, say
from reconciler.cli.options import lock_option, locking
from reconciler.cli.state_access import locked, store_here
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import KeyMissing, StateDamaged, StateError, StateMoved, UsageError
from reconciler.hints import hint, way
from reconciler.views.layout import counted

if TYPE_CHECKING:
    from reconciler.engine.store import Store
    from reconciler.model.state import State
    from reconciler.protocols.file_cipher import FileCipher


@click.command(cls=Subcommand)
@click.argument("source", metavar="FILE", type=click.File("rb"))
@click.option("--force", is_flag=True, help="Overwrite another lineage, a newer serial or a damaged file.")
@lock_option
@global_options
def push(source: IO[bytes], force: bool, lock_timeout: str | None) -> int:
    """Replace the state by a copy.

    FILE is the output of `state pull`, or the rescue copy of an apply; encrypted or not. It may be - for stdin.
    """
    from reconciler.model.state import LIVE
    from reconciler.planning.transfers import way_to_finish

    asked = locking(lock_timeout)
    store = store_here()
    name = "-" if source.name == "<stdin>" else source.name
    copy, given = _checked(source.read(), source.name, store.cipher)
    with locked(store, "state push", asked):
        left = _moved_to(store) if force else None
        pushed = store.push(copy, force=force, name=name)
    say(f"Pushed: serial {pushed.serial}, {counted(len(pushed.current), 'voice')}.")
    if left is not None:
        say(
            f"{store.where} said that the state was moved to {left}. Now it holds a state again: if the one at {left} "
            f"still exists, both hold the same voices, so use only this one. Look before you apply: {command('plan')}"
        )
    elif pushed.serial > given.serial:  # it replaced a newer state
        say(
            f"This copy is older than the state that it replaced: it had the serial {given.serial}. The accounts may "
            f"hold newer voices, which it does not know. Look before you apply: {command('plan')}"
        )
    for record in pushed.records.values():
        if (
            record.moved_to is not None
            and record.status in LIVE
            and given.records.get(record.external_task_id) != record
        ):
            say(
                f"{record.address} was moved to {record.moved_to} after this copy was made, so no plan here changes "
                f"it. {on_one_line(way_to_finish(record.moved_to, record.address))}"
            )
    return 0


def _moved_to(store: Store) -> str | None:
    """The place that the state was moved to; None if it is here, or can't be read."""
    try:
        store.load()
    except StateMoved as moved:
        return moved.moved_to
    except StateError:
        return None
    return None


def _checked(copy: bytes, name: str, cipher: FileCipher) -> tuple[bytes, State]:
    """The copy, decrypted, and as a state. It is checked first, so that an error names the copy and not the state."""
    from reconciler.model import statefile

    try:
        plain = cipher.decrypt(copy, "copy", "state")
        return plain, statefile.load(plain)
    except KeyMissing as missing:
        raise UsageError(f"{name} can't be decrypted: {missing.detail}", missing.hint) from None
    except StateDamaged as damaged:
        raise UsageError(
            f"{name} is not a complete state: {damaged.detail}",
            hint(way("Push what was printed", "state pull", after=", or a .backup or a rescue copy.")),
        ) from None
