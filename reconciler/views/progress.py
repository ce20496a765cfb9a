"""Renders the progress of an apply as a block of lines. Pure: the CLI decides when to repaint it."""

from __future__ import annotations

import math
from collections.abc import Sequence

from reconciler.model.events import Event, Kind, Tally
from reconciler.model.time_format import duration
from reconciler.views.escape import escape
from reconciler.views.layout import Style, columns, counted, painted
from reconciler.views.render_options import PLAIN, RenderOptions

_BAR = 24  # characters
_MOST = 8  # running voices shown by name, the longest running first


def lines(
    tally: Tally,
    running: Sequence[tuple[str, str, float]],
    options: RenderOptions = PLAIN,
    *,
    left: float | None = None,
) -> str:
    """The bar, the counts, the rate, and the running changes. `running`: (address, action, seconds) of each.

    `left` is the estimate in seconds; None while there is none.
    """
    oldest = sorted(running, key=lambda one: -one[2])[:_MOST]
    rows = columns(((escape(address), escape(action), duration(s)) for address, action, s in oldest), indent="  ")
    if len(running) > _MOST:
        rows.append(f"  and {len(running) - _MOST} more")
    return "\n".join([_bar(tally, options), _pace(tally, left), *rows])


def after(tally: Tally, event: Event) -> Tally:
    """The tally after an event: the event's own, or the last one counted on. Polls and lists do not count as calls."""
    if event.tally is not None:
        return event.tally
    match event.kind:
        case Kind.STARTED:
            return tally.model_copy(update={"calls": tally.calls + 1})
        case Kind.DONE:
            return tally.model_copy(update={"done": tally.done + 1})
        case Kind.FAILED:
            return tally.model_copy(update={"failed": tally.failed + 1})
        case Kind.UNCERTAIN:
            return tally.model_copy(update={"uncertain": tally.uncertain + 1})
        case Kind.BLOCKED:
            return tally.model_copy(update={"blocked": tally.blocked + 1})
        case Kind.ACCEPTED | Kind.RETRYING | Kind.SLOWED | Kind.STOPPED | Kind.SUMMARY:
            return tally
        case Kind.WRITTEN | Kind.REMOVED | Kind.UNWRITTEN:
            return tally


def _bar(tally: Tally, options: RenderOptions) -> str:
    ended = _ended(tally)
    filled = _BAR if ended >= tally.total else _BAR * ended // tally.total
    bar = f"[{painted('#' * filled, Style.GREEN, options)}{'.' * (_BAR - filled)}]"
    counts = [f"{tally.done} done", f"{tally.running} running"]
    bad = ((tally.failed, "failed"), (tally.uncertain, "uncertain"), (tally.blocked, "blocked"))
    counts += [painted(f"{count} {word}", Style.RED, options) for count, word in bad if count]
    return f"{bar} {ended}/{tally.total}  {', '.join(counts)}"


def _pace(tally: Tally, left: float | None) -> str:
    rate = tally.calls / tally.seconds if tally.seconds > 0 else 0.0
    passed = f"{duration(tally.seconds)}, {counted(tally.calls, 'call')}, {rate:.1f} a second"
    if left is None or _ended(tally) >= tally.total:
        return passed
    return f"{passed}, {f'about {_rounded(left)}' if left >= 1 else 'a moment'} left"


def _rounded(seconds: float) -> str:
    """Rounds an estimate to its significant digits."""
    step = 1 if seconds < 60 else 5 if seconds < 600 else 60
    whole = math.ceil(seconds / step) * step
    return f"{whole} s" if whole < 60 else duration(whole)


def _ended(tally: Tally) -> int:
    return tally.done + tally.failed + tally.uncertain + tally.blocked
