"""Renders one change of a plan: its sign, reason, fields and hint."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reconciler.model.plan import Action, Change, FieldChange
from reconciler.model.time_format import duration
from reconciler.views import hints
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, painted, value
from reconciler.views.render_options import RenderOptions

INSIDE = "      "
_ON_ONE_LINE = 80  # characters of a before and its after
_NEW_ID = "(known after apply)"
_NAMES_A_VOICE = ("voice_id", "voice_name", "name")  # enough to know a voice by that is about to go


def change(change: Change, options: RenderOptions) -> str:
    sign, style = sign_of(change.action)
    reason = f": {escape(change.reason)}" if change.reason else ""
    source = f"{escape(change.source)} -> " if change.source is not None else ""
    head = f"{change.action} {source}{who(change.address, change.provider)}{reason}"
    lines = [f"{painted(f'{sign:>3}', style, options)} {painted(head, Style.BOLD, options)}"]
    lines += columns(rows(change), indent=INSIDE)
    lines += [f"{INSIDE}{painted(way, Style.HINT, options)}" for way in hints.lines(change.hint, options)]
    return "\n".join(lines)


def sign_of(action: Action) -> tuple[str, Style]:
    match action:
        case Action.CREATE | Action.CLONE:
            return "+", Style.GREEN
        case Action.REPLACE:
            return "-/+", Style.YELLOW
        case Action.MOVE | Action.UPDATE:
            return "~", Style.YELLOW
        case Action.DELETE:
            return "-", Style.RED
        case Action.RECOVER:
            return "<", Style.CYAN
        case Action.RESUME:
            return ">", Style.CYAN
        case Action.FORGET:
            return "x", Style.YELLOW
        case Action.BLOCKED:
            return "!", Style.ALARM
        case Action.NO_OP:
            return "=", Style.DIM


def rows(change: Change) -> list[tuple[str, ...]]:
    """The fields of a change, escaped: name and value. A row without a name continues the one above."""
    match change.action:
        case Action.CREATE | Action.CLONE if change.candidate and change.fields:
            return field_rows(change.fields)
        case Action.CREATE | Action.CLONE:
            return _side(change.after)
        case Action.REPLACE:
            others = [field for field in change.fields if field.name != "voice_id"]
            before, after = change.before or {}, change.after or {}
            # A declared voice_id (such as an official voice's), or one that exists already, is known before the apply.
            known = after.get("voice_id", change.made.voice_id if change.made is not None else None)
            new = value(known) if known is not None else _NEW_ID
            return [*field_rows(others), ("voice_id", f"{value(before.get('voice_id'))} -> {new}")]
        case Action.DELETE | Action.FORGET:
            before = change.before or {}
            return _side({key: before.get(key) for key in _NAMES_A_VOICE})
        case Action.RECOVER | Action.RESUME:
            after = change.after or {}
            if change.made is not None and "voice_id" not in after:
                after = {**after, "voice_id": change.made.voice_id}
            return [*_side(after), *field_rows(field for field in change.fields if field.name not in after)]
        case Action.MOVE:
            return _side({"voice_id": (change.before or {}).get("voice_id")})
        case Action.UPDATE | Action.BLOCKED | Action.NO_OP:
            return field_rows(change.fields)


def _side(inputs: Mapping[str, object] | None) -> list[tuple[str, ...]]:
    return [(escape(name), value(given)) for name, given in (inputs or {}).items() if given not in (None, {}, [])]


def field_rows(fields: Iterable[FieldChange]) -> list[tuple[str, ...]]:
    listed: list[tuple[str, ...]] = []
    for field in fields:
        name, before, after = escape(field.name), declared(field.name, field.before), declared(field.name, field.after)
        if len(before) + len(after) <= _ON_ONE_LINE:
            listed.append((name, f"{before} -> {after}"))
        else:  # one under the other, where the eye finds what differs
            listed += [(name, f"   {before}"), ("", f"-> {after}")]
    return listed


def declared(name: str, given: object) -> str:
    """A value as a manifest would declare it: seconds are written as a time."""
    if name.endswith("keep_old") and isinstance(given, int | float):
        return duration(given)
    return value(given)


def who(address: str, provider: str) -> str:
    return f"{escape(address) or 'a voice'} ({escape(provider)})"
