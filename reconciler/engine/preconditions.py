"""What an operation needs before it starts. Each function raises the error that says what is missing."""

from __future__ import annotations

from typing import TYPE_CHECKING

from reconciler.engine.session import Request, Session
from reconciler.errors import UsageError
from reconciler.planning import no_state, shared_place

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
