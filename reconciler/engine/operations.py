"""The use cases `plan`, `drift` and `apply`, one function each, for the command line, a pipeline or a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import field, replace
from typing import TYPE_CHECKING

from reconciler.engine import preconditions
from reconciler.engine.cloud import Cloud
from reconciler.engine.observed_plan import observed_plan
from reconciler.engine.policy_checks import checked, within_day
from reconciler.engine.probe import Verifier
from reconciler.engine.session import Request, Session
from reconciler.engine.worker_pool import ThreadPool, WorkerPool
from reconciler.errors import Declined, StateError
from reconciler.hints import hint, way
from reconciler.model.events import Event, Tally
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.planning import policy
from reconciler.planning.plan_context import PlanOptions
from reconciler.planning.scope import Scope
from reconciler.protocols.backend import Lease
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.engine.executor import Executor
    from reconciler.engine.jobs import JobResult
    from reconciler.engine.output_files import FileChange
    from reconciler.model.survey import Survey


@value
class RunCallbacks:
    """What a run calls: to show its plan, to ask for approval, to report its events, and to learn that it must stop."""

    show: Callable[[Plan], None]  # before anything is asked or done
    approve: Callable[[Plan], bool]
    emit: Callable[[Event], None]
    stop: Callable[[], str | None]  # called in every cycle: returns why nothing more may start
    began: Callable[[Callable[[], Tally]], None] = lambda _: None  # receives a function that returns the progress


@value
class Applied:
    """How an apply ended. `halted` says why it stopped early."""

    plan: Plan
    tally: Tally
    halted: str | None = None
    unwritten: tuple[FileChange, ...] = ()  # files for applications that could not be written
    calls: Mapping[tuple[str, str], int] = field(default_factory=dict)  # see `Executor.calls`
    state: State | None = None  # after a run; None: the plan was empty
    made_way: bool = False  # it ended early, because it only waited for tasks
    waiting: tuple[str, ...] = ()  # the addresses that the limit of the day blocked


@value
class Looked:
    """A plan, the state that it was made from, and the providers that could not be looked at, with the reason."""

    plan: Plan
    state: State
    failing: Mapping[str, str]


@value
class Drifted:
    """What changed outside of voicectl. `survey` describes the accounts, if there is no state or it has no record."""

    plan: Plan
    survey: Survey | None = None


def plan(session: Session, request: Request) -> Plan:
    """Makes a plan. Reads the state, the clouds and the files for applications, and writes nothing."""
    return look(session, request).plan


def look(session: Session, request: Request) -> Looked:
    """Makes a plan, and keeps what else was seen. Writes nothing."""
    state = session.state(new=request.new_state)
    preconditions.refuse_second_state(session, request)
    planned = observed_plan(session, state, request)
    made = checked(session.with_outputs(planned.plan, state, now=planned.clock.now()), session, request)
    return Looked(made, state, planned.failing)


def drift(session: Session, *, verifier: Verifier | None = None, under_way: str = "") -> Drifted:
    """Finds what changed outside of voicectl. Writes nothing. `verifier` checks the observations again.

    `under_way`: see `PlanOptions`.
    """
    planned = observed_plan(session, session.state(begins=False), Request().seen_during(under_way), verifier)
    return Drifted(plan=planned.plan, survey=planned.survey)


def apply(
    session: Session,
    request: Request,
    callbacks: RunCallbacks,
    *,
    approved: Plan | None = None,
    workers: Callable[[], WorkerPool[JobResult]] = ThreadPool,
) -> Applied:
    """Makes a plan and carries it out. `approved` is a saved plan: then only its changes run.

    Raises Declined and PlanError before the first call. Raises NoState if a destroy can't know what to
    delete. Raises StateNotSaved if the disk fails after the first call.
    """
    with session.store.locked(
        "destroy" if request.options.destroy else "apply", wait=request.lock_wait, waiting=request.waiting
    ) as lease:
        new = request.new_state if approved is None else approved.new_state
        state = session.state(begins=not request.options.destroy, new=new)
        preconditions.refuse_lost_place(session, new=new)
        preconditions.refuse_second_state(session, request)
        if approved is not None:
            state = policy.check_fresh(approved, state, manifest=session.manifest.name)
            request = _with_saved_options(request, approved)
        planned = observed_plan(session, state, request)
        new_plan = planned.plan
        if new_plan.destroy and planned.survey is not None:
            preconditions.refuse_unknown_destroy(planned.survey, session.store.where)
        if approved is not None:
            new_plan = policy.restrict_to(new_plan, approved, resumed=state.applying == approved.plan_id)
        new_plan = session.with_outputs(new_plan, state, now=planned.clock.now())
        new_plan = checked(new_plan, session, request)
        within = within_day(new_plan, state, request, now=planned.clock.now())
        new_plan = within.plan
        callbacks.show(new_plan)
        if new_plan.stops:
            raise policy.refusal(new_plan.stops, denied=new_plan.denied)
        if new_plan.empty and approved is None:
            session.store.fold()  # the journal of a run that died
            unwritten = session.write_outputs(new_plan, state, now=planned.clock.now(), emit=callbacks.emit)
            return Applied(plan=new_plan, tally=Tally(), unwritten=unwritten)
        if not new_plan.empty and not callbacks.approve(new_plan):
            elsewhere = way("Answer yes, or run without confirmation", "--auto-approve")
            raise Declined("You did not answer yes.", hint(elsewhere))
        used = None if approved is None or policy.does_nothing(approved) else approved
        applied = _run(
            replace(session, clock=planned.clock),
            state,
            new_plan,
            planned.clouds,
            callbacks,
            used,
            workers,
            lease,
            request,
        )
        return replace(applied, waiting=within.waiting)


def _with_saved_options(request: Request, approved: Plan) -> Request:
    """The request with the options of the saved plan."""
    options = PlanOptions(
        retry=frozenset(approved.retry),
        replace=frozenset(approved.replace),
        allow_recreates=approved.allow_recreates,
        destroy=approved.destroy,
        scope=Scope(approved.targets, approved.excludes),
        refresh_only=approved.refresh_only,
    )
    return replace(
        request,
        options=options,
        allow_deletes=approved.allow_deletes,
        max_paid_calls=approved.max_paid_calls,
        max_cost=approved.max_cost,
    )


def _run(
    session: Session,
    state: State,
    new_plan: Plan,
    clouds: Mapping[str, Cloud],
    callbacks: RunCallbacks,
    approved: Plan | None,
    start_workers: Callable[[], WorkerPool[JobResult]],
    lease: Lease,
    request: Request,
) -> Applied:
    from reconciler.engine.executor import Executor  # a plan needs none of it

    session.store.begin(state)
    if approved is not None or state.applying is not None:  # a new run ends the interrupted run of another plan
        state = state.with_changes(applying=approved.plan_id if approved is not None else None)
        session.store.commit(state)
    workers = start_workers()
    executor = Executor(
        new_plan,
        state,
        session.manifest.voices,
        clouds,
        journal=session.store,
        workers=workers,
        clock=session.clock,
        emit=callbacks.emit,
        stop=callbacks.stop,
        lease=lease,
        grace=request.grace,
        most_paid=request.max_paid_calls_per_day,
        patience=request.task_patience,
        outputs=session.outputs,
        limits=session.limits,
    )
    callbacks.began(executor.tally)
    try:
        tally = executor.run()
    except Exception:  # a bug of ours: the results before it are written all the same
        workers.close()
        with suppress(StateError):
            session.store.commit(executor.state)
        raise
    finally:
        workers.close(wait=executor.halted is None)
    _save_end(session, executor, approved)
    return Applied(
        plan=new_plan,
        tally=tally,
        halted=executor.halted,
        unwritten=executor.unwritten,
        calls=executor.calls(),
        state=executor.state,
        made_way=executor.made_way,
    )


def _save_end(session: Session, executor: Executor, approved: Plan | None) -> None:
    """Saves the run as one snapshot, and then emits its summary, even if the state could not be saved."""
    state = executor.state
    if approved is not None and executor.halted is None:
        state = state.with_changes(applying=None, applied=approved.plan_id)
    try:
        if state.records or session.store.exists or approved is not None:  # an apply that did nothing makes no state
            session.store.finish(state)
    except StateError:
        with suppress(Exception):  # the error of the state is more important than the listener's
            executor.emit_summary()
        raise
    executor.emit_summary()
