"""The sandbox as an httpx transport, without sockets. It imports httpx, so import this module only where needed."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import formatdate
from functools import partial

import httpx

from reconciler.sandbox.http import Answer, Dropped, Request, Response
from reconciler.sandbox.router import Log, handle
from reconciler.sandbox.world import World


class SandboxTransport(httpx.BaseTransport):
    """For `httpx.Client(transport=…)`. Every host is the sandbox. The caller closes the world.

    `answer` is the API of one cloud; without it the requests show their cloud.
    """

    def __init__(
        self, world: World, *, answer: Callable[[World, Request], Answer] | None = None, log: Log | None = None
    ) -> None:
        self._world = world
        self._answer = answer or partial(handle, log=log)

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Answers a request. Raises httpx.ReadError if the sandbox drops the connection."""
        target = request.url.raw_path.decode("ascii")
        received = Request.received(request.method, target, headers=request.headers.items(), body=request.read())
        answer = self._answer(self._world, received)
        match answer:
            case Response():
                date = formatdate(self._world.now() / 1000, usegmt=True)
                headers = {"content-type": answer.content_type, "date": date}
                return httpx.Response(answer.status, headers=headers, content=answer.body, request=request)
            case Dropped():
                raise httpx.ReadError("The connection broke before the answer", request=request)
