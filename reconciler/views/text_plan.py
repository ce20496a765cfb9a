"""Renders a plan and its drift for people. Every change is named.

A few changes are shown whole. Of many, those of one action and one reason share a paragraph, with all their names.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import replace

from reconciler.hints import command
from reconciler.model.plan import Action, Drift, DriftKind, Plan, PlannedOutput
from reconciler.views import hints, text_candidates, text_cost
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, counted, painted
from reconciler.views.render_options import PLAIN, Detail, RenderOptions
from reconciler.views.screen import fitted
from reconciler.views.text_change import INSIDE, change, field_rows, who
from reconciler.views.text_groups import FEW, OF_ONE_CAUSE, Group, drift_paragraphs, grouped, paragraph

_OLDER = "This state is out of date, so drift can't be determined."


def plan(plan: Plan, options: RenderOptions = PLAIN) -> str:
    """The changes, the drift, the notes, the stops, and a summary line."""
    parts, shortened = _changes(plan, options)
    if any(each.action is Action.REPLACE and not each.abandons for each in plan.changes):
        parts.append(
            "A replaced voice gets a new voice_id. Applications that use the old voice_id need\n"
            f"the new one after this apply: {hints.command_line(command('output'), options)}"
        )
    if plan.candidates:
        parts.append(text_candidates.section(plan.candidates, options))
    if plan.drift:
        parts.append(_drift_section(plan.drift, options))
    if plan.outputs:
        parts.append(_outputs_section(plan.outputs, options))
    parts.extend(_remarks(plan, options))
    if shortened:
        parts.append(painted("--full shows each change with all of its fields.", Style.HINT, options))
    if plan.cost is not None and (cost := text_cost.lines(plan.cost)):
        parts.append("\n".join(map(escape, cost)))
    parts.append(painted(plan_verdict(plan), Style.BOLD, options))
    return fitted("\n\n".join(parts), options)


def _changes(plan: Plan, options: RenderOptions) -> tuple[list[str], bool]:
    """One paragraph for each change or group, and whether fields were left out without being asked."""
    if options.detail is Detail.FULL or not plan.changes:
        return [change(each, options) for each in plan.changes], False
    if options.detail is Detail.SUMMARY:
        return [paragraph(group, options) for group in grouped(plan.changes)], False
    groups = grouped(plan.changes)
    folded = _folded(groups, many=len(plan.changes) > FEW)
    if not folded:
        return [change(each, options) for each in plan.changes], False
    left_out = any(group[0].action is not Action.BLOCKED for group in folded)
    return _paragraphs(groups, folded, options), left_out


def _about(plan: Plan, addresses: Collection[str], options: RenderOptions) -> list[str]:
    """The paragraphs of these addresses, as in the plan."""
    groups = grouped(each for each in plan.changes if each.address in addresses)
    return _paragraphs(groups, _folded(groups, many=False), options)


def _paragraphs(groups: Iterable[Group], folded: Sequence[Group], options: RenderOptions) -> list[str]:
    parts: list[str] = []
    for group in groups:
        if group in folded:
            parts.append(paragraph(group, options))
        else:
            parts += [change(each, options) for each in group]
    return parts


def _folded(groups: Iterable[Group], *, many: bool) -> list[Group]:
    """The groups: single changes if they are few, unless the user chose --summary or --full."""
    return [g for g in groups if len(g) >= OF_ONE_CAUSE and (many or g[0].action is Action.BLOCKED)]


def blocked_together(plan: Plan, *, detail: Detail = Detail.USUAL) -> frozenset[str]:
    """The addresses whose block the plan explained in one paragraph, so that the run does not repeat it for each."""
    blocked = [each for each in plan.changes if each.action is Action.BLOCKED]
    return frozenset(
        each.address for group in _folded(grouped(blocked), many=False) for each in group if detail is not Detail.FULL
    )


def drift(plan: Plan, options: RenderOptions = PLAIN) -> str:
    """The drift, and the voices that could not be checked."""
    parts = [_drift_section(plan.drift, replace(options, detail=Detail.FULL))] if plan.drift else []
    if any(found.kind is DriftKind.RENAMED for found in plan.drift):
        accept = hints.command_line(command("drift --accept ADDRESS"), options)
        parts.append(painted(f"If a new name is meant: {accept}", Style.HINT, options))
    parts.extend(f"Note: {escape(note)}" for note in plan.notes)
    parts += _about(plan, plan.older or plan.unclaimed, options)
    parts.append(painted(drift_verdict(plan), Style.BOLD, options))
    return fitted("\n\n".join(parts), options)


def drift_verdict(plan: Plan) -> str:
    """One line: how many voices drifted, how many could not be checked, and whether the state can be trusted."""
    counts = {kind: sum(found.kind is kind for found in plan.drift) for kind in DriftKind}
    kinds = ", ".join(f"{count} {kind}" for kind, count in counts.items() if count)
    if plan.older:
        return f"This state is out of date. Also: {kinds}." if kinds else _OLDER
    if plan.unclaimed:
        many = counted(len(plan.unclaimed), "voice")
        unknown = f"The account holds {many} of this manifest that this state does not know."
        return f"{unknown} Besides: {kinds}." if kinds else unknown
    last = f"Drift: {kinds}." if kinds else "No drift found." if plan.unseen else "No drift."
    return f"{last} {counted(len(plan.unseen), 'voice')} could not be checked." if plan.unseen else last


def _drift_section(found: Sequence[Drift], options: RenderOptions) -> str:
    lines = [painted("Changed outside of voicectl:", Style.BOLD, options), ""]
    whole = list(found)
    for kind in DriftKind:
        same = [one for one in found if one.kind is kind]
        many = len(same) > FEW and kind is not DriftKind.RENAMED
        if options.detail is Detail.SUMMARY or (options.detail is Detail.USUAL and many):
            whole = [one for one in whole if one.kind is not kind]
            for head, listed in drift_paragraphs(same):
                lines += [f"  {painted('*', Style.YELLOW, options)} {head}: {kind_text(kind)}", *listed]
    for one in whole:
        lines.append(f"  {painted('*', Style.YELLOW, options)} {who(one.address, one.provider)}: {kind_text(one.kind)}")
        lines += columns(field_rows(one.fields), indent=INSIDE)
    return "\n".join(lines)


def _outputs_section(files: Sequence[PlannedOutput], options: RenderOptions) -> str:
    lines = [painted("Files for applications:", Style.BOLD, options), ""]
    for file in files:
        sign = painted("!", Style.RED, options) if file.problem else painted("~", Style.YELLOW, options)
        lines.append(f"  {sign} {escape(file.path)} {escape(file.what)}")
    return "\n".join(lines)


def kind_text(kind: DriftKind) -> str:
    match kind:
        case DriftKind.GONE:
            return "gone: it no longer exists in the cloud"
        case DriftKind.RENAMED:
            return "renamed"
        case DriftKind.FAILED:
            return "failed in the cloud"
        case DriftKind.EXPIRED:
            return "expired"
        case DriftKind.SURPLUS:
            return "surplus: it carries a voicectl marker, but is not in the state"


def _remarks(plan: Plan, options: RenderOptions) -> Iterable[str]:
    yield from (f"Note: {escape(note)}" for note in plan.notes)
    for stop in plan.stops:
        lines = [f"{painted('Stop:', Style.ALARM, options)} {escape(stop.what)}"]
        lines += [f"{INSIDE}{painted(way, Style.HINT, options)}" for way in hints.lines(stop.hint, options)]
        yield "\n".join(lines)


def plan_verdict(plan: Plan) -> str:
    """One line: how many changes of each action, and how many paid calls."""
    if not plan.changes:
        return f"No {'voice ' if plan.outputs else ''}changes. {as_declared(plan)}"
    summary = plan.summary
    counts = [f"{summary[a]} {to_do(a)}" for a in Action if a is not Action.NO_OP and summary[a]]
    paid = sum(calls["paid"] for calls in plan.calls().values())
    bought = f"; {counted(paid, 'paid call')}" if paid else ""
    rest = f" {plan.unchanged} unchanged." if plan.unchanged else ""
    rest += f" {text_candidates.verdict(plan.candidates)}" if plan.candidates else ""
    return f"Plan: {', '.join(counts)}{bought}.{rest}"


def to_do(action: Action) -> str:
    return "blocked" if action is Action.BLOCKED else f"to {action}"


def as_declared(plan: Plan) -> str:
    if plan.destroy:
        return "There is nothing to destroy."
    waiting = text_candidates.verdict(plan.candidates)
    same = plan.unchanged - sum(each.declared for each in plan.candidates)
    if same <= 0:
        return waiting or "No voices are declared."
    return f"{waiting} {counted(same, 'voice')} {'is' if same == 1 else 'are'} as declared.".lstrip()
