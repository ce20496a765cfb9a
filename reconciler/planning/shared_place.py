"""Guards a state that pipelines and other machines use: against a lost address of it, and against a second manifest.

Two repositories with the same place for their state would delete each other's voices: each declares none of the
other's. A pipeline that has lost the address of its state would buy every voice again that no cloud lists.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence

from reconciler.errors import NoState
from reconciler.hints import hint, way
from reconciler.model.manifest import Voice
from reconciler.model.plan import Action, Change, Stop
from reconciler.model.state import LIVE, State

_NAMED = 5  # addresses in a sentence


def others_stop(changes: Sequence[Change], state: State, voices: Mapping[str, Voice]) -> Stop | None:
    """The stop for a state that holds voices, of which the manifest declares none; None if it holds one or no voice."""
    held = {record.address for record in state.records.values() if record.status in LIVE}
    if not voices or not held or state.accepts == digest(voices):
        return None
    moved = {change.address for change in changes if change.action is Action.MOVE}
    if moved or any(address in held for address in voices):
        return None
    count = "1 voice" if len(held) == 1 else f"{len(held)} voices"
    return Stop(
        what=f"this state holds {count} of other entries: {_listed(held)}; the manifest declares none of them",
        hint=hint(
            "Is it the state of another manifest? Then choose another place for this one",
            way("if the entries were all replaced on purpose", "state mv-manifest"),
        ),
        headline="The state holds only voices of other entries",
    )


def digest(addresses: Collection[str]) -> str:
    """Identifies a set of declared addresses."""
    return hashlib.sha256("\n".join(sorted(addresses)).encode()).hexdigest()[:16]


def lost_in_pipeline(voices: Mapping[str, Voice], where: str) -> NoState | None:
    """The error for a pipeline without a state, if it declares entries that no cloud lists; else None."""
    unlisted = [address for address, voice in voices.items() if not voice.body.watched]
    if not unlisted:
        return None
    return NoState(
        f"There is no state at {where}, and this is a pipeline (CI is set). If a variable with the place of the state "
        f"is missing, these entries would be bought again, because no cloud lists them: {_listed(unlisted)}.",
        hint(
            "Check where the state is: state: in the manifest, or VOICECTL_STATE",
            way("if nothing was made yet", "apply --new-state"),
        ),
    )


def _listed(addresses: Collection[str]) -> str:
    named = sorted(addresses)
    more = f" and {len(named) - _NAMED} more" if len(named) > _NAMED else ""
    return ", ".join(named[:_NAMED]) + more
