"""apply and destroy: show, ask, do, and say how it ended."""

from __future__ import annotations

import gc
import os
import shlex
import signal
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from reconciler.cli.asking import COUNT, Options, asked_options, detail, detail_options, lock_option, request
from reconciler.cli.frame import command, global_options, laid, led, on_stdout, session, silence, told, write
from reconciler.errors import Declined, Interrupted, PlanStale, UsageError, VoicectlError

if TYPE_CHECKING:
    from reconciler.engine.crew import Threads
    from reconciler.engine.operations import Applied, Request, Session
    from reconciler.engine.work import Answer
    from reconciler.model.events import Event, Tally
    from reconciler.model.plan import Plan

_INTERRUPTED = 130
_SHOW_CURSOR = "\x1b[?25h"


@click.command()
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
        if any(value not in (None, ()) for value in asked.values()):
            raise UsageError(
                "A saved plan is applied as it was reviewed.", "Give --retry, --replace and --allow-… to voicectl plan."
            )
        approved = saved(planfile)
        _refuse_elsewhere(approved)
        told().verb = f"plan --out {shlex.quote(str(planfile))}"
    with session() as opened:
        wanted = request(Options(**asked, lock_timeout=lock_timeout), opened.manifest)
        return _perform(opened, wanted, approved, auto_approve=auto_approve or approved is not None, as_json=as_json)


@click.command()
@click.option("--auto-approve", is_flag=True, help="Go on without asking.")
@click.option("--json", "as_json", is_flag=True, help="One event a line, as JSON.")
@click.option("--allow-recreates", type=COUNT, metavar="N", help="Say that exactly N voices are truly gone already.")
@lock_option
@detail_options
@global_options
def destroy(auto_approve: bool, as_json: bool, allow_recreates: int | None, lock_timeout: str) -> int:
    """Delete every voice of the state.

    Only voices that voicectl made or took in are deleted; whatever else the account holds stays.
    """
    options = Options(allow_recreates=allow_recreates, lock_timeout=lock_timeout)
    told().verb = "destroy"
    with session() as opened:
        return _perform(opened, request(options, None, destroy=True), None, auto_approve=auto_approve, as_json=as_json)


def _perform(opened: Session, asked: Request, approved: Plan | None, *, auto_approve: bool, as_json: bool) -> int:
    from reconciler.engine import operations

    if as_json and not auto_approve:
        raise UsageError("--json asks nobody.", "Add --auto-approve, or apply a saved plan.")
    if not auto_approve and not sys.stdin.isatty():
        unasked = command(f"{_verb(asked)} --auto-approve")
        raise Declined("There is no terminal to ask at, so no call was made.", f"To go on unasked: {unasked}")
    live = not as_json and sys.stderr.isatty()
    with _interruptible(live=live) as interruption, ExitStack() as closing:
        tell = _Teller(as_json=as_json, live=live, closing=closing)
        watch = operations.Watch(
            show=tell.plan,
            approve=lambda plan: auto_approve or _yes(plan),
            emit=tell.event,
            stop=interruption.reason,
        )
        try:
            applied = operations.apply(opened, asked, watch, approved=approved, crew=interruption.crew)
        except VoicectlError as error:
            tell.refusal(error)
            raise
        except KeyboardInterrupt:
            stopped = Interrupted("Nothing was begun.", f"To go on: {command(_verb(asked))}")
            tell.refusal(stopped)
            raise stopped from None
        tell.end(applied)
    if interruption.asked:
        return _INTERRUPTED
    return 1 if tell.unheard or applied.halted is not None or _unfinished(applied.tally) else 0


def _verb(asked: Request) -> str:
    return "destroy" if asked.asked.destroy else "apply"


def _unfinished(tally: Tally) -> bool:
    return bool(tally.failed or tally.blocked or tally.uncertain or tally.left or tally.running)


def _refuse_elsewhere(approved: Plan) -> None:
    """What was rehearsed was not reviewed for an account that pays, and the other way round."""
    if approved.sandbox and not told().sandbox:
        raise PlanStale(
            "It was made in the sandbox, and here accounts pay.", "Review one of theirs: voicectl plan --out FILE"
        )
    if told().sandbox and not approved.sandbox:
        raise PlanStale("It was made for real accounts, and this is the sandbox.", "Make one: voicectl plan --out FILE")


