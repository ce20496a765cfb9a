"""The interface of a clock."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """The source of time. It is passed in, so that tests need no sleeping."""

    def now(self) -> datetime:
        """The wall clock in UTC, for records and signatures. It may jump."""
        ...

    def monotonic(self) -> float:
        """Seconds since an arbitrary moment. It never goes back."""
        ...

    def sleep(self, seconds: float) -> None: ...
