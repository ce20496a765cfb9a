"""Replaces values of environment variables in what a review shows: in a plan, in drift, in text.

A manifest takes them in by `${env:NAME}`, and that is shown in place of the value. A saved plan is saved that way,
because a machine that shows it may lack the variable.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any
from urllib.parse import quote

from reconciler.hints import Command, Hint
from reconciler.model.plan import Change, Drift, FieldChange, Plan, Stop
from reconciler.model.survey import Survey

_PART_OF_A_WORD = 8  # characters of a value that is replaced inside a word too
_PART_OF_A_TEXT = 4  # characters; a shorter value is replaced only if it is the whole text

Replaced = Callable[[str], str]


class EnvironmentValues:
    """`values`: the variable's name -> its value."""

    def __init__(self, values: Mapping[str, str]) -> None:
        self._whole: dict[str, str] = {}
        self._numbers: dict[float, str] = {}
        for name, given in values.items():
            shown = f"${{env:{name}}}"
            for form in (given, given.strip(), quote(given), quote(given, safe="")):
                if form:
                    self._whole.setdefault(form.casefold(), shown)
            number = _number(given)
            if number is not None:
                self._numbers.setdefault(number, shown)
        parts = sorted((form for form in self._whole if len(form) >= _PART_OF_A_TEXT), key=len, reverse=True)
        self._parts = re.compile("|".join(map(_pattern, parts)), re.IGNORECASE) if parts else None

    def text(self, given: str, *, known: frozenset[str] = frozenset()) -> str:
        """The text without values. Those in `known` (addresses, providers) are public, and stay."""
        if given in known:
            return given
        if (shown := self._whole.get(given.casefold())) is not None:
            return shown
        if self._parts is None:
            return given
        return self._parts.sub(lambda found: found[0] if found[0] in known else self._whole[found[0].casefold()], given)

    def plan(self, plan: Plan) -> Plan:
        """The plan, without values in what is shown of it. What apply uses stays."""
        if not self._whole:
            return plan
        of_changes = {name for each in plan.changes for name in (each.address, each.provider, each.source or "")}
        known = frozenset(of_changes | {name for found in plan.drift for name in (found.address, found.provider)})

        def replaced(given: str) -> str:
            return self.text(given, known=known)

        return replace(
            plan,
            changes=tuple(self._change(change, replaced) for change in plan.changes),
            drift=tuple(self._drift(found, replaced) for found in plan.drift),
            notes=tuple(map(replaced, plan.notes)),
            stops=tuple(self._stop(stop, replaced) for stop in plan.stops),
            findings=tuple(replace(found, message=replaced(found.message)) for found in plan.findings),
            unseen=tuple(map(replaced, plan.unseen)),
            ways_to_see=_hint(plan.ways_to_see, replaced),
        )

    def survey(self, survey: Survey) -> Survey:
        return replace(
            survey, unseen=tuple(map(self.text, survey.unseen)), ways_to_see=_hint(survey.ways_to_see, self.text)
        )

    def _change(self, change: Change, replaced: Replaced) -> Change:
        return replace(
            change,
            reason=replaced(change.reason),
            cause=replaced(change.cause),
            hint=_hint(change.hint, replaced),
            before=self._json(change.before, replaced),
            after=self._json(change.after, replaced),
            fields=self._fields(change.fields, replaced),
        )

    def _stop(self, stop: Stop, replaced: Replaced) -> Stop:
        return replace(stop, what=replaced(stop.what), hint=_hint(stop.hint, replaced))

    def _drift(self, found: Drift, replaced: Replaced) -> Drift:
        return replace(found, fields=self._fields(found.fields, replaced))

    def _fields(self, fields: tuple[FieldChange, ...], replaced: Replaced) -> tuple[FieldChange, ...]:
        return tuple(
            FieldChange(field.name, self._json(field.before, replaced), self._json(field.after, replaced))
            for field in fields
        )

    def _json(self, given: Any, replaced: Replaced) -> Any:
        match given:
            case str():
                return replaced(given)
            case dict():
                return {key: self._json(inner, replaced) for key, inner in given.items()}
            case list() | tuple():
                return [self._json(inner, replaced) for inner in given]
            case bool() | None:
                return given
            case int() | float():
                return self._numbers.get(given, given)
            case _:
                return given


def _hint(hint: Hint, replaced: Replaced) -> Hint:
    """The hint without values, also in its commands."""

    def command(given: Command) -> Command:
        return replace(given, words=tuple(map(replaced, given.words)))

    return Hint(
        tuple(
            replace(
                way,
                words=replaced(way.words),
                commands=tuple(map(command, way.commands)),
                after=replaced(way.after),
            )
            for way in hint.ways
        )
    )


def _pattern(form: str) -> str:
    escaped = re.escape(form)
    return escaped if len(form) >= _PART_OF_A_WORD else rf"(?<![^\W_]){escaped}(?![^\W_])"


def _number(given: str) -> float | None:
    try:
        return float(given)
    except ValueError:
        return None
