"""apply and destroy: show, ask, do, and say how it ended."""

from __future__ import annotations

import gc
import os
import re
import shlex
import signal
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli import streams
from reconciler.cli.asking import COUNT, Options, asked_options, detail_options, lock_option, request
from reconciler.cli.frame import global_options, live_block_fits, options, session
from reconciler.cli.subcommand import Subcommand, name_it_with_f
from reconciler.errors import Declined, Interrupted, PlanStale, PlanUnreadable, UsageError, VoicectlError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.cli.reporters import Reporter
    from reconciler.cli.results import Results
    from reconciler.engine.jobs import JobResult
    from reconciler.engine.session import Request, Session
    from reconciler.engine.worker_pool import ThreadPool
    from reconciler.model.plan import Plan

_INTERRUPTED = 130
_MANIFEST = re.compile(rb"(?:^|[{,])\s*[\"']?(?:providers|voices)[\"']?\s*:", re.MULTILINE)  # keys that no plan has
_SHOW_CURSOR = "\x1b[?25h"


@click.command(cls=Subcommand)
@click.argument("planfile", required=False, type=click.Path(path_type=Path))
@click.option("--auto-approve", is_flag=True, help="Go on without asking.")
@click.option("--json", "as_json", is_flag=True, help="One event a line, as JSON.")
@lock_option
@detail_options
@asked_options
@global_options
def apply(planfile: Path | None, auto_approve: bool, as_json: bool, lock_timeout: str, **asked: Any) -> int:
    """Make it so: create, replace and delete voices.

    With PLANFILE, made by `plan --out`, exactly what was reviewed is applied, and nobody is asked. Exits with 1 if
    anything failed, or stayed blocked or uncertain; with 130 when interrupted: the next apply goes on from there.
    """
    approved = None
    if planfile is not None:
        if any(value is not None and value is not False and value != () for value in asked.values()):
            raise UsageError(
                "A saved plan is applied as it was reviewed.",
                hint(way("Give --retry, --replace and the like to", "plan --out FILE")),
            )
        approved = saved(planfile)
        _refuse_elsewhere(approved)
        options().verb = f"plan --out {shlex.quote(str(planfile))}"
    with session() as opened:
        wanted = request(Options(**asked, lock_timeout=lock_timeout), opened.manifest)
        return _perform(opened, wanted, approved, auto_approve=auto_approve or approved is not None, as_json=as_json)


@click.command(cls=Subcommand)
@click.option("--auto-approve", is_flag=True, help="Go on without asking.")
@click.option("--json", "as_json", is_flag=True, help="One event a line, as JSON.")
@click.option("--allow-recreates", type=COUNT, metavar="N", help="Say that exactly N voices are truly gone already.")
@lock_option
@detail_options
@global_options
def destroy(auto_approve: bool, as_json: bool, allow_recreates: int | None, lock_timeout: str) -> int:
    """Delete every voice of the state.

    Only voices that voicectl made or took in are deleted; whatever else the account holds stays. Without a state here
    it deletes nothing, and exits with 1 if the account holds voices of this manifest.
    """
    asked = Options(allow_recreates=allow_recreates, lock_timeout=lock_timeout)
    options().verb = "destroy"
    with session() as opened:
        return _perform(opened, request(asked, None, destroy=True), None, auto_approve=auto_approve, as_json=as_json)


def _perform(opened: Session, asked: Request, approved: Plan | None, *, auto_approve: bool, as_json: bool) -> int:
    from reconciler.cli.results import Results
    from reconciler.engine import operations

    if as_json and not auto_approve:
        raise UsageError("--json asks nobody.", "Add --auto-approve, or apply a saved plan.")
    if not auto_approve and not sys.stdin.isatty():
        unasked = hint(way("To go on unasked", _verb(asked), "--auto-approve"))
        raise Declined("There is no terminal to ask at, so no call was made.", unasked)
    live = not as_json and live_block_fits()
    results = Results(
        write_stdout=streams.write_stdout, write_stderr=streams.write_stderr, render_options=options().render_options
    )
    with _interruptible(live=live) as interruption, ExitStack() as closing:
        reporter = _reporter(results, closing, as_json=as_json, live=live)
        watch = operations.Watch(
            show=reporter.plan,
            approve=lambda plan: auto_approve or _yes(plan),
            emit=reporter.event,
            stop=interruption.reason,
            began=reporter.began,
        )
        try:
            applied = operations.apply(opened, asked, watch, approved=approved, workers=interruption.workers)
        except VoicectlError as error:
            reporter.refused(error)
            raise
        except KeyboardInterrupt:
            stopped = Interrupted("Nothing was begun.", hint(way("To go on", _verb(asked))))
            reporter.refused(stopped)
            raise stopped from None
        reporter.ended(applied.tally)
    if interruption.asked:
        return _INTERRUPTED
    well = applied.halted is None and not applied.tally.unfinished
    results.account_for_lost_lines(well=well, hint=hint(way("", "state list")))
    return 0 if well else 1


