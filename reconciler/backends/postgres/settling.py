"""Asks again after an unclear answer, until it is known how a change ended. It only ever repeats the same change.

A change is safe to send again because its where clause names the version, or the fence, that it changes: of two equal
requests that arrive, the second one finds nothing to change.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import TypeVar

from reconciler.backends.postgres.connection import Connection
from reconciler.backends.postgres.failures import Unanswered
from reconciler.errors import StateError

T = TypeVar("T")
_TRIES = 12
_FIRST_TRIES = 3  # for a server that was never reached: the address may be wrong
_WAIT = 0.2  # seconds before the second try; doubled each time
_LONGEST_WAIT = 5.0  # seconds
_LONGEST = 60.0  # seconds after which no further try begins
_ADVICE = "Check the server and the network, then run the command again."


class Settling:
    """Asks through this connection. `where` is the state's place, for messages."""

    def __init__(self, connection: Connection, where: str) -> None:
        self._connection = connection
        self._where = where

    def asked(self, question: Callable[[], T], failing: str) -> T:
        """The answer to a question that changes nothing."""
        reason = ""
        for _ in self._tries():
            try:
                return question()
            except Unanswered as unanswered:
                reason = unanswered.reason
        raise self._given_up(failing, reason)

    def settled(self, send: Callable[[], T | None], look: Callable[[], T | None], failing: str) -> T:
        """Sends a change, and returns its outcome.

        `send` returns None if the change was refused. `look` asks what is stored: it returns the outcome if the change
        was made, None if it can still be made, and raises if it never will.
        """
        reason = ""
        for _ in self._tries():
            try:
                outcome = send()
                if outcome is not None:
                    return outcome
                reason = "other runs change it at the same time"
            except Unanswered as unanswered:
                reason = unanswered.reason
            outcome = self.asked(look, failing)
            if outcome is not None:
                return outcome
        raise self._given_up(failing, reason)

    def _tries(self) -> Iterator[int]:
        begun = time.monotonic()
        for number in range(_TRIES):
            yield number
            wait = min(_WAIT * 2**number, _LONGEST_WAIT)
            if not self._connection.established and number + 1 >= _FIRST_TRIES:
                return
            if number + 1 == _TRIES or time.monotonic() + wait - begun > _LONGEST:
                return
            time.sleep(wait)

    def _given_up(self, failing: str, reason: str) -> StateError:
        return StateError(f"{self._where} {failing}: {reason}.", _ADVICE)
