"""The outputs for applications: id and status of each voice."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from pydantic_core import to_jsonable_python

from reconciler.model.outputs import Output, OutputStatus, outputs
from reconciler.model.state import Record, State, Status
from reconciler.providers.kling.methods import KlingCreate

WHEN = datetime(2026, 11, 20, tzinfo=UTC)


def state_with(status: Status, *, voice_name: str | None = "Narrator EN") -> State:
    record = Record(
        external_task_id="vc-1",
        address="narrator",
        provider="kling",
        account="kling https://api-singapore.klingai.com",
        method="create",
        generation=1,
        status=status,
        created_at=WHEN,
        changed_at=WHEN,
        sent={"voice_name": "Narrator"},
        labels={"tier": "gold"},
        voice_id="85",
        voice_name=voice_name,
    )
    return State(lineage="l", records={"vc-1": record}, current={"narrator": "vc-1"})


def test_a_ready_voice_is_a_row_of_its_id_name_provider_status_and_labels() -> None:
    assert outputs(state_with(Status.READY), now=WHEN) == {
        "narrator": Output(
            voice_id="85",
            voice_name="Narrator EN",
            provider="kling",
            status=OutputStatus.READY,
            labels={"tier": "gold"},
        )
    }


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (Status.INTENDED, "running"),
        (Status.RUNNING, "running"),
        (Status.READY, "ready"),
        (Status.FAILED, "failed"),
        (Status.UNCERTAIN, "uncertain"),
    ],
)
def test_a_records_status_is_mapped_to_the_status_of_its_output(status: Status, shown: str) -> None:
    assert outputs(state_with(status), now=WHEN)["narrator"].status == shown


@pytest.mark.parametrize("status", [Status.DEPOSED, Status.DELETED, Status.ABANDONED, Status.LAPSED])
def test_ended_records_are_not_outputs(status: Status) -> None:
    assert outputs(state_with(status), now=WHEN) == {}


def test_an_unbound_record_is_not_an_output() -> None:
    assert outputs(state_with(Status.READY).model_copy(update={"current": {}}), now=WHEN) == {}


def test_without_a_name_from_the_cloud_the_declared_name_is_shown() -> None:
    row = outputs(state_with(Status.READY, voice_name=None), now=WHEN)["narrator"]
    assert isinstance(row, Output)
    assert row.voice_name == "Narrator"


def test_rows_are_sorted_by_address() -> None:
    one = state_with(Status.READY)
    both = one.model_copy(update={"current": {"zoe": "vc-1", "adam": "vc-1"}})
    assert list(outputs(both, now=WHEN)) == ["adam", "zoe"]


def a_sound(expires_at: datetime | None) -> State:
    made = state_with(Status.READY, voice_name=None).records["vc-1"]
    sound = replace(
        made,
        address="audio.bang",
        account="tencent-vod https://vod.intl.tencentcloudapi.com 221073",
        method="task",
        voice_id=None,
        url="https://vod.example.com/bang.mp3",
        expires_at=expires_at,
    )
    return State(lineage="l", records={"vc-1": sound}, current={"audio.bang": "vc-1"})


def test_a_sound_is_a_row_of_its_url_file_id_and_end() -> None:
    assert to_jsonable_python(outputs(a_sound(WHEN + timedelta(days=7)), now=WHEN)["audio.bang"]) == {
        "url": "https://vod.example.com/bang.mp3",
        "file_id": None,
        "expires_at": "2026-11-27T00:00:00Z",
        "provider": "kling",
        "status": "ready",
    }


def test_a_sound_past_its_end_is_expired() -> None:
    assert outputs(a_sound(WHEN), now=WHEN)["audio.bang"].status == "expired"


def test_a_voice_whose_cloud_keeps_tasks_for_72_hours_is_unverifiable_after_72_hours() -> None:
    made = state_with(Status.READY).records["vc-1"]
    record = replace(made, account="tencent-vod https://vod.intl.tencentcloudapi.com 221073")
    state = State(lineage="l", records={"vc-1": record}, current={"narrator": "vc-1"})
    assert outputs(state, now=WHEN + timedelta(hours=72))["narrator"].status == "ready"
    assert outputs(state, now=WHEN + timedelta(hours=72, seconds=1))["narrator"].status == "unverifiable"


def test_a_voice_whose_cloud_can_always_be_queried_stays_ready() -> None:
    assert outputs(state_with(Status.READY), now=WHEN + timedelta(days=3650))["narrator"].status == "ready"


def test_the_cloud_says_how_long_a_new_voice_counts_as_proven(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(KlingCreate, "watched", False)
    monkeypatch.setattr(KlingCreate, "proven_for", timedelta(hours=1))
    assert outputs(state_with(Status.READY), now=WHEN + timedelta(hours=1))["narrator"].status == "ready"
    assert outputs(state_with(Status.READY), now=WHEN + timedelta(hours=2))["narrator"].status == "unverifiable"
