"""What a code review should see beside the lines of a manifest, as data. The formats `github` and `gitlab` write it."""

from __future__ import annotations

from collections.abc import Iterator
from enum import StrEnum

from reconciler.errors import ManifestError
from reconciler.model import finding as policy
from reconciler.model.finding import Finding
from reconciler.model.manifest import Manifest
from reconciler.model.notes import notes
from reconciler.model.plan import Action, Change, Drift, Plan
from reconciler.model.survey import Survey
from reconciler.values import value
from reconciler.views import hints
from reconciler.views.document_context import DocumentContext, Place
from reconciler.views.escape import escape
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_plan import kind_text
from reconciler.views.wrap import HELD


class Level(StrEnum):
    """How much a reviewer has to care."""

    ERROR = "error"  # not valid, blocked, or stopped by a safety threshold
    WARNING = "warning"  # replaced, deleted, forgotten, drifted, or not checked
    NOTICE = "notice"  # all other changes


@value
class Annotation:
    """`identity` stays the same from run to run, whatever line the entry is at."""

    level: Level
    check: str  # `voicectl/blocked`
    title: str
    message: str
    place: Place
    identity: str
    located: bool = True  # whether the line is known


def of_plan(plan: Plan, context: DocumentContext, options: RenderOptions) -> Iterator[Annotation]:
    for stop in plan.stops:
        message = f"{escape(stop.what)}. {_hint(hints.on_one_line(stop.hint, options))}".rstrip()
        place = context.place("")
        yield Annotation(Level.ERROR, "voicectl/stop", "Stop", message, place, "stop", located=False)
    for finding in plan.findings:
        if finding.address is not None:  # the others are stops and notes
            yield _finding(finding, finding.address, context)
    for change in plan.changes:
        yield _change(change, context, options)
    for found in plan.drift:
        yield _drift(found, context)


def of_drift(
    plan: Plan, survey: Survey | None, context: DocumentContext, options: RenderOptions
) -> Iterator[Annotation]:
    about = frozenset(plan.older or plan.unclaimed)
    for change in plan.changes:
        if change.address in about:
            yield _change(change, context, options)
    for found in (*plan.drift, *(survey.drift if survey is not None else ())):
        yield _drift(found, context)
    for note in (*plan.unseen, *(survey.unseen if survey is not None else ())):
        address = note.partition(": ")[0]
        known = context.declares(address)
        yield Annotation(
            Level.WARNING,
            "voicectl/unchecked",
            "Not checked",
            escape(note),
            context.place(address),
            note,
            located=known,
        )


def of_problems(error: ManifestError) -> Iterator[Annotation]:
    for problem in error.problems:
        message = escape(f"{problem.path}: {problem.what}" if problem.path else problem.what)
        yield Annotation(
            Level.ERROR,
            "voicectl/manifest",
            "The manifest is not valid",
            message,
            Place(problem.file, max(problem.line, 1), max(problem.column, 1)),
            f"{problem.file}\n{problem.path}\n{problem.what}",
            located=problem.line > 0,
        )


def of_manifest(manifest: Manifest, context: DocumentContext) -> Iterator[Annotation]:
    """The remarks on a valid manifest."""
    for note in notes(manifest, manifest.voices.values()):
        address = note.partition(": ")[0]
        known = context.declares(address)
        yield Annotation(
            Level.WARNING, "voicectl/remark", "Remark", escape(note), context.place(address), note, located=known
        )


def _change(change: Change, context: DocumentContext, options: RenderOptions) -> Annotation:
    address = change.address or "a voice"
    source = f"{change.source} -> " if change.source is not None else ""
    action = "blocked" if change.action is Action.BLOCKED else f"to {change.action}"
    way = hints.on_one_line(change.hint, options)
    reason = f"{escape(change.reason)}. " if change.reason and way else escape(change.reason)
    return Annotation(
        _level(change.action),
        f"voicectl/{change.action}",
        escape(f"{source}{address} ({change.provider}): {action}"),
        f"{reason}{_hint(way)}" or escape(f"{address}: {action}"),
        context.place(change.address),
        f"{change.address}\n{change.record or change.key or ''}",
        located=context.declares(change.address),
    )


def _finding(finding: Finding, address: str, context: DocumentContext) -> Annotation:
    return Annotation(
        Level.ERROR if finding.level is policy.Level.DENY else Level.WARNING,
        "voicectl/policy",
        escape(f"policy {finding.rule}: {address}"),
        escape(finding.message),
        context.place(address),
        f"{finding.rule}\n{address}\n{finding.message}",
        located=context.declares(address),
    )


def _drift(found: Drift, context: DocumentContext) -> Annotation:
    address = found.address or "a voice"
    return Annotation(
        Level.WARNING,
        f"voicectl/drift-{found.kind}",
        escape(f"{address} ({found.provider}): {found.kind}"),
        f"Changed outside of voicectl: {kind_text(found.kind)}",
        context.place(found.address),
        f"{found.address}\n{found.provider}",
        located=context.declares(found.address),
    )


def _level(action: Action) -> Level:
    match action:
        case Action.BLOCKED:
            return Level.ERROR
        case Action.REPLACE | Action.DELETE | Action.FORGET:
            return Level.WARNING
        case Action.CREATE | Action.CLONE | Action.MOVE | Action.UPDATE | Action.RECOVER | Action.RESUME | Action.NO_OP:
            return Level.NOTICE


def _hint(line: str) -> str:
    return line.replace(HELD, " ")
