"""The clock of this machine."""

from __future__ import annotations

import time
from datetime import UTC, datetime

from reconciler import waits


class SystemClock:
    """Satisfies `Clock`."""

    def now(self) -> datetime:
        """The time in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Seconds; only differences mean something."""
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        """Blocks the thread."""
        waits.sleep(seconds)
