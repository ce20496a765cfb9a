"""One plan, one state and one apply that show a bit of everything, and the comparison with a golden file."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from reconciler.hints import hint, way
from reconciler.model.manifest import Lifecycle
from reconciler.model.plan import Action, Change, Drift, DriftKind, FieldChange, Plan, Stop
from reconciler.model.state import Record, State, Status

GOLDEN = Path(__file__).parents[1] / "golden"


NOW = datetime(2026, 11, 20, 10, 0, tzinfo=UTC)


@pytest.fixture
def golden() -> Callable[[str, str], None]:
    """`golden(name, text)`: the text is that of tests/golden/name. UPDATE_GOLDEN=1 writes it anew."""

    def compare(name: str, text: str) -> None:
        path = GOLDEN / name
        if os.environ.get("UPDATE_GOLDEN"):
            path.write_text(text + "\n", encoding="utf-8")
        assert text + "\n" == path.read_text(encoding="utf-8")

    return compare


@pytest.fixture
def plan() -> Plan:
    return Plan(
        plan_id="5f2c9a7e",
        lineage="3b1f8f0e-7f1b-4f83-9a63-52d3cf3e1c11",
        serial=12,
        manifest="voices.yaml",
        changes=(
            Change(
                address="narrator",
                provider="kling",
                action=Action.CREATE,
                reason="declared, not created yet",
                after={"voice_name": "Narrator EN", "voice_url": "https://cdn.example.com/narrator.mp3"},
            ),
            Change(
                address="villain",
                provider="vod",
                action=Action.CLONE,
                reason="declared, not created yet",
                after={"voice_id": "villain_01", "audio": {"url": "https://cdn.example.com/v.mp3"}},
            ),
            Change(
                address="hero",
                provider="kling",
                action=Action.REPLACE,
                reason="voice_name, voice_url differs",
                before={"voice_id": "850087542757535834", "voice_name": "Hero"},
                after={"voice_name": "The Hero"},
                fields=(
                    FieldChange(name="voice_name", before="Hero", after="The Hero"),
                    FieldChange(
                        name="voice_url",
                        before="https://cdn.example.com/hero.mp3?#sha256:0a1b2c3d",
                        after="https://cdn.example.com/hero.mp3?#sha256:4e5f6071",
                    ),
                ),
            ),
            Change(
                address="concierge",
                provider="kling",
                action=Action.UPDATE,
                reason="changes the state only, no call",
                fields=(
                    FieldChange(name="labels.tier", before=None, after="gold"),
                    FieldChange(name="lifecycle.prevent_destroy", before=False, after=True),
                ),
            ),
            Change(
                address="extra",
                provider="kling",
                action=Action.DELETE,
                reason="no longer declared",
                before={"voice_name": "Extra", "voice_url": "https://h/e.mp3", "voice_id": "850087542757535835"},
            ),
            Change(
                address="late",
                provider="kling",
                action=Action.RECOVER,
                reason="an earlier run was interrupted, but it created the voice",
                after={"voice_name": "Late", "video_id": "77"},
            ),
            Change(
                address="slow",
                provider="kling",
                action=Action.RESUME,
                reason="its task is still running",
                after={"a": None},
            ),
            Change(
                address="owen",
                provider="kling",
                action=Action.FORGET,
                reason="an official voice, no longer declared",
                before={"voice_id": "829"},
            ),
            Change(
                address="ghost",
                provider="kling",
                action=Action.BLOCKED,
                reason="its creation failed: the sample holds two voices",
                hint=hint("Change its inputs", way("or, to pay for the same again", "--retry", "ghost")),
            ),
        ),
        unchanged=12,
        drift=(
            Drift(address="lost", provider="kling", kind=DriftKind.GONE),
            Drift(
                address="mayor",
                provider="kling",
                kind=DriftKind.RENAMED,
                fields=(FieldChange(name="voice_name", before="Mayor", after="Major"),),
            ),
            Drift(address="", provider="kling", kind=DriftKind.SURPLUS),
        ),
        notes=("The official voices of kling could not be listed.",),
        stops=(
            Stop(
                what="4 of 12 recorded voices would be deleted, replaced or forgotten, and the limit is 30 %",
                hint=hint(way("If you want that", "--allow-deletes", 4)),
            ),
        ),
    )


@pytest.fixture
def no_change() -> Plan:
    return Plan(plan_id="00", lineage="3b1f8f0e", serial=12, manifest="voices.yaml", unchanged=12)


@pytest.fixture
def ready() -> Record:
    return Record(
        external_task_id="vc-3b1f8f0e-narrator-9c0d1e2f-2",
        address="narrator",
        provider="kling",
        account="kling https://api-singapore.klingai.com",
        method="create",
        generation=2,
        status=Status.READY,
        created_at=datetime(2026, 11, 20, 9, 30, 0, 123456, UTC),
        changed_at=datetime(2026, 11, 20, 9, 30, 9, tzinfo=UTC),
        digest="9c0d1e2f",
        sent={"voice_name": "Narrator EN", "voice_url": "https://cdn.example.com/n.mp3?#sha256:0a1b2c3d"},
        labels={"tier": "gold"},
        lifecycle=Lifecycle(prevent_destroy=True),
        attempts=1,
        task_id="930801301486305328",
        voice_id="850087542757535834",
        voice_name="Narrator EN",
        owned_by="1234567",
    )


@pytest.fixture
def state(ready: Record) -> State:
    def other(address: str, status: Status, **fields: object) -> Record:
        key = f"vc-3b1f8f0e-{address}-11111111-1"
        changed: dict[str, Any] = {
            "external_task_id": key,
            "address": address,
            "status": status,
            "voice_id": None,
            "voice_name": None,
        }
        return replace(ready, **(changed | {"generation": 1, "labels": {}} | fields))

    slow = other("slow", Status.RUNNING, sent={"voice_name": "Slow"})
    ghost = other("ghost", Status.FAILED, message="the sample holds two voices")
    old = other("narrator", Status.DEPOSED, voice_id="850087542757535833", deposed_by=ready.external_task_id)
    return State(
        lineage="3b1f8f0e-7f1b-4f83-9a63-52d3cf3e1c11",
        serial=12,
        records={record.external_task_id: record for record in (old, ready, slow, ghost)},
        current={record.address: record.external_task_id for record in (slow, ready, ghost)},
    )
