"""The options of watch that show it to others: the monitoring port and the webhook."""

from __future__ import annotations

import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING

import click

from reconciler.cli.context import Command, say
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.model.watch import WatchListener
    from reconciler.protocols.clock import Clock

USUAL_PORT = "127.0.0.1:9780"
ADDRESS = "VOICECTL_WEBHOOK"  # the variable that --webhook wins over; such an address may be a secret
SECRET = "VOICECTL_WEBHOOK_SECRET"  # noqa: S105 - the name of a variable


@value
class ListenerOptions:
    listen: str | None = None  # None: the usual port, unless another program uses it
    no_listen: bool = False
    webhook: str | None = None


_OPTIONS = (
    click.option(
        "--listen",
        metavar="HOST:PORT",
        help="Where /healthz, /readyz and /metrics are served.  "
        f"[default: {USUAL_PORT}, unless another program uses it]",
    ),
    click.option("--no-listen", is_flag=True, help="Serve nothing."),
    click.option(
        "--webhook",
        metavar="URL",
        help="Send a signed webhook on drift, on a failed or stopped apply, and on recovery. "
        f"VOICECTL_WEBHOOK may hold the URL, and {SECRET} holds the secret.",
    ),
)


def listener_options(command: Command) -> Command:
    """Adds the options; the command takes them as keywords: `ListenerOptions(**options)`."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def listeners(
    options: ListenerOptions, *, interval: float, clock: Clock, report: Callable[[str], None] = say
) -> AbstractContextManager[tuple[WatchListener, ...]]:
    """Starts what the options ask for, and ends it in less than a second. `interval`: seconds between two looks.

    `report` gets sentences for people, also from other threads. Raises UsageError, also for a port in use.
    """
    from reconciler.watch.listeners import started

    return started(
        listen="" if options.no_listen else USUAL_PORT if options.listen is None else options.listen,
        must_listen=options.listen is not None,
        webhook=options.webhook or os.environ.get(ADDRESS, ""),
        interval=interval,
        environ=os.environ,
        clock=clock,
        report=report,
    )
