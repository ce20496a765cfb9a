"""The session and the request: what every operation works on, and the options of the user."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from math import inf
from typing import TYPE_CHECKING

from reconciler.engine.cloud import Cloud
from reconciler.engine.store import Store
from reconciler.errors import StateLocked
from reconciler.model.finding import Finding
from reconciler.model.manifest import Manifest
from reconciler.model.neighbour import Neighbour
from reconciler.model.plan import Plan
from reconciler.model.state import State
from reconciler.planning import neighbours, no_state
from reconciler.planning.plan_context import PlanOptions
from reconciler.protocols.clock import Clock
from reconciler.values import value

if TYPE_CHECKING:
    from datetime import datetime

    from reconciler.engine.account_limits import AccountLimits
    from reconciler.engine.output_files import FileChange, OutputFiles
    from reconciler.model.events import Event
    from reconciler.model.plan import Plan
    from reconciler.planning.account_check import AccountProblem


@value
class Session:
    """What every operation works on. `connect` connects the named providers; `lineage` returns a new lineage.

    `is_set`: whether the environment has a non-empty variable of this name.
    `outputs`: the files for applications, if the manifest declares any.
    `neighbours` reads the state files nearby: one of them may be the right one if this place has none. `held_beside`
    maps the keys of the voices that they hold to their manifests.
    `shared`: other machines use the place of the state too. `pipeline`: the run is a job of a pipeline.
    """

    manifest: Manifest
    store: Store
    connect: Callable[[Collection[str]], Mapping[str, Cloud]]
    clock: Clock
    lineage: Callable[[], str]
    is_set: Callable[[str], bool] = lambda _: True
    neighbours: Callable[[], Sequence[Neighbour]] = tuple
    held_beside: Callable[[], Mapping[str, str]] = dict
    outputs: OutputFiles | None = None
    shared: bool = False
    pipeline: bool = False
    run_policies: Callable[[Plan], Sequence[Finding]] = lambda _: ()  # runs the commands of `policy:`
    limits: AccountLimits | None = None  # of the accounts, if other sessions of this process share them
    notes: tuple[str, ...] = ()  # what every plan of this session says too

    def state(self, *, begins: bool = True, new: bool = False) -> State:
        """The state, checked to belong to this manifest; an empty one if there is none yet.

        Raises StateElsewhere if another state may be the right one, unless the user asked for a `new` one. `begins`:
        the operation may begin a new state.
        """
        state = self.recorded()
        if state is not None:
            return state
        if not new:
            self.refuse_elsewhere(begins=begins)
        return self.blank()

    def with_outputs(self, plan: Plan, state: State, *, now: datetime) -> Plan:
        """The plan with what its apply does to the files for applications."""
        if self.outputs is None:
            return plan
        from reconciler.engine.output_plan import with_outputs  # most manifests declare none

        return with_outputs(plan, self.outputs, state, now=now)

    def write_outputs(
        self, plan: Plan, state: State, *, now: datetime, emit: Callable[[Event], None]
    ) -> tuple[FileChange, ...]:
        """Writes the files for applications where the plan changes nothing else. Returns those not written."""
        if self.outputs is None:
            return ()
        from reconciler.engine.output_writer import emit_problems, emit_written

        changes = self.outputs.update(state, now=now, destroy=plan.destroy)
        emit_written(changes, emit)
        return emit_problems(changes, emit)

    def blank(self) -> State:
        """A new, empty state, which is not written yet."""
        return State(lineage=self.lineage(), manifest=self.manifest.name)

    def refuse_elsewhere(self, *, begins: bool) -> None:
        """Raises StateElsewhere if this place has no state and one nearby may be the right one."""
        refusal = neighbours.blocking_error(self.neighbours(), self.manifest.name, begins=begins)
        if refusal is not None:
            raise refusal

    def recorded(self) -> State | None:
        """The state, checked to belong to this manifest; None if there is none yet."""
        state = self.store.load(self.manifest.voices)
        if state is not None:
            self.store.check(state, self.manifest.name)
        return state


GRACE = 6.0  # seconds; GitHub sends SIGTERM 7.5 s after the SIGINT of a cancelled job, and kills it 2.5 s later


@value
class Request:
    """The options of the command line. `grace`: seconds that an interrupted run waits for open calls.

    `resting`: providers that are not called, each with the reason; their entries are blocked. `look_seconds`: how long
    one of several accounts may take to be read. `task_patience`: after so long, a run that only waits for tasks ends.
    """

    options: PlanOptions = field(default_factory=PlanOptions)
    allow_deletes: int | None = None
    max_paid_calls: int | None = None
    max_paid_calls_per_day: int | None = None  # by all runs together; what does not fit is blocked
    max_cost: str | None = None  # `50 USD`
    new_state: bool = False  # begin a new state here, whatever other states hold
    refresh: bool = True  # look at the accounts; without it a plan can't be applied
    lock_wait: float = 0.0
    grace: float = GRACE
    waiting: Callable[[StateLocked], None] | None = None
    resting: Mapping[str, AccountProblem] = field(default_factory=dict)
    look_seconds: float = inf
    task_patience: float = inf

    def seen_during(self, under_way: str) -> Request:
        """The same request, while another run holds the lock; empty: none does."""
        return replace(self, options=replace(self.options, under_way=under_way))


@dataclass(slots=True)
class Edit:
    """One manual edit of the state. `after` is the new state; None leaves it unchanged."""

    before: State
    after: State | None = None


@contextmanager
def state_edit(
    session: Session,
    operation: str,
    request: Request,
    *,
    begins: bool = False,
    finds: bool = False,
    new: bool = False,
) -> Iterator[Edit]:
    """Locks and loads the state for a manual edit, and saves `after` at the end of the block.

    If there is no state, only an operation that `begins` one or `finds` voices may continue, and nothing is written
    unless it sets `after`. `new`: begin a new state, whatever other states hold. Raises NoState and StateElsewhere.
    """
    with session.store.locked(operation, wait=request.lock_wait, waiting=request.waiting):
        state = session.state(begins=begins, new=new)
        if not (session.store.exists or begins or finds):
            raise no_state.nothing_known(session.store.where)
        edit = Edit(state)
        session.store.begin(state, pays=False)
        yield edit
        if edit.after is not None or session.store.exists:
            session.store.finish(edit.after or state)
