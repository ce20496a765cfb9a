"""What every operation works on, and what a person asked of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

from reconciler.engine.cloud import Cloud
from reconciler.engine.store import Store
from reconciler.errors import StateLocked
from reconciler.model.manifest import Manifest
from reconciler.model.neighbour import Neighbour
from reconciler.model.state import State
from reconciler.planning import neighbours, no_state
from reconciler.planning.plan_context import PlanOptions
from reconciler.protocols import Clock


@dataclass(frozen=True, slots=True)
class Session:
    """What every operation works on. `connect` opens the named providers' accounts; `lineage` makes a new one.

    `is_set`: whether the environment has a variable of this name with something in it.
    `neighbours` reads the state files nearby, one of which may be the right one where this place has none.
    """

    manifest: Manifest
    store: Store
    connect: Callable[[Collection[str]], Mapping[str, Cloud]]
    clock: Clock
    lineage: Callable[[], str]
    is_set: Callable[[str], bool] = lambda _: True
    neighbours: Callable[[], Sequence[Neighbour]] = tuple

    def state(self, *, begins: bool = True, new: bool = False) -> State:
        """The state as it is, checked to be this manifest's; an empty one where there is none yet.

        Raises StateElsewhere where another state may be meant, unless a `new` one was asked for. `begins`: what is
        made may be written under it.
        """
        state = self.recorded()
        if state is not None:
            return state
        if not new:
            self.refuse_elsewhere(begins=begins)
        return self.blank()

    def blank(self) -> State:
        """A state that nothing was written of."""
        return State(lineage=self.lineage(), manifest=self.manifest.name)

    def refuse_elsewhere(self, *, begins: bool) -> None:
        """Where this place has no state: raises StateElsewhere if one nearby may be the right one."""
        refusal = neighbours.obstacle(self.neighbours(), self.manifest.name, begins=begins)
        if refusal is not None:
            raise refusal

    def recorded(self) -> State | None:
        """The state as it is, checked to be this manifest's; None where there is none yet."""
        state = self.store.load()
        if state is not None:
            self.store.check(state, self.manifest.name)
        return state


@dataclass(frozen=True, slots=True)
class Request:
    """What a person asked for on the command line, beyond the manifest."""

    options: PlanOptions = field(default_factory=PlanOptions)
    allow_deletes: int | None = None
    new_state: bool = False  # begin a state here, whatever others hold
    lock_wait: float = 0.0
    waiting: Callable[[StateLocked], None] | None = None


@dataclass(slots=True)
class Edit:
    """One change of the state by hand. `after` is what it becomes; None leaves it as it was."""

    before: State
    after: State | None = None


@contextmanager
def changing(
    session: Session,
    operation: str,
    request: Request,
    *,
    begins: bool = False,
    finds: bool = False,
    new: bool = False,
) -> Iterator[Edit]:
    """The state under the lock; what the block leaves as `after` is saved.

    Without a state, only an operation that `begins` one or `finds` its voices goes on, and nothing is written where
    it leaves nothing. `new`: whatever other states hold. Raises NoState and StateElsewhere.
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
