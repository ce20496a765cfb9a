"""What the answer to a webhook means: delivered, tried again after a pause, given up, or never sent again. Pure."""

from __future__ import annotations

from enum import StrEnum

from reconciler.values import value

PAUSES = (1.0, 4.0, 15.0, 60.0, 300.0, 900.0)  # seconds between the tries of one webhook: 7 tries in 21 minutes
LONGEST_PAUSE = 900.0  # seconds, whatever Retry-After says
JITTER = 0.2  # of a pause, so that many senders don't come back together
_TRY_LATER = (408, 425, 429)
_GONE = 410  # Standard Webhooks: the receiver wants no webhooks any more


@value
class Reply:
    """The result of one try. `status`: of HTTP; None if there was no answer, and `why` says why.

    `refused`: voicectl itself does not send to this address. `retry_after`: seconds.
    """

    status: int | None = None
    why: str = ""
    retry_after: float | None = None
    refused: bool = False

    def __str__(self) -> str:
        if self.status is None:
            return self.why
        if 300 <= self.status < 400:
            return f"HTTP {self.status}, a redirect, which is not followed"
        return f"HTTP {self.status}"


class Next(StrEnum):
    DELIVERED = "delivered"
    TRY_AGAIN = "try again"
    GIVEN_UP = "given up"
    GONE = "gone"


def next_step(reply: Reply, tries: int, *, pauses: tuple[float, ...] = PAUSES) -> Next:
    """What follows after so many tries."""
    if reply.status is not None and 200 <= reply.status < 300:
        return Next.DELIVERED
    if reply.status == _GONE:
        return Next.GONE
    passes = reply.status is None or reply.status >= 500 or reply.status in _TRY_LATER
    return Next.TRY_AGAIN if passes and not reply.refused and tries <= len(pauses) else Next.GIVEN_UP


def pause_after(reply: Reply, tries: int, *, chance: float, pauses: tuple[float, ...] = PAUSES) -> float:
    """Seconds until the next try, after so many. `chance`: from 0 to 1. Retry-After only makes it longer."""
    usual = pauses[tries - 1] * (1 + JITTER * (2 * chance - 1))
    return min(max(usual, reply.retry_after or 0.0), LONGEST_PAUSE * (1 + JITTER))
