"""Applies what a look found, within the safety rules and the limit of paid calls a day."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from reconciler.engine import operations
from reconciler.engine.jobs import JobResult
from reconciler.engine.operations import Applied, Looked, RunCallbacks
from reconciler.engine.policy_checks import within_day
from reconciler.engine.session import Request, Session
from reconciler.engine.worker_pool import WorkerPool
from reconciler.errors import PolicyDenied, SafetyStop, StateLocked, VoicectlError
from reconciler.model.events import Event, Kind
from reconciler.model.plan import Action, Plan
from reconciler.model.watch import WatchKind
from reconciler.planning import policy
from reconciler.watch.differences import fingerprint, said
from reconciler.watch.reporting import Reporting
from reconciler.watch.rests import Rests
from reconciler.watch.stopping import Stopping

_NAMED = 3  # changes that a message names
_APPLYING = "apply"  # the rest of what failed to be applied, which no provider has as its name


class Convergence:
    """Applies the plans of one manifest. `workers` makes the pool of one apply."""

    def __init__(
        self,
        reporting: Reporting,
        stopping: Stopping,
        *,
        rests: Rests,
        applies: Rests,
        workers: Callable[[], WorkerPool[JobResult]],
    ) -> None:
        self._reporting = reporting
        self._known = reporting.known
        self._stopping = stopping
        self._rests = rests
        self._applies = applies
        self._workers = workers
        self._refused: dict[str, str] = {}  # why -> fingerprint of what was refused in the last round
        self._failed = ""  # fingerprint of the changes whose apply failed
        self.running = False  # an apply has begun: a signal lets it finish its open calls

    def converge(self, session: Session, looked: Looked, request: Request) -> None:
        """Applies what can be applied. It takes the lock only if there is something to do."""
        within = within_day(looked.plan, looked.state, request, now=session.clock.now())
        self._note_waiting(within.waiting, request)
        if within.plan.stops:
            self._refuse(policy.refusal(within.plan.stops, denied=within.plan.denied), within.plan)
            return
        for why in ("safety", "policy"):
            self._refused.pop(why, None)
        what = _to_do(within.plan)
        if not what:
            return
        if what == self._failed and _APPLYING in self._applies.resting():
            return
        try:
            self._apply(session, request, what)
        except StateLocked:
            self._known.lock = "other"
        except (SafetyStop, PolicyDenied) as error:
            self._refuse(error, within.plan)
        except Exception as error:  # noqa: BLE001 - whatever fails, the watch goes on; the next look shows what is left
            self._note_failure(self._reporting.words(error), what, fingerprint=fingerprint("error", type(error)))

    def _apply(self, session: Session, request: Request, what: str) -> None:
        done: Counter[str] = Counter()
        changed: list[str] = []
        failed: dict[str, str] = {}  # address -> why
        halting: dict[str, str] = {}  # provider -> why the run ended early

        def emit(event: Event) -> None:
            if event.kind is Kind.DONE:
                done[event.action] += 1
                changed.append(event.address)
            elif event.kind in (Kind.FAILED, Kind.UNCERTAIN):
                failed[event.address] = event.detail
            elif event.kind is Kind.STOPPED and event.provider:
                halting[event.provider] = event.detail

        def workers() -> WorkerPool[JobResult]:
            self.running = True
            return self._workers()

        self._known.lock = "ours"
        callbacks = RunCallbacks(
            show=lambda _: None,
            approve=lambda _: True,
            emit=emit,
            stop=self._stopping.reason,
        )
        try:
            applied = operations.apply(session, request, callbacks, workers=workers)
        finally:
            self._known.lock = "free"
            self.running = False
        self._known.calls.update(applied.calls)
        if applied.state is not None:
            self._known.took_state(applied.state, session.clock.now())
        if self._stopping.asked:
            return
        for provider in halting:
            self._rests.failed(provider)
        failed |= _blocked(applied, request)
        halted = None if applied.made_way else applied.halted
        if failed or halting or halted is not None or applied.unwritten:
            message = _failure(applied, halted, failed, done)
            self._note_failure(message, what, addresses=tuple(sorted(failed)), fingerprint=fingerprint(*sorted(failed)))
            return
        self._failed = ""
        self._applies.succeeded((_APPLYING,))
        if done or (applied.plan.outputs and not applied.made_way):
            made = said(dict(sorted(done.items()))) or "the files for applications"
            addresses = tuple(sorted(changed))
            self._reporting.emit(WatchKind.APPLIED, made, addresses=addresses, counts=dict(done))

    def _note_failure(self, message: str, what: str, *, addresses: tuple[str, ...] = (), fingerprint: str = "") -> None:
        if what != self._failed:
            self._applies.succeeded((_APPLYING,))
        self._failed = what
        self._applies.failed(_APPLYING)
        self._known.failures += 1
        self._reporting.emit(WatchKind.APPLY_FAILED, message, addresses=addresses, fingerprint=fingerprint)

    def _refuse(self, error: VoicectlError, plan: Plan) -> None:
        why = "policy" if isinstance(error, PolicyDenied) else "safety"
        self._emit_refusal(why, self._reporting.explain(error), fingerprint(why, *(stop.what for stop in plan.stops)))

    def _note_waiting(self, waiting: tuple[str, ...], request: Request) -> None:
        if not waiting:
            self._refused.pop("daily_limit", None)
            return
        count = "1 change waits" if len(waiting) == 1 else f"{len(waiting)} changes wait"
        limit = f"at most {request.max_paid_calls_per_day} paid calls a day are allowed"
        mark = fingerprint("daily_limit", *waiting)
        self._emit_refusal("daily_limit", f"{count} for tomorrow (UTC): {limit}", mark, waiting)

    def _emit_refusal(self, why: str, message: str, mark: str, addresses: tuple[str, ...] = ()) -> None:
        """Reports a refusal, unless the last round refused the same."""
        if self._refused.get(why) == mark:
            return
        self._refused[why] = mark
        self._known.refused(why)
        self._reporting.emit(WatchKind.REFUSED, message, addresses=addresses, counts={why: 1}, fingerprint=mark)


def _to_do(plan: Plan) -> str:
    """The fingerprint of what an apply would do; empty for nothing."""
    changes = [(c.address, c.action, c.key) for c in plan.changes if c.action is not Action.BLOCKED]
    files = [output.path for output in plan.outputs if not output.problem]
    return fingerprint(*changes, *files) if changes or files else ""


def _blocked(applied: Applied, request: Request) -> dict[str, str]:
    """Address -> why it is blocked, where neither the limit of the day nor a resting provider is the reason."""
    return {
        change.address: change.reason
        for change in applied.plan.changes
        if change.action is Action.BLOCKED
        and change.address not in applied.waiting
        and change.provider not in request.resting
    }


def _failure(applied: Applied, halt: str | None, failed: dict[str, str], done: Counter[str]) -> str:
    named = [f"{address}: {why}" for address, why in sorted(failed.items())]
    more = [f"and {len(named) - _NAMED} more"] if len(named) > _NAMED else []
    files = [f"{len(applied.unwritten)} files for applications could not be written"] if applied.unwritten else []
    parts = [*([halt] if halt is not None else []), *named[:_NAMED], *more, *files]
    return "; ".join(parts) + (f" (done: {said(dict(sorted(done.items())))})" if done else "")
