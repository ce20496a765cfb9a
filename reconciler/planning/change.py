"""Makes a Change, and turns a Change into a blocked one. No other module does either."""

from __future__ import annotations

from dataclasses import replace
from typing import Protocol, TypedDict, Unpack

from reconciler.hints import Hint, as_hint
from reconciler.model.base import Inputs
from reconciler.model.manifest import Voice
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.redaction import redacted
from reconciler.model.request_ids import unmarked
from reconciler.model.state import Record
from reconciler.planning import markers


class Subject(Protocol):
    """What a change is about: an entry of the manifest, or a record that no entry declares."""

    @property
    def address(self) -> str: ...

    @property
    def provider(self) -> str: ...

    @property
    def method(self) -> str: ...


class Details(TypedDict, total=False):
    """Fields that only some changes have. `Change` documents each of them."""

    cause: str
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
    refresh: bool
    candidate: bool
    supersedes: str | None
    rejects: bool


def make_change(
    subject: Subject,
    action: Action,
    reason: str,
    hint: Hint | str = "",
    *,
    record: Record | None,
    **details: Unpack[Details],
) -> Change:
    """A change of this subject. `record` is the record that it acts on.

    For an entry the change also holds the declared inputs: the plan shows them, and a reviewer approves them.
    """
    entry = subject if isinstance(subject, Voice) else None
    details.setdefault("cause", unmarked(reason))
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


def as_blocked(change: Change, reason: str, hint: Hint, **details: Unpack[Details]) -> Change:
    """The same change, blocked: it makes no paid call and binds nothing."""
    stopped = replace(
        change, action=Action.BLOCKED, reason=reason, hint=hint, cause=unmarked(reason), made=None, gone=False
    )
    return replace(stopped, **details) if details else stopped
