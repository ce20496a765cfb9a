"""What the accounts show of a manifest without a state, for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from reconciler.model.survey import Survey
from reconciler.views.escape import escape
from reconciler.views.layout import Style, painted

_NAMED = 50  # addresses in a line


def survey(survey: Survey, *, colour: bool = False) -> str:
    """A line for each account and verdict, and a last line where the accounts say that nothing drifted."""
    parts = ["\n".join(_lines(survey))]
    if not (survey.ours or survey.unseen or survey.unverifiable):
        parts.append(painted(_last_line(survey), Style.BOLD, colour=colour))
    return "\n\n".join(part for part in parts if part)


def _lines(survey: Survey) -> Iterator[str]:
    ours: dict[str, list[str]] = {}
    for held in survey.ours:
        ours.setdefault(held.provider, []).append(held.address)
    yield from _told(ours, "there, and in no state here")
    yield from _told(survey.present, "there")
    yield from _told(survey.lost, "declared as there already, and not there")
    yield from _told(survey.absent, "declared, and not there")
    yield from _told(survey.unverifiable, "declared, and the cloud lists no such voices")


def _told(addresses: Mapping[str, Sequence[str]], what: str) -> Iterator[str]:
    for provider, listed in addresses.items():
        more = f" and {len(listed) - _NAMED} more" if len(listed) > _NAMED else ""
        yield f"{escape(provider)}: {len(listed)} {what}: {escape(', '.join(listed[:_NAMED]))}{more}"


def _last_line(survey: Survey) -> str:
    lost = sum(map(len, survey.lost.values()))
    if lost:
        return f"Drift: {lost} not there."
    if survey.absent:
        return "No drift: nothing was made yet. To make what is declared: voicectl apply"
    return "No drift." if survey.present else "No drift: no voices are declared."
