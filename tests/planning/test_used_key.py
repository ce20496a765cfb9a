"""Tests an entry whose key another run had used: its voice may exist, so only the user decides to pay again."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.plan import Action
from tests.planning import cases

FIRST, SECOND = (
    {"provider": "vod", "create": {"voice_name": "Hero", "voice_url": f"https://x.example/{name}.mp3"}}
    for name in ("first", "second")
)
UNSEEN = "unverifiable: VOD shows the tasks of the last 72 hours"


def case(status: str, **more: Any) -> dict[str, Any]:
    """The key of the first take was used by another run. Then the second take was made; now the first is wanted."""
    used = {**FIRST, "status": status, "beside": True, "cause": "key-in-use"}
    return {
        "providers": {"vod": None},
        "voices": {"hero": FIRST},
        "records": {"hero@1": used, "hero@2": {**SECOND, "status": "ready"}, **more},
        "seen": {"hero@1": UNSEEN},
    }


@pytest.mark.parametrize("status", ["failed", "deleted"])
def test_it_is_not_paid_for_after_the_entry_had_other_inputs_for_a_while(status: str) -> None:
    (change,) = cases.plan(case(status)).changes
    assert change.action is Action.BLOCKED


@pytest.mark.parametrize("status", ["failed", "deleted"])
def test_it_is_paid_for_if_the_user_asks_for_it(status: str) -> None:
    (change,) = cases.plan(case(status) | {"options": {"retry": ["hero"]}}).changes
    assert (change.action, change.generation) == (Action.REPLACE, 3)


@pytest.mark.parametrize("status", ["failed", "deleted"])
def test_the_user_is_not_asked_again_after_a_later_voice_of_the_same_inputs(status: str) -> None:
    later = {"hero@3": {**FIRST, "status": "deleted"}, "hero@4": {**SECOND, "status": "ready"}}
    (change,) = cases.plan(case(status, **later)).changes
    assert (change.action, change.generation) == (Action.REPLACE, 5)
