"""Compares a declared voice with its record, which holds what was sent. No other module calls deepdiff.

deepdiff is imported only if two values differ: the import alone takes longer than comparing 10,000 voices with `==`.
"""

from __future__ import annotations

from typing import Any

from reconciler.model.base import Inputs
from reconciler.model.link_alignment import OtherQuery, aligned, named
from reconciler.model.manifest import Lifecycle, Voice
from reconciler.model.method import KeyClass
from reconciler.model.observed import RemoteVoice
from reconciler.model.plan import FieldChange
from reconciler.model.redaction import redacted, rules_of
from reconciler.model.state import Record
from reconciler.model.urls import compared
from reconciler.values import value


@value
class Difference:
    """The fields that differ, grouped by what their change requires.

    `renewed` are links whose signature alone changed, so that only the state is updated. `queries` are links of which
    only the query differs.
    """

    identity: tuple[FieldChange, ...] = ()
    updatable: tuple[FieldChange, ...] = ()
    request_only: tuple[FieldChange, ...] = ()
    ours: tuple[FieldChange, ...] = ()
    renewed: tuple[FieldChange, ...] = ()
    queries: tuple[OtherQuery, ...] = ()

    @property
    def all(self) -> tuple[FieldChange, ...]:
        return self.identity + self.updatable + self.request_only + self.ours


SAME = Difference()


def difference(voice: Voice, record: Record) -> Difference:
    """Compares the declared inputs with what was sent, never with what the cloud shows now."""
    ours = _ours(voice, record)
    same_place = record.method == voice.method and record.provider == voice.provider
    if same_place and record.sent == voice.inputs:  # so the inputs hold no secret
        return Difference(ours=ours) if ours else SAME
    now = redacted(voice)
    if same_place and record.sent == now:
        return Difference(ours=ours) if ours else SAME
    ignored = voice.lifecycle.ignore_changes
    by_class: dict[KeyClass, list[FieldChange]] = {c: [] for c in KeyClass}
    links = aligned(record.sent, record.links or {}, voice.inputs, rules_of(voice))
    for field in fields(links.sent, now):
        key = key_of(field.name)
        if key not in ignored:
            by_class[voice.body.class_of(key)].append(field)
    if record.method != voice.method:
        by_class[KeyClass.IDENTITY].insert(0, FieldChange(name="method", before=record.method, after=voice.method))
    if record.provider != voice.provider:
        moved = FieldChange(name="provider", before=record.provider, after=voice.provider)
        by_class[KeyClass.IDENTITY].insert(0, moved)
    return Difference(
        identity=tuple(by_class[KeyClass.IDENTITY]),
        updatable=tuple(by_class[KeyClass.UPDATABLE]),
        request_only=tuple(by_class[KeyClass.REQUEST_ONLY]),
        ours=(*by_class[KeyClass.OURS], *ours),
        renewed=tuple(f for f in links.renewed if _is_renewed(voice, f.name)),
        queries=links.queries,
    )


def key_of(field: str) -> str:
    """The key of the body at the beginning of a field name."""
    return field.split(".")[0].split("[")[0]


def shown_inputs(record: Record, found: RemoteVoice | None = None) -> Inputs:
    """The inputs that a plan shows for a record: what was sent, and the voice_id, from the record or from `found`."""
    known = dict(record.sent)
    voice_id = record.voice_id or (found.voice_id if found is not None else None)
    if voice_id is not None:
        known["voice_id"] = voice_id
    return known


def fields(before: Inputs, after: Inputs) -> tuple[FieldChange, ...]:
    """The fields that differ, sorted by name. Names are paths such as `output.duration` and `videos[1].url`."""
    if before == after:
        return ()
    old, new = compared(before), compared(after)
    if old == new:
        return ()
    from deepdiff import DeepDiff

    tree = DeepDiff(old, new, view="tree", threshold_to_diff_deeper=0)
    found: dict[str, FieldChange] = {}
    for changes in tree.values():
        for change in changes:
            path = change.path(output_format="list")
            name = named(path)
            found[name] = FieldChange(name=name, before=_value_at(before, path), after=_value_at(after, path))
    return tuple(found[name] for name in sorted(found))


def _is_renewed(voice: Voice, name: str) -> bool:
    ignored = key_of(name) in voice.lifecycle.ignore_changes
    return not ignored and voice.body.class_of(key_of(name)) is not KeyClass.REQUEST_ONLY


def _ours(voice: Voice, record: Record) -> tuple[FieldChange, ...]:
    if voice.labels == record.labels and voice.lifecycle == record.lifecycle:
        return ()
    return tuple(
        FieldChange(name=f"{section}.{field.name}", before=field.before, after=field.after)
        for section, before, after in (
            ("labels", record.labels, voice.labels),
            ("lifecycle", _as_inputs(record.lifecycle), _as_inputs(voice.lifecycle)),
        )
        for field in fields(dict(before), dict(after))
    )


def _as_inputs(lifecycle: Lifecycle) -> Inputs:
    fields = lifecycle.model_dump(mode="json")
    return {name: int(v) if isinstance(v, float) and v.is_integer() else v for name, v in fields.items()}


def _value_at(inputs: Any, path: list[Any]) -> Any:
    """The value at a path, or None if there is no such value."""
    value = inputs
    for part in path:
        try:
            value = value[part]
        except (KeyError, IndexError, TypeError):
            return None
    return value
