"""Renders the voices that wait for review, each with what differs from the current voice and how to decide."""

from __future__ import annotations

from collections.abc import Sequence

from reconciler.hints import Hint, hint, way
from reconciler.model.plan import Candidate
from reconciler.views import hints
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, counted, painted
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_change import INSIDE, field_rows, who


def section(candidates: Sequence[Candidate], options: RenderOptions) -> str:
    """All candidates of a plan, under a heading."""
    lines = [painted("Waiting for review:", Style.BOLD, options), ""]
    for each in candidates:
        beside = f" beside {escape(each.current_voice_id)}" if each.current_voice_id else ""
        head = f"{who(each.address, each.provider)}: candidate {escape(each.voice_id or 'without an id')}{beside}"
        lines.append(f"  {painted('?', Style.CYAN, options)} {head}")
        lines += columns(field_rows(each.fields), indent=INSIDE)
        lines += [f"{INSIDE}{painted(line, Style.HINT, options)}" for line in hints.lines(how_to_decide(each), options)]
    return "\n".join(lines)


def verdict(candidates: Sequence[Candidate]) -> str:
    """How many wait, in one sentence; empty if none does."""
    many = len(candidates)
    return f"{counted(many, 'candidate')} {'waits' if many == 1 else 'wait'} for review." if candidates else ""


def how_to_decide(candidate: Candidate) -> Hint:
    """The commands that decide. One that the entry does not declare can't be accepted."""
    reject = way("to delete it", "reject", candidate.address)
    if not candidate.declared:
        return hint("The entry declares other inputs than it, so it can't be accepted", reject)
    return hint(way("To make it the voice of this entry", "accept", candidate.address), reject)
