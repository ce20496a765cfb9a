"""A simulated Kling that lets a test act at a chosen call of the run.

    kling.during("create", lambda: disk.fill(), nth=3)  # when the third create arrives, before its response

Its limit: an action runs once, in the thread that answers, and delays only that response.
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
class _Action:
    operation: str
    nth: int
    after: bool
    act: Callable[[], object]


class Watched(KlingService):
    """Runs an action at the nth call of an operation: before its work, or `after` it."""

    def __init__(self) -> None:
        super().__init__()
        self._seen: Counter[str] = Counter()
        self._actions: list[_Action] = []
        self._counting = threading.Lock()

    def during(self, operation: str, act: Callable[[], object], *, nth: int = 1, after: bool = False) -> None:
        """Plans the action for the `nth` call from now on."""
        with self._counting:
            self._actions.append(_Action(operation, self._seen[operation] + nth, after, act))

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        due = self._due(method, target)
        for action in due:
            if not action.after:
                action.act()
        answer = super()._answer(method, target, headers, content)
        for action in due:
            if action.after:
                action.act()
        return answer

    def _due(self, method: str, target: str) -> list[_Action]:
        try:
            operation, _ = self._route(method, target.partition("?")[0])
        except Refusal:
            return []
        with self._counting:
            self._seen[operation] += 1
            number = self._seen[operation]
            return [m for m in self._actions if (m.operation, m.nth) == (operation, number)]
