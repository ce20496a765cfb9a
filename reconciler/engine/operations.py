"""One function a use case: plan, apply. What a command line, a pipeline or a test calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from reconciler.engine.clocks import Shifted, ahead_by, note
from reconciler.engine.cloud import Cloud
from reconciler.engine.probe import Verifier
from reconciler.engine.refresh import look, needed, opened
from reconciler.engine.session import Request, Session
from reconciler.engine.worker_pool import ThreadPool, WorkerPool
from reconciler.errors import Declined, SafetyStop, StateError, UsageError
from reconciler.hints import NO_HINT, hint, way
from reconciler.model.base import Frozen
from reconciler.model.events import Event, Tally
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.model.survey import Survey
from reconciler.planning import no_state, planner, policy
from reconciler.planning import survey as surveying
from reconciler.planning.finish import finish
from reconciler.planning.plan_context import PlanOptions
from reconciler.protocols import Clock

if TYPE_CHECKING:
    from reconciler.engine.executor import Executor
    from reconciler.engine.jobs import JobResult


@dataclass(frozen=True, slots=True)
class Watch:
    """How a run talks to whoever started it."""

    show: Callable[[Plan], None]  # before anything is asked or done
    approve: Callable[[Plan], bool]
    emit: Callable[[Event], None]
    stop: Callable[[], str | None]  # asked at every turn: why nothing more should start
    began: Callable[[Callable[[], Tally]], None] = lambda _: None  # given what says, at any time, how far the run is


class Applied(Frozen):
    """How an apply ended. `halted` says why it stopped before its end."""

    plan: Plan
    tally: Tally
    halted: str | None = None


class Drifted(Frozen):
    """What changed outside. `survey` is what the accounts show where the state has no record, or is not there."""

    plan: Plan
    survey: Survey | None = None


@dataclass(frozen=True, slots=True)
class _Planned:
    plan: Plan
    survey: Survey | None
    clouds: Mapping[str, Cloud]
    clock: Clock


def plan(session: Session, request: Request) -> Plan:
    """What would change. Reads the state and the clouds; writes nothing."""
    state = session.state(new=request.new_state)
    _refuse_second(session, request)
    return _plan(session, state, request).plan


def drift(session: Session, *, verifier: Verifier | None = None) -> Drifted:
    """What changed outside. Writes nothing. `verifier` looks again at what was seen."""
    made = _plan(session, session.state(begins=False), Request(), verifier)
    return Drifted(plan=made.plan, survey=made.survey)


def apply(
    session: Session,
    request: Request,
    watch: Watch,
    *,
    approved: Plan | None = None,
    workers: Callable[[], WorkerPool[JobResult]] = ThreadPool,
) -> Applied:
    """Makes it so. `approved` is a saved plan: then nothing runs that it does not say.

    Raises SafetyStop, Declined and PlanError before the first call, and NoState where a destroy would be a guess;
    StateNotSaved if the disk fails after one.
    """
    with session.store.locked(
        "destroy" if request.options.destroy else "apply", wait=request.lock_wait, waiting=request.waiting
    ):
        new = request.new_state if approved is None else approved.new_state
        state = session.state(begins=not request.options.destroy, new=new)
        _refuse_second(session, request)
        if approved is not None:
            state = policy.check_fresh(approved, state, manifest=session.manifest.name)
            request = _as_reviewed(request, approved)
        planned = _plan(session, state, request)
        made = planned.plan
        if made.destroy and planned.survey is not None:
            _refuse_a_guess(planned.survey, session.store.where)
        if approved is not None:
            made = policy.restrict_to(made, approved, going_on=state.applying == approved.plan_id)
        watch.show(made)
        if made.stops:
            raise SafetyStop(
                "; ".join(stop.what for stop in made.stops), sum((stop.hint for stop in made.stops), NO_HINT)
            )
        if made.empty and approved is None:
            session.store.fold()  # what a run that died had written down
            return Applied(plan=made, tally=Tally())
        if not made.empty and not watch.approve(made):
            raise Declined("Nobody said yes.", hint(way("At a terminal, answer yes; elsewhere", "--auto-approve")))
        used = None if approved is None or policy.does_nothing(approved) else approved
        return _run(replace(session, clock=planned.clock), state, made, planned.clouds, watch, used, workers)


def _refuse_a_guess(survey: Survey, where: str) -> None:
    """Raises NoState unless the accounts show that there is nothing to destroy."""
    refusal = no_state.refusal(survey, where)
    if refusal is not None:
        raise refusal


def _refuse_second(session: Session, request: Request) -> None:
    if request.new_state and session.store.exists:
        raise UsageError(
            f"There is a state at {session.store.where} already, so there is no other to begin.",
            "Go on with it, without --new-state; a second environment takes another manifest, or a link to this one.",
        )


def _as_reviewed(request: Request, approved: Plan) -> Request:
    """What was asked for when the plan was made."""
    options = PlanOptions(
        retry=frozenset(approved.retry),
        replace=frozenset(approved.replace),
        allow_recreates=approved.allow_recreates,
        destroy=approved.destroy,
    )
    return replace(request, options=options, allow_deletes=approved.allow_deletes)


def _run(
    session: Session,
    state: State,
    made: Plan,
    clouds: Mapping[str, Cloud],
    watch: Watch,
    approved: Plan | None,
    start_workers: Callable[[], WorkerPool[JobResult]],
) -> Applied:
    from reconciler.engine.executor import Executor  # a plan needs none of it

    session.store.begin(state)
    if approved is not None or state.applying is not None:  # another run ends what an interrupted plan may go on with
        state = state.with_changes(applying=approved.plan_id if approved is not None else None)
        session.store.commit(state)
    workers = start_workers()
    executor = Executor(
        made,
        state,
        session.manifest.voices,
        clouds,
        journal=session.store,
        workers=workers,
        clock=session.clock,
        emit=watch.emit,
        stop=watch.stop,
    )
    watch.began(executor.tally)
    try:
        tally = executor.run()
    except Exception:  # a bug of ours: what clouds have answered before it is written down all the same
        workers.close()
        with suppress(StateError):
            session.store.commit(executor.state)
        raise
    finally:
        workers.close()
    _save_the_end(session, executor, approved)
    return Applied(plan=made, tally=tally, halted=executor.halted)


def _save_the_end(session: Session, executor: Executor, approved: Plan | None) -> None:
    """The run in one snapshot, and then its summary: told also where the state could not be saved."""
    state = executor.state
    if approved is not None and executor.halted is None:
        state = state.with_changes(applying=None, applied=approved.plan_id)
    try:
        if state.records or session.store.exists or approved is not None:  # an apply that did nothing makes no state
            session.store.finish(state)
    except StateError:
        with suppress(Exception):  # that nobody listens is the smaller news
            executor.tell_the_end()
        raise
    executor.tell_the_end()


def _plan(session: Session, state: State, request: Request, verifier: Verifier | None = None) -> _Planned:
    manifest, now = session.manifest, session.clock.now()
    connected, lacking = opened(session.connect, needed(manifest, state, now=now))
    accounts = {name: cloud.provider.account for name, cloud in connected.items()}
    extra = planner.candidates(manifest, state, accounts, now=now)
    looked, refused = look(manifest, state, connected, extra)
    clouds = {name: cloud for name, cloud in connected.items() if name in looked}
    seen = verifier(state, clouds, looked) if verifier is not None else looked
    ahead = ahead_by(seen.values())
    able = {name: cloud.provider.capabilities for name, cloud in clouds.items()}
    closed = lacking | refused
    survey = None
    if not state.records:
        survey = surveying.survey(manifest, state, seen, able, closed=closed, stateless=not session.store.exists)
    made = finish(
        planner.plan(manifest, state, seen, able, now=now + ahead, options=request.options, closed=closed),
        manifest,
        state,
        options=request.options,
        is_set=session.is_set,
        allow_deletes=request.allow_deletes,
        new_state=request.new_state,
        notes=(*note(ahead), *_others(request, survey)),
    )
    return _Planned(made, survey, clouds, Shifted(session.clock, ahead))


def _others(request: Request, survey: Survey | None) -> tuple[str, ...]:
    """What a destroy without a state leaves alone."""
    more = no_state.note(survey) if request.options.destroy and survey is not None else ""
    return (more,) if more else ()
