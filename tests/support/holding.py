"""A simulated Kling that delays its answers until the test releases them."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Literal

from tests.support.kling_service import KlingService
from tests.support.kling_socket import HtmlAnswer, JsonAnswer


class Holding(KlingService):
    """Answers no creation, or no look-up, before `released` is set. `held` is set when a caller waits."""

    def __init__(self, what: Literal["creations", "looks"] = "creations") -> None:
        super().__init__()
        self.held, self.released = threading.Event(), threading.Event()
        self._method = "POST" if what == "creations" else "GET"

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        if method == self._method and not self.released.is_set():
            self.held.set()
            self.released.wait(20)
        return super()._answer(method, target, headers, content)
