"""A stand-in of Kling that lets a test act at a moment of the run, from outside of it.

    kling.during("create", lambda: disk.fill(), nth=3)  # when the third creation has come in, before it is answered

Its limit: an action is run once, in the thread that answers, and holds up that answer only.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from tests.support.kling_rules import Refusal
from tests.support.kling_service import KlingService
from tests.support.kling_socket import HtmlAnswer, JsonAnswer


@dataclass(frozen=True)
class _Moment:
    operation: str
    nth: int
    after: bool
    act: Callable[[], object]


class Watched(KlingService):
    """`during` says what to do when the nth call of an operation comes in; `after` its work, or before it."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[str] = Counter()
        self._moments: list[_Moment] = []
        self._counting = threading.Lock()

    def during(self, operation: str, act: Callable[[], object], *, nth: int = 1, after: bool = False) -> None:
        """Counts from now on."""
        with self._counting:
            self._moments.append(_Moment(operation, self._seen[operation] + nth, after, act))

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        due = self._due(method, target)
        for moment in due:
            if not moment.after:
                moment.act()
        answer = super()._answer(method, target, headers, content)
        for moment in due:
            if moment.after:
                moment.act()
        return answer

    def _due(self, method: str, target: str) -> list[_Moment]:
        try:
            operation, _ = self._route(method, target.partition("?")[0])
        except Refusal:
            return []
        with self._counting:
            self._seen[operation] += 1
            number = self._seen[operation]
            return [m for m in self._moments if (m.operation, m.nth) == (operation, number)]
