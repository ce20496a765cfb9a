"""Sends webhooks about troubles and their end, in a thread of its own, so that the loop never waits for a receiver.

Each is tried several times under one id, the oldest first. What is left at the end of the process gets one more try,
all of it together less than a second.
"""

from __future__ import annotations

import random
import secrets as random_tokens
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import suppress
from threading import Condition, Thread

from reconciler.model.redactor import Redactor
from reconciler.model.watch import WatchEvent, WatchStatus
from reconciler.protocols.clock import Clock
from reconciler.values import value
from reconciler.views import json_documents
from reconciler.views.webhook_document import webhook_document
from reconciler.watch import standard_webhooks
from reconciler.watch.webhook_notices import Notices
from reconciler.watch.webhook_retries import PAUSES, Next, Reply, next_step, pause_after
from reconciler.watch.webhook_sender import TIMEOUTS, WebhookSender

MOST_WAITING = 100  # webhooks; the oldest one is dropped for one more
LAST_SECONDS = 0.7  # at the end of the process, for all that are left
RESULTS = ("delivered", "failed", "dropped")


@value
class _Waiting:
    """One webhook: its id, its body, and the event that it is about."""

    webhook_id: str
    body: bytes
    event: WatchEvent


class Webhook:
    """A `WatchListener`. `keys` are asked for at each try. `report` gets a sentence about each one that is lost."""

    def __init__(
        self,
        sender: WebhookSender,
        *,
        to: str,
        keys: Callable[[], tuple[bytes, ...]],
        redact: Redactor,
        clock: Clock,
        report: Callable[[str], None],
        pauses: tuple[float, ...] = PAUSES,
    ) -> None:
        """`to`: the receiver's name for messages. `pauses`: seconds between the tries."""
        self._sender = sender
        self._to = to
        self._keys = keys
        self._redact = redact
        self._clock = clock
        self._report = report
        self._pauses = pauses
        self._changed = Condition()  # guards everything below
        self._notices = Notices()
        self._queue: deque[_Waiting] = deque()
        self._results = dict.fromkeys(RESULTS, 0)
        self._left = 0  # not delivered at the end
        self._gone = False  # the receiver wants no more
        self._end: float | None = None  # in seconds of `time.monotonic`, once the process ends
        self._thread = Thread(target=self._run, name="webhook", daemon=True)

    def start(self) -> None:
        self._thread.start()

    def __call__(self, event: WatchEvent, status: WatchStatus) -> None:  # noqa: ARG002 - what a WatchListener gets
        with self._changed:
            if self._gone or self._end is not None or not self._notices.is_due(event):
                return
            document = webhook_document(event, self._redact)
            body = json_documents.dumps(document, indent=None, ascii_only=True).encode("ascii")
            self._queue.append(_Waiting(f"msg_{random_tokens.token_hex(16)}", body, event))
            if len(self._queue) > MOST_WAITING:
                self._results["dropped"] += 1
                self._notices.forget(self._queue.popleft().event)
            self._changed.notify()

    def results(self) -> Mapping[str, int]:
        """How many were delivered, failed, or were dropped because too many waited."""
        with self._changed:
            return dict(self._results)

    def close(self) -> None:
        """Tries once more what is left. Takes less than a second."""
        with self._changed:
            self._end = time.monotonic() + LAST_SECONDS
            self._changed.notify_all()
        if self._thread.ident is not None:
            self._thread.join(timeout=LAST_SECONDS)
        self._sender.close()
        with self._changed:
            left = self._left + len(self._queue)
        if left:
            self._say(f"Webhooks to {self._to} that were not delivered before the end: {left}.")

    def _run(self) -> None:
        while (waiting := self._next()) is not None:
            self._deliver(waiting)

    def _next(self) -> _Waiting | None:
        """The oldest webhook, which stays in the queue while it is tried; None at the end."""
        with self._changed:
            while not self._queue and self._end is None:
                self._changed.wait()
            return self._queue[0] if self._queue and self._seconds_left() > 0 else None

    def _deliver(self, waiting: _Waiting) -> None:
        tries = 0
        while True:
            last = self._is_ending()
            reply = self._try(waiting)
            tries += 1
            step = next_step(reply, tries, pauses=self._pauses)
            if step is not Next.TRY_AGAIN:
                self._finish(waiting, step, reply)
                return
            pause = pause_after(reply, tries, chance=random.random(), pauses=self._pauses)  # noqa: S311 - only jitter
            if last or not self._may_try_again(waiting, pause):
                self._leave(waiting)
                return

    def _try(self, waiting: _Waiting) -> Reply:
        within = min(TIMEOUTS.operation, self._seconds_left())
        try:
            signed = standard_webhooks.headers(
                waiting.webhook_id, waiting.body, attempted_at=self._clock.now(), keys=self._keys()
            )
            return self._sender.send({"Content-Type": "application/json", **signed}, waiting.body, within=within)
        except Exception as error:  # noqa: BLE001 - a defect must not end the thread, and with it all later webhooks
            return Reply(why=f"an error of voicectl ({type(error).__name__})", refused=True)

    def _may_try_again(self, waiting: _Waiting, pause: float) -> bool:
        """Waits before the next try, but not at the end of the process. False if the webhook was dropped meanwhile."""
        with self._changed:
            until = time.monotonic() + pause
            while (left := until - time.monotonic()) > 0 and not self._is_ending():
                self._changed.wait(left)
            return waiting in self._queue

    def _is_ending(self) -> bool:
        return self._end is not None

    def _leave(self, waiting: _Waiting) -> None:
        """Leaves the webhook undelivered."""
        with self._changed:
            if waiting in self._queue:
                self._queue.remove(waiting)
                self._left += 1

    def _finish(self, waiting: _Waiting, step: Next, reply: Reply) -> None:
        with self._changed:
            if waiting in self._queue:
                self._queue.remove(waiting)
            delivered = step is Next.DELIVERED
            self._results["delivered" if delivered else "failed"] += 1
            if not delivered:
                self._notices.forget(waiting.event)
            if step is Next.GONE:
                self._gone = True
                self._queue.clear()
        if step is Next.GONE:
            self._say(f"{self._to} wants no webhooks any more (HTTP 410): none is sent until the next start.")
        elif not delivered:
            self._say(f"A webhook to {self._to} was not delivered: {reply}.")

    def _say(self, words: str) -> None:
        with suppress(Exception):  # a log that can't be written must not end the thread
            self._report(words)

    def _seconds_left(self) -> float:
        """Seconds that a try may take, more than 0 unless the end has come."""
        return TIMEOUTS.operation if self._end is None else max(0.0, self._end - time.monotonic())
