"""Makes the events of one manifest, and hands them to the log and the listeners, with what is known then."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reconciler.errors import VoicectlError
from reconciler.model.watch import WatchEvent, WatchKind, WatchListener
from reconciler.protocols.clock import Clock
from reconciler.watch.known import Known


class Reporting:
    """`explain` returns the words of an error, with what to do about it."""

    def __init__(
        self, known: Known, listeners: Sequence[WatchListener], clock: Clock, explain: Callable[[VoicectlError], str]
    ) -> None:
        self.known = known
        self.explain = explain
        self._listeners = listeners
        self._clock = clock

    def emit(
        self,
        kind: WatchKind,
        message: str = "",
        *,
        provider: str = "",
        addresses: tuple[str, ...] = (),
        counts: Mapping[str, int] | None = None,
        fingerprint: str = "",
    ) -> None:
        event = WatchEvent(
            kind=kind,
            at=self._clock.now(),
            manifest=self.known.manifest,
            message=message,
            provider=provider,
            addresses=addresses,
            counts=counts,
            fingerprint=fingerprint,
        )
        status = self.known.status()
        for listener in self._listeners:
            listener(event, status)

    def words(self, error: Exception) -> str:
        """The words of any error. The text of one that is a bug may quote secrets, so that only its name is said."""
        if isinstance(error, VoicectlError):
            return self.explain(error)
        if isinstance(error, OSError):
            return f"the operating system refused it: {error.strerror or type(error).__name__}"
        return f"voicectl has a bug ({type(error).__name__}); please report it"
