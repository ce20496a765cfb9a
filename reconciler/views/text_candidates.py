"""Renders the voices that wait for review, each with what differs from the current voice and how to decide."""

from __future__ import annotations

from collections.abc import Sequence

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
        named = f"candidate {escape(each.voice_id)}" if each.voice_id else "candidate"
        head = f"{who(each.address, each.provider)}: {named}{beside}"
        lines.append(f"  {painted('?', Style.CYAN, options)} {head}")
        lines += columns(field_rows(each.fields), indent=INSIDE)
        lines += [f"{INSIDE}{painted(line, Style.HINT, options)}" for line in hints.lines(each.hint, options)]
    return "\n".join(lines)


def verdict(candidates: Sequence[Candidate]) -> str:
    """How many wait, in one sentence; empty if none does."""
    many = len(candidates)
    return f"{counted(many, 'candidate')} {'waits' if many == 1 else 'wait'} for review." if candidates else ""
