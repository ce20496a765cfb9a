"""state rekey: encrypts the state with a new data key."""

from __future__ import annotations

import click

from reconciler.cli.context import global_options, options, say
from reconciler.cli.options import lock_option, locking
from reconciler.cli.state_access import locked, settings_here, store_here
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError


@click.command(cls=Subcommand)
@lock_option
@global_options
def rekey(lock_timeout: str) -> int:
    """Encrypt the state with a new data key.

    Writes the whole state again, for the keys that the manifest names now: after a key was replaced, or to encrypt a
    state that is not encrypted yet. The snapshots in the history stay as they are.
    """
    from reconciler.planning import no_state

    settings = settings_here()
    if settings is None or settings.encryption is None:
        raise UsageError("The manifest has no state.encryption, so there is no key to renew.")
    asked = locking(lock_timeout)
    store = store_here()
    with locked(store, "state rekey", asked):
        state = store.load()
        if state is None:
            raise no_state.nothing_known(store.where)
        store.check(state, options().workspace().name)
        keys = store.cipher.renew(state.lineage)
        written = store.rewrite(state)
    say(f"Encrypted with a new data key: serial {written.serial}. It can be read with {' or '.join(keys)}.")
    say("Copies from before (the backup, the snapshots in the history) stay as they are, also plain ones.")
    if settings.encryption.migrate:
        say("Now remove migrate: true from state.encryption: no state that is not encrypted is to be accepted.")
    return 0
