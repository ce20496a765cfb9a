"""The state of a command line: where it is, its store, and who holds its lock. Needs no valid manifest."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from reconciler.cli.context import options, say, warn

if TYPE_CHECKING:
    from reconciler.engine.session import Request
    from reconciler.engine.store import Store
    from reconciler.model.state_settings import StateSettings
    from reconciler.protocols.backend import Held


def store_here() -> Store:
    """The store of the state, for commands that need nothing else of the manifest."""
    from reconciler import state_wiring

    return state_wiring.store(options().workspace(), settings_here(), os.environ)


@contextmanager
def locked(store: Store, operation: str, asked: Request) -> Iterator[None]:
    """Holds the lock of the state. Then writes the warnings of its engine."""
    try:
        with store.locked(operation, wait=asked.lock_wait, waiting=asked.waiting):
            yield
    finally:
        warn(store.notes)


def say_holder(store: Store) -> None:
    """Says who holds the lock. Commands that only read take no lock."""
    say_held(store.holder())


def say_held(held: Held | None) -> None:
    """Says who holds the lock: what a command shows may change soon."""
    if held is not None:
        from reconciler.protocols.backend import locked_by

        say(f"{locked_by(held).detail} What is shown here may change soon.")


def under_way(held: Held | None) -> str:
    """The run that holds the lock, for the reasons of a plan; empty for none."""
    if held is None:
        return ""
    from reconciler.protocols.backend import holder_name

    return holder_name(held.info)


def settings_here() -> StateSettings | None:
    """Where the state is; None: beside the manifest."""
    from reconciler import state_wiring

    workspace = options().workspace()
    return state_wiring.state_settings(workspace, state_wiring.declared_state(workspace, os.environ), os.environ)
