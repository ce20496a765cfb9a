"""What every Provider keeps, whatever its cloud: the engine relies on no more than this.

A cloud joins by a `Mount`: a provider, and the hands to set its world from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

import pytest

from reconciler.errors import OutcomeUnknown, Rejected, Throttled
from reconciler.model.accounts import KlingAccount
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, TaskStatus, Unknown
from reconciler.model.state import Record, Status
from reconciler.protocols import Accepted, Provider
from reconciler.providers.kling import KlingProvider
from reconciler.providers.kling_auth import ApiKey
from tests.support.kling_service import Deleted, KlingService, Spoil
from tests.support.manual_clock import START, ManualClock

KEY = "vc-0123abcd-narrator-deadbeef-1"


@dataclass(frozen=True)
class Mount:
    provider: Provider
    voice: Callable[[str], Voice]  # a voice of this name
    finish: Callable[[], None]  # lets the running tasks end
    fail: Callable[[str, str], None]  # tasks of this name fail for this reason
    delete_outside: Callable[[str], None]  # takes a voice_id away so that it can be seen
    lose_reply: Callable[[str], None]  # `create` or `delete`: the next one does its work, and no answer comes
    throttle: Callable[[], None]  # the next create is refused for now
    break_list: Callable[[], None]  # no list can be had any more
    paid: Callable[[], int]  # how many creations the cloud has accepted


@contextmanager
def kling_on_a_socket() -> Iterator[Mount]:
    clock = ManualClock()
    with KlingService(prefix="/gateway", now=lambda: clock.now().timestamp()) as kling:
        kling.task_seconds = 10
        kling.deleted_voices = Deleted.VANISHES
        account = KlingAccount(type="kling", endpoint=kling.url)
        provider = KlingProvider(account, ApiKey(kling.api_key), clock=clock)

        def voice(name: str) -> Voice:
            inputs = {"voice_name": name, "voice_url": "https://cdn.example.com/a.mp3"}
            return Voice(address="narrator", provider="kling", type="kling", method="create", inputs=inputs)

        yield Mount(
            provider=provider,
            voice=voice,
            finish=lambda: clock.pass_(10),
            fail=kling.failing.__setitem__,
            delete_outside=kling.delete_outside,
            lose_reply=lambda operation: kling.spoil(operation, Spoil.REPLY_LOST),
            throttle=lambda: kling.refuse("create", 429, 1302),
            break_list=lambda: kling.refuse("list", 500, 5000, times=100),
            paid=lambda: kling.bought,
        )
        provider.close()


MOUNTS: dict[str, Callable[[], AbstractContextManager[Mount]]] = {"kling on a socket": kling_on_a_socket}


@pytest.fixture(params=list(MOUNTS.values()), ids=list(MOUNTS))
def cloud(request: pytest.FixtureRequest) -> Iterator[Mount]:
    mounted: Callable[[], AbstractContextManager[Mount]] = request.param
    with mounted() as mount:
        yield mount


def record(cloud: Mount, status: Status, **fields: object) -> Record:
    told = {
        "external_task_id": KEY,
        "address": "narrator",
        "provider": "cloud",
        "account": cloud.provider.account,
        "method": "create",
        "generation": 1,
        "status": status,
        "created_at": START,
        "changed_at": START,
        "attempts": 1,
    }
    return Record.model_validate(told | fields)


def begin(cloud: Mount, name: str = "Narrator") -> Record:
    accepted = cloud.provider.submit(cloud.voice(name), KEY)
    assert isinstance(accepted, Accepted)
    return record(cloud, Status.RUNNING, task_id=accepted.task_id)


def make(cloud: Mount) -> Record:
    running = begin(cloud)
    cloud.finish()
    made = cloud.provider.poll([running])[KEY]
    return record(cloud, Status.READY, task_id=running.task_id, voice_id=made.voice_id, voice_name=made.voice_name)


def test_the_account_mark_begins_with_the_type(cloud: Mount) -> None:
    assert cloud.provider.account.startswith(f"{cloud.provider.capabilities.type} ")


def test_a_creation_runs_and_then_is_ready_under_its_key(cloud: Mount) -> None:
    running = begin(cloud)
    assert cloud.provider.poll([running])[KEY].status is TaskStatus.RUNNING
    cloud.finish()
    made = cloud.provider.poll([running])[KEY]
    assert (made.status, made.voice_name) == (TaskStatus.READY, "Narrator")
    assert made.voice_id


def test_a_failed_creation_tells_why(cloud: Mount) -> None:
    cloud.fail("Narrator", "more than one speaker")
    running = begin(cloud)
    cloud.finish()
    ended = cloud.provider.poll([running])[KEY]
    assert (ended.status, ended.message) == (TaskStatus.FAILED, "more than one speaker")


def test_a_key_is_bought_once(cloud: Mount) -> None:
    begin(cloud)
    with pytest.raises(Rejected) as caught:
        begin(cloud)
    assert caught.value.duplicate
    assert cloud.paid() == 1


def test_a_lost_reply_is_unknown_and_then_found_by_its_key(cloud: Mount) -> None:
    cloud.lose_reply("create")
    with pytest.raises(OutcomeUnknown):
        begin(cloud)
    found = cloud.provider.find(record(cloud, Status.INTENDED))
    assert isinstance(found, Found)
    assert found.remote.status is TaskStatus.RUNNING
    assert cloud.paid() == 1


def test_a_throttled_creation_did_not_happen(cloud: Mount) -> None:
    cloud.throttle()
    with pytest.raises(Throttled):
        begin(cloud)
    assert cloud.provider.find(record(cloud, Status.INTENDED)) == Absent()
    assert cloud.paid() == 0


def test_what_was_never_sent_is_absent(cloud: Mount) -> None:
    intended = record(cloud, Status.INTENDED)
    assert cloud.provider.find(intended) == Absent()
    assert cloud.provider.observe([intended]).of == {KEY: Absent()}


def test_a_voice_is_observed_as_it_was_made(cloud: Mount) -> None:
    made = make(cloud)
    observed = cloud.provider.observe([made])
    seen = observed.of[KEY]
    assert isinstance(seen, Found)
    assert (seen.remote.voice_id, seen.remote.voice_name) == (made.voice_id, made.voice_name)
    assert observed.account == cloud.provider.account
    assert observed.calls > 0


def test_a_voice_that_no_record_has_is_told_as_marked(cloud: Mount) -> None:
    make(cloud)
    assert [v.external_task_id for v in cloud.provider.observe([]).marked] == [KEY]


def test_a_voice_deleted_outside_is_absent(cloud: Mount) -> None:
    made = make(cloud)
    cloud.delete_outside(made.voice_id or "")
    assert cloud.provider.observe([made]).of == {KEY: Absent()}


def test_a_list_that_can_not_be_had_makes_nobody_absent(cloud: Mount) -> None:
    made = make(cloud)
    cloud.break_list()
    assert isinstance(cloud.provider.observe([made]).of[KEY], Unknown)


def test_a_deleted_voice_is_absent_and_its_second_delete_says_so(cloud: Mount) -> None:
    made = make(cloud)
    cloud.provider.delete(made)
    assert cloud.provider.observe([made]).of == {KEY: Absent()}
    with pytest.raises(Rejected) as caught:
        cloud.provider.delete(made)
    assert caught.value.absent


def test_a_delete_whose_reply_was_lost_is_unknown_and_was_done(cloud: Mount) -> None:
    made = make(cloud)
    cloud.lose_reply("delete")
    with pytest.raises(OutcomeUnknown):
        cloud.provider.delete(made)
    assert cloud.provider.observe([made]).of == {KEY: Absent()}


def test_every_request_is_counted(cloud: Mount) -> None:
    before = cloud.provider.calls
    begin(cloud)
    assert cloud.provider.calls == before + 1
