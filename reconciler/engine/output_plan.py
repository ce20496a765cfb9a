"""Predicts what an apply of a plan does with the files for applications. Reads the files, writes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime

from reconciler.engine.output_files import Content, OutputFiles, reasons
from reconciler.model.output_files import OutputFile
from reconciler.model.plan import Action, Change, Plan, PlannedOutput
from reconciler.model.state import State

_MAKING = frozenset(
    (Action.CREATE, Action.CLONE, Action.RECOVER, Action.RESUME, Action.REPLACE, Action.MOVE, Action.UPDATE)
)
_LEAVING = frozenset((Action.DELETE, Action.FORGET))
_IN_FILES = ("labels", "labels.", "voice_name", "name")  # fields of an update that a file may hold


def with_outputs(plan: Plan, files: OutputFiles | None, state: State, *, now: datetime) -> Plan:
    """The plan with the files that its apply writes, removes, or can't write."""
    if files is None:
        return plan
    only_removes = plan.destroy or plan.refresh_only
    found = files.contents(_afterwards(plan, state) if only_removes else state, now=now, destroy=plan.destroy)
    return replace(plan, outputs=tuple(_planned(plan, files, found)))


def _afterwards(plan: Plan, state: State) -> State:
    """The state without the voices that the plan takes from their addresses."""
    leaving = {change.address for change in plan.changes if change.action in _LEAVING}
    return state.with_changes(current=dict.fromkeys(leaving & state.current.keys()))


def _planned(plan: Plan, files: OutputFiles, found: list[tuple[OutputFile, Content]]) -> Iterator[PlannedOutput]:
    making = {change.address for change in plan.changes if change.action in _MAKING}
    for file, content in found:
        lacking = {address: why for address, why in (content.missing or {}).items() if address not in making}
        if lacking:
            yield PlannedOutput(path=files.shown(file), problem=reasons(lacking))
            continue
        change = files.look(file, replace(content, missing=None))
        if change is not None and change.problem:
            yield PlannedOutput(path=change.path, problem=change.problem)
        elif plan.destroy and content.content is None:
            if change is not None:
                yield PlannedOutput(path=change.path, removed=True)
        elif change is not None or content.missing or any(_touches(each, file) for each in plan.changes):
            yield PlannedOutput(path=files.shown(file))


def _touches(change: Change, file: OutputFile) -> bool:
    """Whether the change may show in the file."""
    if not file.selects(change.address) and not (change.source and file.selects(change.source)):
        return False
    if change.action is Action.UPDATE:
        in_file = any(field.name.startswith(_IN_FILES) for field in change.fields)
        return in_file and file.format != "dotenv"
    return change.action in _MAKING | _LEAVING
