"""Passes each request to the API of its cloud. Every transport of the sandbox uses this function.

The headers of a request show which cloud it is for. The API of a cloud is a function (world, request) -> answer.
"""

from __future__ import annotations

from collections.abc import Callable

from reconciler.sandbox.http import Answer, Request, log_line
from reconciler.sandbox.kling import api as kling
from reconciler.sandbox.tencent import api as tencent
from reconciler.sandbox.world import World

Log = Callable[[str], None]


def handle(world: World, request: Request, log: Log | None = None) -> Answer:
    """Answers a request. `log` gets one line for each request, without secrets."""
    answer = tencent.answer(world, request) if tencent.is_tencent_request(request) else kling.answer(world, request)
    if log is not None:
        log(log_line(request, answer))
    return answer
