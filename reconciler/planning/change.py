"""The one place that makes a Change, and the one that turns a Change into one that stops."""

from __future__ import annotations

from typing import Protocol, TypedDict, Unpack

from reconciler.hints import Hint, as_hint
from reconciler.model.base import Inputs
from reconciler.model.manifest import Voice
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.redaction import redacted
from reconciler.model.state import Record
from reconciler.planning import markers


class Subject(Protocol):
    """What a verdict is about: an entry, or a record that no entry declares."""

    @property
    def address(self) -> str: ...

    @property
    def provider(self) -> str: ...

    @property
    def method(self) -> str: ...


class Details(TypedDict, total=False):
    """What only some changes have; `Change` says what each means."""

    source: str
    along: tuple[str, ...]
    before: Inputs | None
    fields: tuple[FieldChange, ...]
    key: str | None
    approval_digest: str | None
    generation: int
    found: RemoteVoice | None
    made: RemoteVoice | None
    gone: bool
    abandons: bool
    activates: bool
    in_place: tuple[str, ...]
    rebinds: tuple[str, ...]


def verdict(
    subject: Subject,
    action: Action,
    reason: str,
    hint: Hint | str = "",
    *,
    record: Record | None,
    **details: Unpack[Details],
) -> Change:
    """`record` is the one acted on. What an entry declares is shown, and is what a reviewer approves."""
    entry = subject if isinstance(subject, Voice) else None
    return Change(
        address=subject.address,
        provider=subject.provider,
        method=subject.method,
        action=action,
        reason=reason,
        hint=as_hint(hint),
        after=redacted(entry) if entry is not None else None,
        identity=markers.digest_of(entry) if entry is not None else None,
        record=record.external_task_id if record is not None else None,
        **details,
    )


def stopped(change: Change, reason: str, hint: Hint, **details: Unpack[Details]) -> Change:
    """The change, blocked: nothing is bought, bound or bought again."""
    stop = {"action": Action.BLOCKED, "reason": reason, "hint": hint, "made": None, "gone": False}
    return change.model_copy(update=stop | details)
