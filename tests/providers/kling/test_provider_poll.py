"""Polls read a list or single tasks, whichever needs fewer calls."""

from __future__ import annotations

import pytest

from reconciler.errors import Rejected
from reconciler.model.observed import TaskStatus
from reconciler.model.state import Record, Status
from reconciler.protocols.provider import Accepted
from reconciler.providers.kling.provider import KlingProvider
from tests.providers.support import answer, kling_body, record, scripted, task, voice
from tests.support.clock import FakeClock
from tests.support.kling_rules import empty, hiding, newest_first
from tests.support.kling_service import Deleted, KlingService


def begun(provider: KlingProvider, count: int) -> list[Record]:
    records = []
    for n in range(count):
        key = f"vc-0123abcd-v{n}-deadbeef-1"
        accepted = provider.submit(voice(voice_name=f"v{n}"), key)
        assert isinstance(accepted, Accepted)
        records.append(record(Status.RUNNING, key=key, account=provider.account, task_id=accepted.task_id))
    return records


def test_one_list_serves_many(kling: KlingService, provider: KlingProvider, clock: FakeClock) -> None:
    kling.task_seconds = 10
    pending = begun(provider, 20)
    assert {v.status for v in provider.poll(pending).values()} == {TaskStatus.RUNNING}
    clock.pass_(10)
    seen = provider.poll(pending)
    assert {v.status for v in seen.values()} == {TaskStatus.READY}
    assert set(seen) == {r.external_task_id for r in pending}
    assert (kling.count("list"), kling.count("get")) == (2, 0)


def test_one_task_is_looked_up_by_its_key(kling: KlingService, provider: KlingProvider) -> None:
    pending = begun(provider, 1)
    assert [v.status for v in provider.poll(pending).values()] == [TaskStatus.READY]
    assert (kling.count("list"), kling.count("get")) == (0, 1)


def test_few_tasks_of_a_long_list_are_looked_up_one_by_one(kling: KlingService, provider: KlingProvider) -> None:
    kling.add_foreign(*(f"f{n}" for n in range(2500)))
    provider.observe([])
    pending = begun(provider, 3)
    before = kling.count("list")
    assert len(provider.poll(pending)) == 3
    assert (kling.count("list") - before, kling.count("get")) == (0, 3)


def test_a_list_is_left_as_soon_as_all_are_seen(kling: KlingService, provider: KlingProvider) -> None:
    kling.add_foreign(*(f"f{n}" for n in range(2500)))
    kling.listing = newest_first
    pending = begun(provider, 5)
    assert len(provider.poll(pending)) == 5
    assert kling.count("list") == 1


def test_a_poll_learns_how_long_the_list_is(kling: KlingService, provider: KlingProvider) -> None:
    kling.add_foreign(*(f"f{n}" for n in range(2500)))
    pending = begun(provider, 3)
    provider.poll(pending)
    provider.poll(pending)
    assert (kling.count("list"), kling.count("get")) == (3, 3)


def test_a_failed_task_is_reported_with_its_reason(kling: KlingService, provider: KlingProvider) -> None:
    kling.failing["v0"] = "the audio has more than one voice"
    seen = provider.poll(begun(provider, 2))
    assert {v.status: v.message for v in seen.values()} == {
        TaskStatus.FAILED: "the audio has more than one voice",
        TaskStatus.READY: None,
    }


def test_what_the_list_does_not_show_is_left_out(kling: KlingService, provider: KlingProvider) -> None:
    pending = begun(provider, 2)
    kling.listing = hiding("v0")
    assert set(provider.poll(pending)) == {"vc-0123abcd-v1-deadbeef-1"}
    kling.listing = empty
    assert provider.poll(pending) == {}


def test_a_cloud_that_fails_leaves_all_out(kling: KlingService, provider: KlingProvider) -> None:
    pending = begun(provider, 2)
    kling.refuse("list", 500, 5000, times=4)
    kling.refuse("get", 500, 5000, times=4)
    assert provider.poll(pending) == {}
    assert provider.poll(pending[:1]) == {}


def test_a_permanent_refusal_is_raised(kling: KlingService, provider: KlingProvider) -> None:
    pending = begun(provider, 2)
    kling.refuse("list", 429, 1101)
    kling.refuse("get", 429, 1101)
    with pytest.raises(Rejected):
        provider.poll(pending)
    with pytest.raises(Rejected):
        provider.poll(pending[:1])


def test_success_without_a_voice_is_waited_for(kling: KlingService, provider: KlingProvider) -> None:
    kling.deleted_voices = Deleted.EMPTIED
    pending = begun(provider, 2)
    kling.delete_outside(next(iter(kling.voices)))
    assert [v.status for v in provider.poll(pending).values()] == [TaskStatus.RUNNING, TaskStatus.READY]


def test_a_voice_that_was_deleted_while_we_waited_is_not_waited_for(
    kling: KlingService, provider: KlingProvider
) -> None:
    kling.deleted_voices = Deleted.FLAGGED
    pending = begun(provider, 2)
    kling.delete_outside(next(iter(kling.voices)))
    assert [v.status for v in provider.poll(pending).values()] == [TaskStatus.FAILED, TaskStatus.READY]


def test_polling_nothing_makes_no_call(kling: KlingService, provider: KlingProvider) -> None:
    assert provider.poll([]) == {}
    assert kling.calls == []


def test_a_poll_reads_past_pages_that_are_capped_and_stops_where_all_are_seen() -> None:
    keys = [f"vc-0123abcd-v{n}-deadbeef-1" for n in range(6)]
    tasks = [task(str(n), "processing", task_info={"external_task_id": key}) for n, key in enumerate(keys)]
    pages = [answer(200, kling_body(0, data=tasks[start : start + 2])) for start in (0, 2, 4)]
    provider, script = scripted(*pages)
    pending = [record(Status.RUNNING, key=key, task_id=str(n)) for n, key in enumerate(keys)]
    assert set(provider.poll(pending[:4])) == set(keys[:4])
    assert len(script.requests) == 2
