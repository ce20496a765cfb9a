"""The document that a state leaves behind where it was stored before `state migrate`.

While the state moves, the document still holds it, so that a migration that was killed can be finished. At no moment
two places hold a state that a run accepts.
"""

from __future__ import annotations

import json

from pydantic import Field, ValidationError

from reconciler.errors import StateMoved
from reconciler.hints import hint, way
from reconciler.model.base import Frozen

_BEGIN = b'{"moved_to":'


class Moved(Frozen):
    """Where the state is now, or goes. `state`: its bytes as text, while it is on its way."""

    moved_to: str
    lineage: str
    serial: int = Field(ge=0)
    state: str | None = None


def dump(moved: Moved) -> bytes:
    """The document's bytes."""
    fields = moved.model_dump(exclude_none=True)
    return json.dumps(fields, ensure_ascii=False, separators=(",", ":")).encode() + b"\n"


def parse(data: bytes) -> Moved | None:
    """The document in these bytes; None if they are something else, such as a state."""
    if not data.startswith(_BEGIN):
        return None
    try:
        return Moved.model_validate_json(data)
    except ValidationError:
        return None


def refusal(moved: Moved, where: str) -> StateMoved:
    """The error of every command that finds this document in place of a state."""
    if moved.state is not None:
        return StateMoved(
            f"{where}: a migration to {moved.moved_to} began here, and was interrupted.",
            hint(way("To finish it", "state migrate --to", moved.moved_to)),
            summary="The state is being moved",
            moved_to=moved.moved_to,
            serial=moved.serial,
        )
    return StateMoved(
        f"{where}: the state was moved to {moved.moved_to}.",
        hint(
            f"Write state: {moved.moved_to} in the manifest, or set VOICECTL_STATE",
            way("to move it back", "state migrate --from", moved.moved_to),
        ),
        moved_to=moved.moved_to,
        serial=moved.serial,
    )
