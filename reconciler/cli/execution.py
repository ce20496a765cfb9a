"""What apply and destroy share: show the plan, ask, carry it out, and report how it ended."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from typing import TYPE_CHECKING

from reconciler.cli import streams
from reconciler.cli.context import on_one_line, options
from reconciler.errors import Declined, Interrupted, UsageError, VoicectlError
from reconciler.hints import hint, way

if TYPE_CHECKING:
    from reconciler.cli.reporters import Reporter
    from reconciler.cli.results import Results
    from reconciler.engine.jobs import JobResult
    from reconciler.engine.session import Request, Session
    from reconciler.engine.store import Store
    from reconciler.engine.worker_pool import ThreadPool
    from reconciler.model.plan import Plan
from reconciler.cli.interruption import INTERRUPTED, interruptible


def execute(opened: Session, asked: Request, approved: Plan | None, *, auto_approve: bool, as_json: bool) -> int:
    """The exit code."""
    from reconciler.cli.results import Results
    from reconciler.engine import operations

    if as_json and not auto_approve:
        raise UsageError(
            "With --json, voicectl cannot ask for confirmation.", "Add --auto-approve, or apply a saved plan."
        )
    if not auto_approve and not sys.stdin.isatty():
        unasked = hint(way("To continue without confirmation", _verb(asked), "--auto-approve"))
        raise Declined("voicectl needs a confirmation, but it does not run in a terminal. No call was made.", unasked)
    live = not as_json and streams.live_block_fits()
    results = Results(
        write_stdout=streams.write_stdout, write_stderr=streams.write_stderr, render_options=options().render_options
    )
    with interruptible(live=live) as interruption, ExitStack() as closing:
        reporter = _reporter(results, closing, as_json=as_json, live=live)
        callbacks = operations.RunCallbacks(
            show=reporter.plan,
            approve=lambda plan: auto_approve or _yes(plan),
            emit=reporter.event,
            stop=interruption.reason,
            began=reporter.began,
        )

        def workers() -> ThreadPool[JobResult]:
            interruption.parting = _parting(opened.store)
            return interruption.workers()

        try:
            applied = operations.apply(opened, asked, callbacks, approved=approved, workers=workers)
        except VoicectlError as error:
            reporter.refused(error)
            raise
        except KeyboardInterrupt:
            stopped = Interrupted("No change was started.", hint(way("To continue", _verb(asked))))
            reporter.refused(stopped)
            raise stopped from None
        finally:
            interruption.parting = ""
        reporter.ended(applied.tally)
    if interruption.asked:
        return INTERRUPTED
    well = applied.halted is None and not applied.tally.unfinished and not applied.unwritten
    results.account_for_lost_lines(well=well, hint=hint(way("", "state list")))
    return 0 if well else 1


def _reporter(results: Results, closing: ExitStack, *, as_json: bool, live: bool) -> Reporter:
    from reconciler.cli.reporters import JsonReporter, LineReporter, LiveReporter

    if as_json:
        return JsonReporter(results)
    return LiveReporter(results, closing) if live else LineReporter(results)


def _parting(store: Store) -> str:
    """What to know of the lock if a second signal ends the run at once; empty if the lock ends by itself."""
    lock = store.lock_that_stays
    if lock is None:
        return ""
    remove = "The lock of this run stays. The next run on this machine takes it over; before one elsewhere, remove it"
    return on_one_line(hint(way(remove, "unlock", lock.lock_id)))


def _verb(asked: Request) -> str:
    if asked.options.accept or asked.options.reject:
        return options().verb
    return "destroy" if asked.options.destroy else "apply"


def _yes(plan: Plan) -> bool:
    from reconciler.views.layout import counted

    count = len(plan.changes) - plan.summary["blocked"]
    if count == 0:
        return True  # nothing to say yes to: only the reasons to print
    asked = f"Destroy {counted(count, 'voice')}?" if plan.destroy else f"Make {counted(count, 'change')}?"
    return streams.ask(f"\n{asked} Only 'yes' will be accepted: ") == "yes"
