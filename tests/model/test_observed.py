"""The check of what an adapter answered, before it becomes a part of a record."""

from __future__ import annotations

from dataclasses import fields, replace
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.model.observed import _TYPES, RemoteVoice, TaskStatus, check

READY = RemoteVoice(
    status=TaskStatus.READY, voice_id="85", task_id="93", expires_at=datetime(2026, 11, 21, tzinfo=UTC), voice_name="a"
)


def test_a_valid_answer_is_accepted() -> None:
    check(READY)
    check(RemoteVoice(status=TaskStatus.RUNNING, message="half of an emoji: \ud83d"))


@pytest.mark.parametrize(
    "wrong",
    [
        {"voice_id": 85},
        {"task_id": b"93"},
        {"status": "ready"},
        {"message": ["noise"]},
        {"expires_at": datetime(2026, 11, 21)},
        {"active": "yes"},
    ],
    ids=str,
)
def test_a_field_of_a_wrong_type_is_named(wrong: dict[str, Any]) -> None:
    [name] = wrong
    with pytest.raises(TypeError, match=name):
        check(replace(READY, **wrong))


def test_every_field_is_checked() -> None:
    assert set(_TYPES) == {each.name for each in fields(RemoteVoice)}
