"""Rows of Markdown tables for changes and drift, and hints as Markdown. Long values are shortened, and say so."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

from reconciler.hints import Hint
from reconciler.model.plan import Action, Candidate, Change, Drift
from reconciler.views import hints, text_change
from reconciler.views.markdown_escape import code, prose
from reconciler.views.render_options import RenderOptions
from reconciler.views.text_plan import kind_text
from reconciler.views.wrap import HELD

_LONGEST = 200  # characters of a value
_LONGEST_REASON = 600
_FIELDS = 12  # of a change
_SUMMARY = 30  # rows of a summary


def change_row(change: Change, options: RenderOptions) -> str:
    source = f"{code(change.source)} → " if change.source is not None else ""
    reason = [prose(shortened(change.reason, _LONGEST_REASON)), *hint_lines(change.hint, options)]
    return _row(source + _address(change.address), change.provider, reason, text_change.rows(change))


def drift_row(found: Drift) -> str:
    return _row(
        _address(found.address), found.provider, [prose(kind_text(found.kind))], text_change.field_rows(found.fields)
    )


def candidate_row(waiting: Candidate, options: RenderOptions) -> str:
    beside = f" beside {code(waiting.current_voice_id)}" if waiting.current_voice_id else ""
    reason = [f"candidate {code(waiting.voice_id or '-')}{beside}"]
    reason += hint_lines(waiting.hint, options)
    return _row(_address(waiting.address), waiting.provider, reason, text_change.field_rows(waiting.fields))


def summary_table(changes: Sequence[Change]) -> str:
    """How many changes there are of each action, provider and reason; without reasons if these are many."""
    rows: Sequence[tuple[int, str, str]] = ()
    for reasons, providers in ((True, True), (False, True), (False, False)):
        rows = _counted(changes, reasons=reasons, providers=providers)
        if len(rows) <= _SUMMARY:
            break
    lines = [f"| {count} | {who} | {why} |" for count, who, why in rows]
    return "\n".join(["| Changes | Action | Reason |", "| --- | --- | --- |", *lines])


def hint_lines(hint: Hint, options: RenderOptions) -> list[str]:
    """One line for each way: its words, and its commands as code."""
    lines = []
    for way in hint.ways:
        commands = ", then ".join(code(hints.command_line(each, options).replace(HELD, " ")) for each in way.commands)
        words = prose(way.words)
        lines.append((f"{words}: {commands}" if words and commands else words + commands) + _after(way.after))
    return lines


def shortened(text: str, longest: int = _LONGEST) -> str:
    return text if len(text) <= longest else f"{text[:longest]}... ({len(text)} characters)"


def _counted(changes: Sequence[Change], *, reasons: bool, providers: bool) -> list[tuple[int, str, str]]:
    counts = Counter(
        (
            change.action,
            change.provider if providers else "",
            shortened(change.cause or change.reason, _LONGEST) if reasons else "",
        )
        for change in changes
    )
    order = list(Action)
    listed = sorted(counts.items(), key=lambda pair: (order.index(pair[0][0]), -pair[1]))
    return [
        (count, f"{action} ({code(provider)})" if provider else str(action), prose(reason))
        for (action, provider, reason), count in listed
    ]


def _after(words: str) -> str:
    """The words after a command, with the blank that they begin with."""
    return f" {prose(words)}" if words.startswith(" ") else prose(words)


def _address(address: str) -> str:
    return code(address) if address else "a voice"


def _row(voice: str, provider: str, reason: Iterable[str], fields: Sequence[tuple[str, ...]]) -> str:
    values = [
        " ".join(part for part in (code(name) if name else "", code(shortened(given.strip()))) if part)
        for name, given in fields[:_FIELDS]
    ]
    if len(fields) > _FIELDS:
        values.append(f"... and {len(fields) - _FIELDS} more lines")
    reasons = "<br>".join(part for part in reason if part)
    return f"| {voice} | {code(provider)} | {reasons} | {'<br>'.join(values)} |"
