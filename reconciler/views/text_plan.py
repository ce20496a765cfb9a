"""A plan and its drift, for people. Every change is shown; nothing is cut short and nothing is judged."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from reconciler.model.moments import duration
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, counted, painted, value

_INSIDE = "      "
_ON_ONE_LINE = 80  # characters of a before and its after
_NEW_ID = "(known after apply)"
_NAMES_A_VOICE = ("voice_id", "voice_name", "name")  # enough to know a voice by that is about to go


def plan(plan: Plan, *, colour: bool = False) -> str:
    """The changes, what changed outside, notes, stops, and a last line that says it all."""
    parts: list[str] = []
    if plan.changes:
        parts.append("\n\n".join(_change(change, colour=colour) for change in plan.changes))
    if any(change.action is Action.REPLACE and not change.abandons for change in plan.changes):
        parts.append(
            "A replaced address gets a new voice_id. Whoever uses the old one needs the new\n"
            "one after this apply: voicectl output"
        )
    if plan.drift:
        parts.append(_drift_section(plan.drift, colour=colour))
    parts.extend(_remarks(plan, colour=colour))
    parts.append(painted(_last_line(plan), Style.BOLD, colour=colour))
    return "\n\n".join(parts)


def drift(plan: Plan, *, colour: bool = False) -> str:
    """Only what changed outside, and what could not be looked at."""
    parts = [_drift_section(plan.drift, colour=colour)] if plan.drift else []
    if any(found.kind is DriftKind.RENAMED for found in plan.drift):
        parts.append(painted("If a new name is meant: voicectl drift --accept ADDRESS", Style.CYAN, colour=colour))
    parts.extend(f"Note: {escape(note)}" for note in plan.notes)
    counts = {kind: sum(found.kind is kind for found in plan.drift) for kind in DriftKind}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    last = f"Drift: {told}." if told else "No drift seen." if plan.unseen else "No drift."
    if plan.unseen:
        last += f" {counted(len(plan.unseen), 'voice')} could not be looked at."
    parts.append(painted(last, Style.BOLD, colour=colour))
    return "\n\n".join(parts)


def _change(change: Change, *, colour: bool) -> str:
    sign, style = _sign(change.action)
    reason = f": {escape(change.reason)}" if change.reason else ""
    source = f"{escape(change.source)} -> " if change.source is not None else ""
    head = f"{change.action} {source}{_who(change.address, change.provider)}{reason}"
    lines = [f"{painted(f'{sign:>3}', style, colour=colour)} {painted(head, Style.BOLD, colour=colour)}"]
    lines += columns(_rows(change), indent=_INSIDE)
    lines += [f"{_INSIDE}{painted(way, Style.CYAN, colour=colour)}" for way in _ways_on(change.hint)]
    return "\n".join(lines)


def _ways_on(hint: str) -> list[str]:
    """The hint; where it offers several commands, each on a line of its own."""
    told = escape(hint)
    if told.count("voicectl ") < 2:
        return [told] if told else []
    return told.replace("; ", ";\n").split("\n")


def _sign(action: Action) -> tuple[str, Style]:
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


def _rows(change: Change) -> list[tuple[str, ...]]:
    match change.action:
        case Action.CREATE | Action.CLONE:
            return _side(change.after)
        case Action.REPLACE:
            others = [field for field in change.fields if field.name != "voice_id"]
            before, after = change.before or {}, change.after or {}
            # Known before is the voice_id that somebody declares (of an official voice, say), or that is there already.
            known = after.get("voice_id", change.made.voice_id if change.made is not None else None)
            new = value(known) if known is not None else _NEW_ID
            return [*_fields(others), ("voice_id", f"{value(before.get('voice_id'))} -> {new}")]
        case Action.DELETE | Action.FORGET:
            before = change.before or {}
            return _side({key: before.get(key) for key in _NAMES_A_VOICE})
        case Action.RECOVER | Action.RESUME:
            after = change.after or {}
            if change.made is not None and "voice_id" not in after:
                after = {**after, "voice_id": change.made.voice_id}
            return [*_side(after), *_fields(field for field in change.fields if field.name not in after)]
        case Action.MOVE:
            return _side({"voice_id": (change.before or {}).get("voice_id")})
        case Action.UPDATE | Action.BLOCKED | Action.NO_OP:
            return _fields(change.fields)


def _side(inputs: Mapping[str, object] | None) -> list[tuple[str, ...]]:
    return [(escape(name), value(given)) for name, given in (inputs or {}).items() if given not in (None, {}, [])]


def _fields(fields: Iterable[FieldChange]) -> list[tuple[str, ...]]:
    rows: list[tuple[str, ...]] = []
    for field in fields:
        name, before, after = escape(field.name), declared(field.name, field.before), declared(field.name, field.after)
        if len(before) + len(after) <= _ON_ONE_LINE:
            rows.append((name, f"{before} -> {after}"))
        else:  # one under the other, where the eye finds what differs
            rows += [(name, f"   {before}"), ("", f"-> {after}")]
    return rows


def declared(name: str, given: object) -> str:
    """The value of a key, as a person would declare it: what is kept in seconds is read as a time."""
    if name.endswith("keep_old") and isinstance(given, int | float):
        return duration(given)
    return value(given)


def _drift_section(found: Sequence[Drift], *, colour: bool) -> str:
    lines = [painted("Changed outside of voicectl:", Style.BOLD, colour=colour), ""]
    for one in found:
        lines.append(
            f"  {painted('*', Style.YELLOW, colour=colour)} {_who(one.address, one.provider)}: {_kind(one.kind)}"
        )
        lines += columns(_fields(one.fields), indent=_INSIDE)
    return "\n".join(lines)


def _kind(kind: DriftKind) -> str:
    match kind:
        case DriftKind.GONE:
            return "gone, the cloud has it no more"
        case DriftKind.RENAMED:
            return "renamed"
        case DriftKind.FAILED:
            return "failed, the cloud gave it up"
        case DriftKind.EXPIRED:
            return "expired"
        case DriftKind.SURPLUS:
            return "surplus, it bears the mark of voicectl and no record knows it"


def _remarks(plan: Plan, *, colour: bool) -> Iterable[str]:
    for note in plan.notes:
        yield f"Note: {escape(note)}"
    for stop in plan.stops:
        hint = f"\n{_INSIDE}{painted(escape(stop.hint), Style.CYAN, colour=colour)}" if stop.hint else ""
        yield f"{painted('Stop:', Style.ALARM, colour=colour)} {escape(stop.what)}{hint}"


def _last_line(plan: Plan) -> str:
    if not plan.changes:
        return f"No changes. {_as_declared(plan)}"
    summary = plan.summary
    told = [f"{summary[a]} {_to_do(a)}" for a in Action if a is not Action.NO_OP and summary[a]]
    paid = sum(calls["paid"] for calls in plan.calls().values())
    bought = f"; {counted(paid, 'paid call')}" if paid else ""
    rest = f" {plan.unchanged} unchanged." if plan.unchanged else ""
    return f"Plan: {', '.join(told)}{bought}.{rest}"


def _to_do(action: Action) -> str:
    return "blocked" if action is Action.BLOCKED else f"to {action}"


def _as_declared(plan: Plan) -> str:
    if plan.destroy:
        return "There is nothing to destroy."
    if not plan.unchanged:
        return "No voices are declared."
    return f"{counted(plan.unchanged, 'voice')} {'is' if plan.unchanged == 1 else 'are'} as declared."


def _who(address: str, provider: str) -> str:
    return f"{escape(address) or 'a voice'} ({escape(provider)})"
