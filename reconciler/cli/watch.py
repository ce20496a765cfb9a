"""watch: looks for what differs at each interval, and applies it with --apply."""

from __future__ import annotations

import gc
import os
import random
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import streams
from reconciler.cli.context import global_options, manifest_at, on_stdout, options, say
from reconciler.cli.manifest_option import many_manifests
from reconciler.cli.options import COUNT, seconds
from reconciler.cli.subcommand import Subcommand
from reconciler.cli.watch_options import ListenerOptions, listener_options, listeners
from reconciler.errors import UsageError, VoicectlError

if TYPE_CHECKING:
    from reconciler.engine.account_limits import AccountLimits
    from reconciler.engine.jobs import JobResult
    from reconciler.engine.session import Session
    from reconciler.engine.worker_pool import WorkerPool
    from reconciler.model.manifest import Manifest
    from reconciler.model.watch import WatchListener
    from reconciler.watch.manifest_watch import ManifestWatch
    from reconciler.watch.settings import WatchSettings
    from reconciler.watch.stopping import Stopping
    from reconciler.workspace import Workspace

_SHORTEST = 1.0  # seconds


@many_manifests
@click.command(cls=Subcommand)
@click.option(
    "--interval", default="5m", show_default=True, metavar="TIME", help="How often to look, such as 30s or 5m."
)
@click.option("--apply", "applies", is_flag=True, help="Apply what differs, within the safety rules; else only look.")
@click.option(
    "--max-paid-calls-per-day",
    "most_paid",
    type=COUNT,
    metavar="N",
    help="With --apply: at most N paid calls a day (UTC); those of other runs count.  [default: one a voice]",
)
@click.option(
    "--log-format",
    type=click.Choice(["text", "json"]),
    help="One line for each event.  [default: text on a terminal, else json]",
)
@listener_options
@global_options
def watch(interval: str, applies: bool, most_paid: int | None, log_format: str | None, **shown: Any) -> int:
    """Look for what differs at each interval, and apply it with --apply.

    It reports what differs from the manifest, one line for each event. With --apply it also applies what differs, as
    the command apply does: what is blocked stays blocked, and it never allows a large change by itself. -f may be
    given more than once. A changed manifest is read again. It runs until SIGTERM, which ends it with 0, or Ctrl-C.
    """
    from reconciler.system_clock import SystemClock
    from reconciler.watch import loop
    from reconciler.watch.settings import WatchSettings
    from reconciler.watch.stopping import Stopping

    if most_paid is not None and not applies:
        raise UsageError("--max-paid-calls-per-day needs --apply.", "Without it, watch pays for nothing.")
    every = seconds("--interval", interval)
    if every < _SHORTEST:
        raise UsageError(f"--interval {interval}: at least {_SHORTEST:g} s.")
    settings = WatchSettings(interval=every, applies=applies, most_paid=most_paid)
    stopping = Stopping()
    gc.enable()  # it was off for a short command
    monitoring = listeners(ListenerOptions(**shown), interval=every, clock=SystemClock())
    with _heard(stopping), monitoring as monitors:
        notified = loop.guarded([_log(log_format), *monitors])
        makes = _watches(settings, stopping, notified)
        return loop.run([loop.WatchThread(make, stopping) for make in makes], stopping)


def _watches(
    settings: WatchSettings, stopping: Stopping, notified: Sequence[WatchListener]
) -> list[Callable[[Callable[[], WorkerPool[JobResult]]], ManifestWatch]]:
    """A function for each manifest, which makes its watch. They share the limits of the accounts."""
    from reconciler.engine.account_limits import AccountLimits

    limits = AccountLimits()
    return [partial(_watch, place, settings, stopping, notified, limits) for place in options().workspaces()]


def _watch(
    place: Workspace,
    settings: WatchSettings,
    stopping: Stopping,
    notified: Sequence[WatchListener],
    limits: AccountLimits,
    workers: Callable[[], WorkerPool[JobResult]],
) -> ManifestWatch:
    from reconciler import wiring
    from reconciler.system_clock import SystemClock
    from reconciler.watch.manifest_file import ManifestFile
    from reconciler.watch.manifest_watch import ManifestWatch

    log_call = say if wiring.logs_calls(os.environ) else None

    def opened(manifest: Manifest, closing: ExitStack) -> Session:
        return wiring.session(manifest, place, environ=os.environ, closing=closing, log_call=log_call, limits=limits)

    return ManifestWatch(
        str(place.manifest),
        ManifestFile(
            str(place.manifest), lambda: manifest_at(place), named=map(str, place.variable_files), now=time.time
        ),
        opened,
        settings,
        listeners=notified,
        stopping=stopping,
        clock=SystemClock(),
        draw=random.random,
        explain=_explaining(place),
        workers=workers,
    )


def _explaining(place: Workspace) -> Callable[[VoicectlError], str]:
    """What says an error on one line, with the commands that this manifest needs."""
    from dataclasses import replace

    from reconciler.views import hints
    from reconciler.views.screen import fitted

    shown = replace(on_stdout(), columns=None, colour=False, global_options=place.options)

    def explain(error: VoicectlError) -> str:
        said = " ".join(str(error).split("\n"))
        said = said if said.endswith((".", "!", "?")) else f"{said}."
        return f"{said} {fitted(hints.on_one_line(error.hint, shown), shown)}".rstrip()

    return explain


def _log(log_format: str | None) -> WatchListener:
    from reconciler.watch import log

    as_text = log_format == "text" or (log_format is None and sys.stdout.isatty())
    return log.Log(streams.write_stdout, log.text_line if as_text else log.json_line)


@contextmanager
def _heard(stopping: Stopping) -> Iterator[None]:
    """In this block, the signals that end a program ask the watch to stop."""
    heard = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means what it says
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, lambda given, _: stopping.ask(given)) for number in heard}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
