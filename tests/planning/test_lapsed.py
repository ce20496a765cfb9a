"""Tests which key a lapsed creation is sent under, if its voice is needed again."""

from __future__ import annotations

from typing import Any

import pytest

from reconciler.model.plan import Action
from tests.planning import cases

HERO = {"provider": "vod", "create": {"voice_name": "Hero", "voice_url": "https://x.example/h.mp3"}}


def case(hours_ago: float) -> dict[str, Any]:
    return {
        "providers": {"vod": None},
        "voices": {"hero": HERO},
        "records": {"hero@1": {**HERO, "status": "lapsed", "hours_ago": hours_ago}},
        "seen": {"hero@1": "absent"},
    }


@pytest.mark.parametrize("seen", ["absent", "unverifiable: VOD shows those of the last 72 hours"])
@pytest.mark.parametrize("hours_ago", [0.1, 69, -1, -30, -1000])
def test_while_vod_knows_its_key_it_is_sent_under_it_also_by_a_clock_that_was_set_back(
    hours_ago: float, seen: str
) -> None:
    """If the first call arrived after all, the cloud refuses the second one, and the voice is found."""
    (change,) = cases.plan(case(hours_ago) | {"seen": {"hero@1": seen}}).changes
    (record,) = cases.state_of(case(hours_ago)).records
    assert (change.action, change.key) == (Action.CREATE, record)


def test_after_72_hours_a_lapsed_creation_is_sent_under_the_next_key() -> None:
    (change,) = cases.plan(case(72.1)).changes
    (record,) = cases.state_of(case(72.1)).records
    assert change.key is not None
    assert change.key != record
    assert change.generation == 2