def saved(path: Path) -> Plan:
    from reconciler.model import planfile

    try:
        return planfile.load(path.read_bytes())
    except OSError as error:
        raise UsageError(f"{path}: {error.strerror}.", "voicectl plan --out FILE makes one.") from None


def _yes(plan: Plan) -> bool:
    from reconciler.views.layout import counted

    count = len(plan.changes) - plan.summary["blocked"]
    if count == 0:
        return True  # nothing to say yes to: only to be told why
    asked = f"Destroy {counted(count, 'voice')}?" if plan.destroy else f"Make {counted(count, 'change')}?"
    click.echo(f"\n{asked} Only 'yes' will be accepted: ", err=True, nl=False)
    return sys.stdin.readline().strip() == "yes"  # not click's prompt: it takes a Ctrl-C for an answer


class _Teller:
    """How a run is told: as JSON lines, as live progress at a terminal, or as one line a change."""

    def __init__(self, *, as_json: bool, live: bool, closing: ExitStack) -> None:
        self._as_json = as_json
        self._live = live
        self._closing = closing
        self._sequence = 0
        self._total = 0
        self._show: Callable[[Event], None] | None = None
        self.unheard = False

    def plan(self, plan: Plan) -> None:
        self._total = len(plan.changes)
        if not self._as_json:
            from reconciler.views import text

            self._write(laid(text.plan(plan, colour=on_stdout(), detail=detail()), sys.stdout))

    def event(self, event: Event) -> None:
        from reconciler.model.events import Kind

        if self._as_json:
            self._line(event)
        elif self._live:
            try:
                self._progress()(event)
            except OSError:  # the terminal went away
                self._live, self.unheard = False, True
        elif event.kind not in {Kind.STARTED, Kind.ACCEPTED}:
            from reconciler.views import text

            self._write(laid(text.event(event, colour=on_stdout()), sys.stdout))

    def refusal(self, error: VoicectlError) -> None:
        """The JSON of a run that could not begin says why, and ends with its summary like any other."""
        if self._as_json and not self._sequence:
            from reconciler.model.events import Event, Kind, Tally

            self._line(Event(kind=Kind.STOPPED, detail=error.detail, hint=error.hint))
            self._line(Event(kind=Kind.SUMMARY, tally=Tally(total=self._total, left=self._total)))

    def end(self, applied: Applied) -> None:
        """The JSON of a run with nothing to do still ends with its summary."""
        if self._as_json and not self._sequence:
            from reconciler.model.events import Event, Kind

            self._line(Event(kind=Kind.SUMMARY, tally=applied.tally))

    def _line(self, event: Event) -> None:
        from reconciler.views import documents

        self._sequence += 1
        whole = event.model_copy(update={"hint": led(event.hint)})
        self._write(documents.dumps(documents.event_document(whole, self._sequence), indent=None))

    def _write(self, words: str) -> None:
        """A reader that left, or a full disk under stdout, must not end a run that has paid for something."""
        try:
            write(words)
        except OSError:
            self.unheard = True
            silence()

    def _progress(self) -> Callable[[Event], None]:
        if self._show is None:
            import time

            from reconciler.cli.live import Progress

            colour = told().colour(sys.stderr)
            self._show = self._closing.enter_context(
                Progress(time.monotonic, total=self._total, colour=colour, words=lambda shown: laid(shown, sys.stderr))
            )
        return self._show


class _Interruption:
    """The first signal asks the run to stop, the second leaves at once: the next run settles what was under way.

    A terminal that is closed asks as well, but is no second one: a shell may pass its hangup on twice.
    """

    def __init__(self, *, live: bool) -> None:
        self.asked = False
        self._live = live
        self._crew: Threads[Answer] | None = None

    def crew(self) -> Threads[Answer]:
        from reconciler.engine.crew import Threads

        gc.enable()  # it was off for loading; a run may be long
        self._crew = Threads()
        return self._crew

    def reason(self) -> str | None:
        return "interrupted; what is in flight is written down; a second signal leaves at once" if self.asked else None

    def signalled(self, number: int, _: object) -> None:
        if self.asked and number == signal.SIGHUP:
            return
        if self.asked:
            if self._live:
                _shout(_SHOW_CURSOR)
            os._exit(_INTERRUPTED)
        if self._crew is None:
            raise KeyboardInterrupt  # nothing runs yet
        self.asked = True
        if not self._live:  # there the run's own line says it, without writing into the block
            _shout("Stopping: nothing new starts, and what is in flight is written down. Once more to leave at once.\n")
        self._crew.wake()


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
