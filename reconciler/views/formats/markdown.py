"""A plan and its drift as GitHub-flavoured Markdown, for a comment at a pull request.

What blocks, replaces or deletes comes first and unfolded. A plan that is too large for a comment is summarised: its
counts are those of all changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from reconciler.hints import command
from reconciler.model.plan import Action, Candidate, Change, Drift, DriftKind, Plan
from reconciler.model.survey import Survey
from reconciler.views import text_cost, text_survey
from reconciler.views.document_context import DocumentContext
from reconciler.views.hints import command_line
from reconciler.views.layout import counted
from reconciler.views.markdown_escape import code, mark, prose
from reconciler.views.markdown_rows import candidate_row, change_row, drift_row, hint_lines, shortened, summary_table
from reconciler.views.markdown_sections import Section, fitted, size
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_plan import as_declared, drift_verdict, to_do
from reconciler.views.wrap import HELD

_HEADINGS = {  # in the order of display
    Action.BLOCKED: "Blocked",
    Action.REPLACE: "Replace",
    Action.DELETE: "Delete",
    Action.FORGET: "Forget",
    Action.CREATE: "Create",
    Action.CLONE: "Clone",
    Action.UPDATE: "Update",
    Action.MOVE: "Move",
    Action.RECOVER: "Recover",
    Action.RESUME: "Resume",
}
_URGENT = frozenset({Action.BLOCKED, Action.REPLACE, Action.DELETE, Action.FORGET})
_ROOM_FOR_NOTES = 8_000  # bytes
_LONGEST_NOTE = 1_000  # characters


def plan(plan: Plan, context: DocumentContext, options: RenderOptions) -> str:
    sections = _sections(plan.changes, options)
    drifted = [*_candidate_sections(plan.candidates, options), *_drift_sections(plan.drift, options)]
    urgent = sum(section.urgent for section in sections)
    around = [mark("plan", context.manifest), f"## {_title(plan)} {code(context.manifest)}", _headline(plan)]
    around += _stops(plan, options)
    new_ids = any(each.action is Action.REPLACE and not each.abandons for each in plan.changes)
    after = (
        [f"A replaced voice gets a new voice ID. After the apply, see {_typed('output', options)}"] if new_ids else []
    )
    after += _listed("Note", plan.notes)
    after += ["<br>".join(map(prose, cost))] if plan.cost is not None and (cost := text_cost.lines(plan.cost)) else []
    after += _how_to_apply(plan, context, options)

    def document(rendered: Sequence[str], complete: bool) -> str:
        of_plan, of_drift = rendered[: len(sections)], rendered[len(sections) :]
        ordered = [*of_plan[:urgent], *of_drift, *of_plan[urgent:]]
        short = [] if complete else [summary_table(plan.changes)]
        parts = [*around, *short, *ordered, *after, _footer(plan, context, options, complete=complete)]
        return _writable("\n\n".join(parts), options)

    return fitted([*sections, *drifted], document)


def drift(plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions) -> str:
    found = (*plan.drift, *(survey.drift if survey is not None else ()))
    verdict = drift_verdict(plan) if survey is None else text_survey.verdict(survey)
    about = frozenset(plan.older or plan.unclaimed)
    sections = _drift_sections(found, options)
    sections += _sections([each for each in plan.changes if each.address in about], options)
    parts = [mark("drift", context.manifest), f"## Drift of {code(context.manifest)}"]
    parts += [f"**{prose(verdict)}**"] if verdict else []
    parts += [f"- {prose(line)}" for line in text_survey.lines(survey)] if survey is not None else []
    after = [_after_survey(options)] if survey is not None and text_survey.nothing_made(survey) else []
    if any(one.kind is DriftKind.RENAMED for one in found):
        after.append(f"If a new name is meant: {_typed('drift --accept ADDRESS', options)}")
    after += _listed("Note", plan.notes)
    after += _listed("Could not be checked", (*plan.unseen, *(survey.unseen if survey is not None else ())))
    after += hint_lines(plan.ways_to_see if survey is None else survey.ways_to_see, options)

    def document(rendered: Sequence[str], complete: bool) -> str:
        every = [*parts, *rendered, *after, f"{_whole(complete)}: {_typed('drift', options)}"]
        return _writable("\n\n".join(every), options)

    return fitted(sections, document)


def _writable(document: str, options: RenderOptions) -> str:
    """The text with entities for our own signs and escapes for other letters, where the stream is not UTF-8."""
    if options.utf8:
        return document
    return document.replace("·", "&middot;").replace("→", "&rarr;").encode("ascii", "backslashreplace").decode()


def _after_survey(options: RenderOptions) -> str:
    return f"To make what is declared: {_typed('apply', options)}"


def _title(plan: Plan) -> str:
    title = "Plan to destroy" if plan.destroy else "Plan for"
    return f"Sandbox: {title[0].lower()}{title[1:]}" if plan.sandbox else title


def _headline(plan: Plan) -> str:
    if not plan.changes:
        parts = [f"**No changes.** {as_declared(plan)}"]
    else:
        summary = plan.summary
        counts = ", ".join(f"{summary[action]} {to_do(action)}" for action in _HEADINGS if summary[action])
        parts = [f"**{counts}**", counted(sum(calls["paid"] for calls in plan.calls().values()), "paid call")]
        parts += [f"{plan.unchanged} unchanged"] if plan.unchanged else []
    parts += [f"{len(plan.drift)} changed outside of voicectl"] if plan.drift else []
    return " · ".join(parts)


def _sections(changes: Sequence[Change], options: RenderOptions) -> list[Section]:
    """One for each action."""
    sections = []
    for action, heading in _HEADINGS.items():
        rows = tuple(_writable(change_row(each, options), options) for each in changes if each.action is action)
        if rows:
            sections.append(Section(heading, rows, urgent=action in _URGENT))
    return sections


def _drift_sections(found: Sequence[Drift], options: RenderOptions) -> list[Section]:
    rows = tuple(_writable(drift_row(one), options) for one in found)
    return [Section("Changed outside of voicectl", rows, urgent=True)] if rows else []


def _candidate_sections(waiting: Sequence[Candidate], options: RenderOptions) -> list[Section]:
    rows = tuple(_writable(candidate_row(each, options), options) for each in waiting)
    return [Section("Waiting for review", rows, urgent=True)] if rows else []


def _stops(plan: Plan, options: RenderOptions) -> Iterable[str]:
    for stop in plan.stops:
        yield "> " + "<br>".join([f"**Stop:** {prose(stop.what)}", *hint_lines(stop.hint, options)])


def _listed(what: str, notes: Sequence[str]) -> list[str]:
    """A list of whole notes; those that have no room are counted."""
    lines: list[str] = []
    room = _ROOM_FOR_NOTES
    for note in notes:
        line = f"- {what}: {prose(shortened(note, _LONGEST_NOTE))}"
        room -= size(line)
        if room < 0:
            lines.append(f"- ... and {len(notes) - len(lines)} more")
            break
        lines.append(line)
    return ["\n".join(lines)] if lines else []


def _how_to_apply(plan: Plan, context: DocumentContext, options: RenderOptions) -> list[str]:
    if not plan.changes or not plan.refreshed:
        return []
    if context.planfile is not None:
        return [f"To apply exactly this: {_typed('apply', options, context.planfile)}"]
    return [f"To apply: {_typed('destroy' if plan.destroy else 'apply', options, *_planned_with(plan))}"]


def _planned_with(plan: Plan) -> Iterable[str]:
    """The options of the plan, without which another plan would be made."""
    repeated = (
        ("--target", plan.targets),
        ("--exclude", plan.excludes),
        ("--retry", plan.retry),
        ("--replace", plan.replace),
        ("--allow-deletes", () if plan.allow_deletes is None else (plan.allow_deletes,)),
        ("--allow-recreates", () if plan.allow_recreates is None else (plan.allow_recreates,)),
    )
    for option, given in repeated:
        for each in given:
            yield from (option, str(each))
    yield from ("--new-state",) if plan.new_state else ()
    yield from ("--refresh-only",) if plan.refresh_only else ()


def _footer(plan: Plan, context: DocumentContext, options: RenderOptions, *, complete: bool) -> str:
    if context.planfile is not None:
        return f"{_whole(complete)}: {_typed('show --full', options, context.planfile)}"
    again = (*(("--destroy",) if plan.destroy else ()), *(() if plan.refreshed else ("--refresh=false",)))
    return f"{_whole(complete)}: {_typed('plan --full', options, *again, *_planned_with(plan))}"


def _whole(complete: bool) -> str:
    return "With all values" if complete else "A comment has no room for every row. To see all"


def _typed(verb: str, options: RenderOptions, *arguments: str) -> str:
    return code(command_line(command(verb, *arguments), options).replace(HELD, " "))
