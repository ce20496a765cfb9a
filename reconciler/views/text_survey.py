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
    parts = ["\n".join(lines(survey))]
    if last := verdict(survey):
        way = f" To make what is declared: {command_line(command('apply'), options)}" if nothing_made(survey) else ""
        parts.append(painted(last + way, Style.BOLD, options))
    return fitted("\n\n".join(part for part in parts if part), options)


def lines(survey: Survey) -> Iterator[str]:
    """One escaped line for each account and result."""
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


def verdict(survey: Survey) -> str:
    """Whether anything drifted; empty if nobody can say."""
    if survey.ours or survey.unseen or survey.unverifiable:
        return ""
    lost = sum(map(len, survey.lost.values()))
    if lost:
        return f"Drift: {lost} missing."
    if survey.absent:
        return "No drift: nothing was made yet."
    return "No drift." if survey.present else "No drift: no voices are declared."


def nothing_made(survey: Survey) -> bool:
    """Whether voices are declared that do not exist, and nothing else is to be said."""
    return bool(survey.absent) and not (survey.ours or survey.unseen or survey.unverifiable or survey.lost)