def _reporter(results: Results, closing: ExitStack, *, as_json: bool, live: bool) -> Reporter:
    from reconciler.cli.reporters import JsonReporter, LineReporter, LiveReporter

    if as_json:
        return JsonReporter(results)
    return LiveReporter(results, closing) if live else LineReporter(results)


def _verb(asked: Request) -> str:
    return "destroy" if asked.options.destroy else "apply"


def _refuse_elsewhere(approved: Plan) -> None:
    """What was rehearsed was not reviewed for an account that pays, and the other way round."""
    if approved.sandbox and not options().sandbox:
        raise PlanStale(
            "It was made in the sandbox, and here accounts pay.", hint(way("Review one of theirs", "plan --out FILE"))
        )
    if options().sandbox and not approved.sandbox:
        raise PlanStale(
            "It was made for real accounts, and this is the sandbox.", hint(way("Make one", "plan --out FILE"))
        )


def saved(path: Path) -> Plan:
    from reconciler.model import planfile

    content = b""
    try:
        content = path.read_bytes()
        return planfile.load(content)
    except (OSError, PlanUnreadable) as error:
        if path.is_dir() or path.suffix.lower() in (".yaml", ".yml") or _MANIFEST.search(content):
            raise UsageError(name_it_with_f(str(path), click.get_current_context())) from None
        if isinstance(error, PlanUnreadable):
            raise
        raise UsageError(f"{path}: {error.strerror}.", hint(way("", "plan --out FILE", after=" makes one."))) from None


def _yes(plan: Plan) -> bool:
    from reconciler.views.layout import counted

    count = len(plan.changes) - plan.summary["blocked"]
    if count == 0:
        return True  # nothing to say yes to: only to be told why
    asked = f"Destroy {counted(count, 'voice')}?" if plan.destroy else f"Make {counted(count, 'change')}?"
    return streams.ask(f"\n{asked} Only 'yes' will be accepted: ") == "yes"


class _Interruption:
    """The first signal asks the run to stop, the second leaves at once: the next run settles what was under way.

    A terminal that is closed asks as well, but is no second one: a shell may pass its hangup on twice.
    """

    def __init__(self, *, live: bool) -> None:
        self.asked = False
        self._live = live
        self._workers: ThreadPool[JobResult] | None = None

    def workers(self) -> ThreadPool[JobResult]:
        from reconciler.engine.worker_pool import ThreadPool

        gc.enable()  # it was off for loading; a run may be long
        self._workers = ThreadPool()
        return self._workers

    def reason(self) -> str | None:
        return "interrupted; what is in flight is written down; a second signal leaves at once" if self.asked else None

    def signalled(self, number: int, _: object) -> None:
        if self.asked and number == signal.SIGHUP:
            return
        if self.asked:
            if self._live:
                _shout(_SHOW_CURSOR)
            os._exit(_INTERRUPTED)
        if self._workers is None:
            raise KeyboardInterrupt  # nothing runs yet
        self.asked = True
        if not self._live:  # there the run's own line says it, without writing into the block
            _shout("Stopping: nothing new starts, and what is in flight is written down. Once more to leave at once.\n")
        self._workers.wake()


def _shout(words: str) -> None:
    """To stderr past its buffer, which the signal may have interrupted; nobody need be there to read it."""
    with suppress(OSError):
        os.write(2, words.encode())


@contextmanager
def _interruptible(*, live: bool) -> Iterator[_Interruption]:
    interruption = _Interruption(live=live)
    heard = [signal.SIGINT, signal.SIGTERM]
    if signal.getsignal(signal.SIGHUP) != signal.SIG_IGN:  # nohup means what it says
        heard.append(signal.SIGHUP)
    before = {number: signal.signal(number, interruption.signalled) for number in heard}
    try:
        yield interruption
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
