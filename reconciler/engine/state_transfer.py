"""Moves voices from the state of one manifest into the state of another, under both locks. See `planning.transfers`."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

from reconciler.engine.session import Request, Session
from reconciler.errors import StateElsewhere, UsageError
from reconciler.hints import hint, way
from reconciler.model.state import Record, State
from reconciler.planning import no_state, transfers

OPERATION = "state mv"


def transfer(source: Session, target: Session, patterns: Sequence[str], to: str, request: Request) -> list[str]:
    """Moves the voices that the patterns name. Returns their addresses. `to`: the target's manifest, for messages.

    Writes nothing in a cloud. Raises UsageError before the first write if a voice can't move.
    """
    if source.store.where == target.store.where:
        raise UsageError(f"{to} is this manifest: its state is {target.store.where} too.")
    with ExitStack() as locks:
        for session in sorted((source, target), key=lambda each: each.store.where):  # two moves wait in one order
            locks.enter_context(session.store.locked(OPERATION, wait=request.lock_wait, waiting=request.waiting))
        before, there = source.recorded(), target.recorded()
        if before is None:
            raise no_state.nothing_known(source.store.where)
        known = there if there is not None else _first_state(target, to)
        addresses = transfers.leaving_addresses(before, patterns)
        leaving = transfers.outgoing(before, addresses, to)
        providers = _providers(source, target, leaving, to)
        arriving, bound = transfers.incoming(leaving, before, known, target.manifest, providers)
        source.store.begin(before, pays=False)
        marked = before.with_changes(leaving)
        source.store.commit(marked)
        target.store.begin(there, pays=False)
        target.store.finish(known.with_changes(arriving, current=bound))
        gone, freed = transfers.departed(leaving, marked, now=source.clock.now())
        source.store.finish(marked.with_changes(gone, current=freed))
    return addresses


def _first_state(target: Session, to: str) -> State:
    """A new state for the target. Raises StateElsewhere if another one may be the right one."""
    try:
        return target.state()
    except StateElsewhere as elsewhere:
        first = way(f"Begin or find the state of {to} first", "plan", place=target.store.place)
        raise StateElsewhere(elsewhere.detail, hint(first)) from None


def _providers(source: Session, target: Session, records: Sequence[Record], to: str) -> dict[str, str]:
    """Provider of the source -> the provider of the target that is the same account."""
    return {
        name: _same_account(source, target, name, account, to)
        for name, account in {record.provider: record.account for record in records}.items()
    }


def _same_account(source: Session, target: Session, name: str, account: str, to: str) -> str:
    here, there = source.manifest.providers, target.manifest.providers
    if name in there and there[name] == here.get(name):
        return name  # declared alike, so no credentials are needed
    kind = account.partition(" ")[0]
    for other, declared in there.items():
        if declared.type == kind and target.connect([other])[other].provider.account == account:
            return other
    raise UsageError(
        f"{to} declares no provider for the account of {name} ({account}).",
        hint("Declare it there too", way("or, if it is the same account, confirm it", "state rebind", name)),
    )
