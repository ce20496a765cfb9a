"""A plan and its drift, for people. Every change is named; nothing is judged.

A few changes are shown whole. Of many, those of one action and one reason share a paragraph, with all their names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence

from reconciler.model.plan import Action, Drift, DriftKind, Plan
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, counted, painted
from reconciler.views.render_options import Detail
from reconciler.views.text_change import INSIDE, change, field_rows, who
from reconciler.views.text_groups import FEW, OF_ONE_CAUSE, Group, drift_paragraphs, grouped, notes, paragraph

_OLDER = "This state is older than the account, so drift can't be told."


def plan(plan: Plan, *, colour: bool = False, detail: Detail = Detail.USUAL) -> str:
    """The changes, what changed outside, notes, stops, and a last line that says it all."""
    parts, shortened = _changes(plan, colour=colour, detail=detail)
    if any(each.action is Action.REPLACE and not each.abandons for each in plan.changes):
        parts.append(
            "A replaced address gets a new voice_id. Whoever uses the old one needs the new\n"
            "one after this apply: voicectl output"
        )
    if plan.drift:
        parts.append(_drift_section(plan.drift, colour=colour, detail=detail))
    parts.extend(_remarks(plan, colour=colour, detail=detail))
    if shortened:
        parts.append(painted("--full shows each change with all of its fields.", Style.HINT, colour=colour))
    parts.append(painted(_last_line(plan), Style.BOLD, colour=colour))
    return "\n\n".join(parts)


def _changes(plan: Plan, *, colour: bool, detail: Detail) -> tuple[list[str], bool]:
    """A paragraph a change or a group, and whether fields were left out that nobody asked to leave out."""
    if detail is Detail.FULL or not plan.changes:
        return [change(each, colour=colour) for each in plan.changes], False
    if detail is Detail.SUMMARY:
        return [paragraph(group, colour=colour) for group in grouped(plan.changes)], False
    groups = grouped(plan.changes)
    folded = _folded(groups, many=len(plan.changes) > FEW)
    if not folded:
        return [change(each, colour=colour) for each in plan.changes], False
    left_out = any(group[0].action is not Action.BLOCKED for group in folded)
    return _paragraphs(groups, folded, colour=colour), left_out


def _about(plan: Plan, addresses: Collection[str], *, colour: bool) -> list[str]:
    """The changes of these addresses, as the plan shows them."""
    groups = grouped(each for each in plan.changes if each.address in addresses)
    return _paragraphs(groups, _folded(groups, many=False), colour=colour)


def _paragraphs(groups: Iterable[Group], folded: Sequence[Group], *, colour: bool) -> list[str]:
    parts: list[str] = []
    for group in groups:
        if group in folded:
            parts.append(paragraph(group, colour=colour))
        else:
            parts += [change(each, colour=colour) for each in group]
    return parts


def _folded(groups: Iterable[Group], *, many: bool) -> list[Group]:
    """Those that are one paragraph each, unless somebody asks for more or less."""
    return [g for g in groups if len(g) >= OF_ONE_CAUSE and (many or g[0].action is Action.BLOCKED)]


def blocked_together(plan: Plan, *, detail: Detail = Detail.USUAL) -> frozenset[str]:
    """The addresses whose block the plan has told in one paragraph, so that a run need not tell it of each again."""
    blocked = [each for each in plan.changes if each.action is Action.BLOCKED]
    return frozenset(
        each.address for group in _folded(grouped(blocked), many=False) for each in group if detail is not Detail.FULL
    )


def drift(plan: Plan, *, colour: bool = False) -> str:
    """Only what changed outside, and what could not be looked at."""
    parts = [_drift_section(plan.drift, colour=colour)] if plan.drift else []
    if any(found.kind is DriftKind.RENAMED for found in plan.drift):
        parts.append(painted("If a new name is meant: voicectl drift --accept ADDRESS", Style.HINT, colour=colour))
    parts.extend(f"Note: {escape(note)}" for note in plan.notes)
    counts = {kind: sum(found.kind is kind for found in plan.drift) for kind in DriftKind}
    told = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    last = f"Drift: {told}." if told else "No drift seen." if plan.unseen else "No drift."
    if plan.unseen:
        last += f" {counted(len(plan.unseen), 'voice')} could not be looked at."
    if plan.older:
        parts += _about(plan, plan.older, colour=colour)
        last = f"This state is older than the account. Besides: {told}." if told else _OLDER
    elif plan.unclaimed:
        parts += _about(plan, plan.unclaimed, colour=colour)
        many = counted(len(plan.unclaimed), "voice")
        last = f"The account holds {many} of this manifest that this state does not know."
        last += f" Besides: {told}." if told else ""
    parts.append(painted(last, Style.BOLD, colour=colour))
    return "\n\n".join(parts)


def _drift_section(found: Sequence[Drift], *, colour: bool, detail: Detail = Detail.FULL) -> str:
    lines = [painted("Changed outside of voicectl:", Style.BOLD, colour=colour), ""]
    whole = list(found)
    for kind in DriftKind:
        same = [one for one in found if one.kind is kind]
        if detail is Detail.SUMMARY or (detail is Detail.USUAL and len(same) > FEW and kind is not DriftKind.RENAMED):
            whole = [one for one in whole if one.kind is not kind]
            for head, listed in drift_paragraphs(same):
                lines += [f"  {painted('*', Style.YELLOW, colour=colour)} {head}: {_kind(kind)}", *listed]
    for one in whole:
        lines.append(
            f"  {painted('*', Style.YELLOW, colour=colour)} {who(one.address, one.provider)}: {_kind(one.kind)}"
        )
        lines += columns(field_rows(one.fields), indent=INSIDE)
    return "\n".join(lines)


def _kind(kind: DriftKind) -> str:
    match kind:
        case DriftKind.GONE:
            return "gone: it no longer exists in the cloud"
        case DriftKind.RENAMED:
            return "renamed"
        case DriftKind.FAILED:
            return "failed, the cloud gave it up"
        case DriftKind.EXPIRED:
            return "expired"
        case DriftKind.SURPLUS:
            return "surplus: it carries a voicectl marker, but is not in the state"


def _remarks(plan: Plan, *, colour: bool, detail: Detail) -> Iterable[str]:
    yield from (f"Note: {escape(note)}" for note in plan.notes) if detail is Detail.FULL else notes(plan)
    for stop in plan.stops:
        hint = f"\n{INSIDE}{painted(escape(stop.hint), Style.HINT, colour=colour)}" if stop.hint else ""
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
