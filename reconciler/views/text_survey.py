"""Renders a survey, for people: what the accounts hold of a manifest that has no state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.hints import command
from reconciler.model.survey import Survey
from reconciler.views.escape import escape
from reconciler.views.hints import command_line
from reconciler.views.layout import Style, painted
from reconciler.views.render_options import PLAIN, RenderOptions
from reconciler.views.screen import fitted

_NAMED = 50  # addresses in a line


def survey(survey: Survey, options: RenderOptions = PLAIN) -> str:
    """One line for each account and result, and a last line if nothing drifted."""
    parts = ["\n".join(_lines(survey))]
    if not (survey.ours or survey.unseen or survey.unverifiable):
        parts.append(painted(_last_line(survey, options), Style.BOLD, options))
    return fitted("\n\n".join(part for part in parts if part), options)


def _lines(survey: Survey) -> Iterator[str]:
    ours: dict[str, list[str]] = {}
    for held in survey.ours:
        ours.setdefault(held.provider, []).append(held.address)
    yield from _lines_of(ours, "exist, but are in no state here")
    yield from _lines_of(survey.present, "exist")
    yield from _lines_of(survey.lost, "declared as existing, but do not exist")
    yield from _lines_of(survey.absent, "declared, but do not exist")
    yield from _lines_of(survey.unverifiable, "declared, but the cloud lists no such voices")


def _lines_of(addresses: Mapping[str, Sequence[str]], what: str) -> Iterator[str]:
    for provider, listed in addresses.items():
        more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        yield f"{escape(provider)}: {len(listed)} {what}: {escape(', '.join(listed[:_NAMED]))}{more}"


def _last_line(survey: Survey, options: RenderOptions) -> str:
    lost = sum(map(len, survey.lost.values()))
    if lost:
        return f"Drift: {lost} missing."
    if survey.absent:
        return f"No drift: nothing was made yet. To make what is declared: {command_line(command('apply'), options)}"
    return "No drift." if survey.present else "No drift: no voices are declared."
