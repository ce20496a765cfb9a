"""The one request handler behind every mount: which cloud is meant, and what it answers.

A cloud is a function from the world and a request to an answer; which one is meant, the request's own form tells.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.sandbox.http import Answer, Request, log_line
from reconciler.sandbox.kling import api as kling
from reconciler.sandbox.tencent import api as tencent
from reconciler.sandbox.world import World

Log = Callable[[str], None]


def handle(world: World, request: Request, log: Log | None = None) -> Answer:
    """`log` gets one line a request, without secrets."""
    answer = tencent.answer(world, request) if tencent.is_tencent_request(request) else kling.answer(world, request)
    if log is not None:
        log(log_line(request, answer))
    return answer
