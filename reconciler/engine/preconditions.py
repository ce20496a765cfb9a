"""What an operation needs before it starts. Each function raises the error that says what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from reconciler.engine.session import Request, Session
from reconciler.errors import UsageError
from reconciler.model.manifest import Voice
from reconciler.model.state import State
from reconciler.model.suggestion import nearest
from reconciler.planning import no_state, shared_place
from reconciler.planning.scope import Scope, unmatched

if TYPE_CHECKING:
    from reconciler.model.survey import Survey


def refuse_unknown_destroy(survey: Survey, where: str) -> None:
    """Raises NoState unless the accounts show that there is nothing to destroy."""
    refusal = no_state.refusal(survey, where)
    if refusal is not None:
        raise refusal


def refuse_lost_place(session: Session, *, new: bool) -> None:
    """Raises NoState if a pipeline finds no state, and no cloud could show what an earlier run has made."""
    if session.pipeline and not new and not session.store.exists:
        refusal = shared_place.lost_in_pipeline(session.manifest.voices, session.store.where)
        if refusal is not None:
            raise refusal


def refuse_second_state(session: Session, request: Request) -> None:
    if request.new_state and session.store.exists:
        raise UsageError(
            f"{session.store.where} already holds a state, so voicectl can't start a new one.",
            "Use it, without --new-state. A second environment needs another manifest, or a link to this one.",
        )


def refuse_unmatched(scope: Scope, state: State, voices: Mapping[str, Voice]) -> None:
    """Raises UsageError for a pattern of --target or --exclude that matches no voice: it may be misspelt."""
    if not scope:
        return
    lost = unmatched(scope, state, voices)
    if lost:
        flag = "--target" if lost[0] in scope.targets else "--exclude"
        near = nearest(lost[0], voices)
        raise UsageError(
            f"{flag} {lost[0]}: neither the manifest nor the state has such a voice.",
            f"Did you mean {near}?" if near else "",
        )
