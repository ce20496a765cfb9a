"""Dearer looks: which voices are in question, what they take, and what is made of their answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import pytest

from reconciler.engine.cloud import Cloud
from reconciler.engine.probe import Probe, probing
from reconciler.errors import Declined
from reconciler.model.observed import (
    Absent,
    Found,
    Observation,
    Observations,
    RemoteVoice,
    TaskStatus,
    Unknown,
    Unverifiable,
)
from reconciler.model.state import Record, State, Status
from reconciler.protocols.provider import Capabilities, ProbeCost
from tests.engine.used_cloud import UsedCloud

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
ACCOUNT = UsedCloud.account
THERE = Found(remote=RemoteVoice(status=TaskStatus.READY, voice_id="1", voice_name="Listed"))
SPOKEN = Found(remote=RemoteVoice(status=TaskStatus.READY, voice_id="1"))
NEVER = Unverifiable(why="it has no list")
SILENT = Unknown(why="the reply was lost")


class ProbedCloud(UsedCloud):
    """Answers every probe with what it was told."""

    def __init__(self, answer: Observation = SPOKEN, *, look: ProbeCost | None = None) -> None:
        super().__init__()
        self.capabilities = Capabilities(methods={}, probe=look or ProbeCost(call="TTS"))
        self._finds = answer
        self.probed: list[str] = []

    def probe(self, records: Sequence[Record]) -> Mapping[str, Observation]:
        self.probed += [r.address for r in records]
        return {r.external_task_id: self._finds for r in records}


def record(address: str, status: Status = Status.READY, **fields: object) -> Record:
    defaults: dict[str, Any] = {
        "external_task_id": f"key-{address}",
        "address": address,
        "provider": "trtc",
        "account": ACCOUNT,
        "method": "clone",
        "generation": 1,
        "status": status,
        "created_at": NOW,
        "changed_at": NOW,
        "voice_id": "1",
    }
    return Record(**(defaults | fields))


def looked(
    cloud: UsedCloud, *records: Record, seen: Observation = NEVER, refuse: bool = False
) -> tuple[Mapping[str, Observation], list[Probe], list[str]]:
    state = State(lineage="l").with_changes(records, current={r.address: r.external_task_id for r in records})
    before = Observations(account=ACCOUNT, of={r.external_task_id: seen for r in records})
    told: tuple[list[Probe], list[str]] = ([], [])

    def consent(probes: Sequence[Probe], without: Sequence[str]) -> None:
        told[0].extend(probes)
        told[1].extend(without)
        if refuse:
            raise Declined("no")

    after = probing(consent)(state, {"trtc": Cloud(name="trtc", provider=cloud, quota="q")}, {"trtc": before})
    return after["trtc"].of, *told


def test_a_voice_that_no_list_shows_is_looked_up() -> None:
    cloud = ProbedCloud(Absent())
    of, probes, _ = looked(cloud, record("concierge"))
    assert of == {"key-concierge": Absent()}
    assert [(p.provider, p.calls, len(p.records)) for p in probes] == [("trtc", 1, 1)]


@pytest.mark.parametrize(("voices", "calls"), [(1, 1), (20, 1), (21, 2), (40, 2)])
def test_calls_are_counted_before_they_are_made(voices: int, calls: int) -> None:
    cloud = ProbedCloud(look=ProbeCost(call="GET /tasks", voices=20))
    _, probes, _ = looked(cloud, *(record(f"v{n}") for n in range(voices)))
    assert [probe.calls for probe in probes] == [calls]


def test_no_paid_probe_is_made_before_a_confirmation() -> None:
    cloud = ProbedCloud()
    with pytest.raises(Declined):
        looked(cloud, record("concierge"), refuse=True)
    assert cloud.probed == []


def test_only_voices_that_should_exist_are_looked_up() -> None:
    cloud = ProbedCloud()
    looked(
        cloud,
        record("ready"),
        record("running", Status.RUNNING),
        record("failed", Status.FAILED),
        record("uncertain", Status.UNCERTAIN),
        record("sound", voice_id=None),
        record("official", method="preset"),
        record("elsewhere", account="another"),
        record("other", provider="kling"),
    )
    assert cloud.probed == ["ready"]


def test_what_is_known_to_be_gone_is_not_looked_up() -> None:
    cloud = ProbedCloud()
    assert looked(cloud, record("concierge"), seen=Absent())[1] == []
    assert cloud.probed == []


@pytest.mark.parametrize(
    ("before", "answer", "after"),
    [
        (THERE, Absent(), Absent()),
        (THERE, SPOKEN, THERE),
        (THERE, SILENT, THERE),
        (NEVER, SPOKEN, SPOKEN),
        (NEVER, SILENT, SILENT),
        (SILENT, Absent(), Absent()),
    ],
)
def test_what_is_made_of_an_answer(before: Observation, answer: Observation, after: Observation) -> None:
    assert looked(ProbedCloud(answer), record("concierge"), seen=before)[0] == {"key-concierge": after}


def test_a_cloud_without_a_dearer_look_is_named() -> None:
    assert looked(UsedCloud(), record("mini")) == ({"key-mini": NEVER}, [], ["trtc"])
