"""Live progress at a terminal: one line for each finished voice, and below them a block with the progress.

Only for terminals, on stdout. Elsewhere each event is a line: `LineReporter`. rich is imported when the block opens.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from contextlib import suppress
from threading import Lock
from types import TracebackType
from typing import TYPE_CHECKING, Self

from reconciler.model.events import Event, Kind, Tally
from reconciler.views import progress
from reconciler.views.estimate import Estimate
from reconciler.views.formats import text

if TYPE_CHECKING:
    from rich.live import Live
    from rich.text import Text

    from reconciler.views.render_options import RenderOptions

_REPAINTS_A_SECOND = 8


class Progress:
    """A context that takes events: `with Progress(clock.monotonic, total=50, render_options=…) as show: show(event)`.

    The block leaves the screen when the context ends, however it ends; the lines above it stay.
    """

    def __init__(
        self,
        monotonic: Callable[[], float],
        *,
        total: int,
        so_far: Callable[[], Tally] | None = None,
        said_already: Collection[str] = (),
        render_options: Callable[[], RenderOptions],
    ) -> None:
        """`so_far`: the run's own count, newer than its last event. `render_options`: of the terminal as it is now.

        `said_already` are addresses of which the plan has said why they are blocked.
        """
        self._said_already = frozenset(said_already)
        self._render_options = render_options
        self._monotonic = monotonic
        self._colour = render_options().colour
        self._began = monotonic()
        self._tally = Tally(total=total)
        self._so_far = so_far
        self._estimate = Estimate(total=total)
        self._running: dict[tuple[str, str], float] = {}  # (address, action) -> since, the newest last
        self._lock = Lock()  # the thread of rich that repaints reads it
        self._live: Live | None = None

    def __enter__(self) -> Self:
        from rich.console import Console
        from rich.live import Live

        self._live = Live(
            console=Console(no_color=not self._colour, highlight=False, markup=False, emoji=False),
            get_renderable=self._block,
            refresh_per_second=_REPAINTS_A_SECOND,
            transient=True,
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._live is not None:
            with suppress(OSError):  # the terminal is closed
                self._live.stop()
            self._live = None

    def __call__(self, event: Event) -> None:
        self._tally = progress.after(self._tally, event)
        this = (event.address, event.action)
        match event.kind:
            case Kind.STARTED:
                now = self._monotonic()
                with self._lock:
                    self._running[this] = self._running.pop(this, now)  # a second call began with the first
                self._estimate.started(now, running=len(self._running))
            case Kind.ACCEPTED | Kind.RETRYING:
                pass  # it still runs, and the block says so
            case Kind.DONE | Kind.FAILED | Kind.UNCERTAIN | Kind.BLOCKED:
                with self._lock:
                    since = self._running.pop(this, None)
                if since is not None:
                    self._estimate.ended(self._monotonic() - since)
                if event.kind is not Kind.BLOCKED or event.address not in self._said_already:
                    self._tell(event)
            case Kind.SLOWED:
                self._estimate.slowed(running=len(self._running))
                self._tell(event)
            case Kind.WRITTEN | Kind.REMOVED | Kind.UNWRITTEN:
                self._tell(event)
            case Kind.STOPPED | Kind.SUMMARY:
                if self._live is not None:
                    self._live.refresh()  # the block below the last line has the same counts
                self._tell(event)

    def _tell(self, event: Event) -> None:
        if self._live is not None:
            self._live.console.print(_as_rich(text.event(event, self._render_options())), soft_wrap=True)

    def _block(self) -> Text:
        now = self._monotonic()
        with self._lock:
            started = list(reversed(self._running.items()))
        tally = self._so_far() if self._so_far is not None else self._tally
        tally = tally.model_copy(update={"seconds": now - self._began, "running": len(started)})
        running = [(address, action, now - since) for (address, action), since in started]
        left = self._estimate.left(tally, [age for _, _, age in running])
        block = _as_rich(progress.lines(tally, running, self._render_options(), left=left))
        block.no_wrap, block.overflow = True, "ellipsis"
        return block


def _as_rich(shown: str) -> Text:
    from rich.text import Text

    return Text.from_ansi(shown)
