"""Manual edits of the state: `state mv`, `state rm` and `state rebind`. They change nothing in a cloud."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

from reconciler.engine.session import Request, Session, state_edit
from reconciler.errors import UsageError, not_in_state
from reconciler.hints import hint, way
from reconciler.model import transitions
from reconciler.model.address import is_address
from reconciler.model.manifest import AUDIO
from reconciler.model.method import Origin
from reconciler.model.state import LIVE, SETTLING, Record, State, Status
from reconciler.planning import moved_records

OPERATION = "state mv"


def move(session: Session, pairs: Sequence[tuple[str, str]], request: Request) -> list[tuple[str, str]]:
    """Moves voices to other addresses, all at once. Their keys stay the same. Returns the pairs, without patterns.

    A pair may hold one `*` on both sides: `npc_*` to `cast_*`.
    """
    with state_edit(session, OPERATION, request) as edit:
        state = edit.before
        named = [pair for source, target in pairs for pair in _expanded(state, source, target)]
        moving: dict[str, Record] = {}
        sources = [source for source, _ in named]
        for source, target in named:
            _check_move(state, source, target, leaving=sources)
            if target in moving or sources.count(source) > 1:
                raise UsageError(f"{source} and another voice can't both become {target}.")
            moving[target] = state.records[state.current[source]]
        along = {
            target: [r.external_task_id for r in moved_records.others_at_address(state, record)]
            for target, record in moving.items()
        }
        moved, current = moved_records.moved(state, moving, along, session.manifest.voices, now=session.clock.now())
        edit.after = state.with_changes(moved, current=current)
        return named


def _expanded(state: State, source: str, target: str) -> list[tuple[str, str]]:
    """The pairs that a pair with `*` names; else the pair itself."""
    if "*" not in source:
        return [(source, target)]
    if source.count("*") != 1 or target.count("*") != 1:
        raise UsageError(f"{source} {target}: one * on both sides is needed, such as 'npc_*' 'cast_*'.")
    begin, end = source.split("*")
    matching = [
        address
        for address in sorted(state.current)
        if len(address) >= len(begin) + len(end) and address.startswith(begin) and address.endswith(end)
    ]
    if not matching:
        raise not_in_state(source)
    return [(address, target.replace("*", address[len(begin) : len(address) - len(end)])) for address in matching]


def _check_move(state: State, source: str, target: str, *, leaving: Collection[str]) -> None:
    if source not in state.current:
        raise not_in_state(source)
    if target == source:
        raise UsageError(f"{source} has that address already.")
    if not is_address(target):
        form = "A letter, then letters, digits, - and _; at most 63. An instance of for_each also has a key: NAME[KEY]"
        raise UsageError(f"{target} can't be an address.", form)
    if source.startswith(AUDIO) != target.startswith(AUDIO):
        raise UsageError(
            f"{source} and {target} are a sound and a voice: neither can become the other.",
            f"A sound's address begins with {AUDIO}, a voice's does not.",
        )
    if target in state.current and target not in leaving:
        held_there = state.records[state.current[target]].voice_id or "one that is being made"
        raise UsageError(
            f"{target} has a voice already, {held_there}.",
            hint(way("To remove that one from the state; its voice stays in the account", "state rm", target)),
        )


def remove(session: Session, address: str, request: Request) -> Record:
    """Releases a voice without a delete call. It stays in its cloud, and the record is kept as abandoned.

    `address` may also be an external_task_id, of an old voice that its cloud refuses to delete.
    """
    with state_edit(session, "state rm", request) as edit:
        state, now = edit.before, session.clock.now()
        record = state.at(address) or _deposed_or_keyed(state, address)
        if record is None:
            raise not_in_state(address)
        may_be_there = record.voice_id is not None or record.status in SETTLING
        kept = (
            transitions.ended(record, Status.ABANDONED, now=now)
            if may_be_there and record.origin is not Origin.OFFICIAL
            else transitions.tombstone(record, now=now)
        )
        bound = state.current.get(record.address) == record.external_task_id
        edit.after = state.with_changes([kept], current={record.address: None} if bound else {})
        return kept


def rebind(session: Session, provider: str, request: Request, *, source: str | None = None) -> int:
    """Rebinds a provider's records to its present account. Returns how many live records were rebound.

    The user states by it that the voices were made on this account. `source` is the provider's old name, if it was
    renamed.
    """
    if provider not in session.manifest.providers:
        raise UsageError(f"The manifest declares no provider {provider}.")
    if source is not None and source in session.manifest.providers:
        raise UsageError(
            f"{source} is still declared, so it was not renamed.",
            f"Let its entries name {provider}: where both are one account, the next plan moves them without a call. "
            f"Where it can't decide that, take {source} from the manifest first.",
        )
    with state_edit(session, "state rebind", request) as edit:
        state = edit.before
        old, kind = source or provider, session.manifest.providers[provider].type
        there = (r for r in state.records.values() if r.provider == old and r.status is not Status.DELETED)
        if other := next((r.type for r in there if r.type != kind), None):
            raise UsageError(
                f"The voices of {old} are of {other}, and {provider} is {kind}: that is not the same account.",
                "Declare the provider under another name, and the old one as it was.",
            )
        account = session.connect([provider])[provider].provider.account
        rebound = [
            replace(r, provider=provider, account=account, owned_by=None)
            for r in state.records.values()
            if r.provider == old and (r.provider != provider or r.account != account or r.owned_by is not None)
        ]
        edit.after = state.with_changes(rebound)
        return sum(r.status in LIVE for r in rebound)


def _deposed_or_keyed(state: State, address: str) -> Record | None:
    """The newest deposed record of an address; or the record with this key."""
    waiting = [r for r in state.records.values() if r.address == address and r.status is Status.DEPOSED]
    return max(waiting, key=lambda r: r.generation, default=state.records.get(address))
