"""The contract of every Provider: the engine relies on nothing else.

A cloud joins with a `Mount`: a provider, and functions that change its cloud from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from typing import Any

import pytest

from reconciler.errors import OutcomeUnknown, Rejected, Throttled
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Activation, Record, Status
from reconciler.protocols.provider import Accepted, Activating, Done
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.auth import ApiKey
from reconciler.providers.kling.provider import KlingProvider
from tests.contracts.mount import Mount
from tests.contracts.tencent_mounts import tencent
from tests.support.clock import START, FakeClock
from tests.support.kling_service import Deleted, KlingService, Spoil

KEY = "vc-0123abcd-narrator-deadbeef-1"


@contextmanager
def kling_on_a_socket() -> Iterator[Mount]:
    clock = FakeClock()
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


Mounting = Callable[[], AbstractContextManager[Mount]]

# Clouds that list and delete voices; then those whose tasks show what was made; then all.
LISTING: dict[str, Mounting] = {
    "kling on a socket": kling_on_a_socket,
    "VOD clone with minimax": partial(tencent, "clone-minimax"),
}
TASKS: dict[str, Mounting] = LISTING | {
    "VOD create": partial(tencent, "create"),
    "VOD clone": partial(tencent, "clone"),
}
ALL: dict[str, Mounting] = TASKS | {"TRTC clone": partial(tencent, "trtc")}


def _mounted(mounts: Mapping[str, Mounting]) -> Callable[..., Iterator[Mount]]:
    @pytest.fixture(params=list(mounts.values()), ids=list(mounts))
    def mounted(request: pytest.FixtureRequest) -> Iterator[Mount]:
        mounting: Mounting = request.param
        with mounting() as mount:
            yield mount

    return mounted


lister = _mounted(LISTING)
cloud = _mounted(TASKS)
any_cloud = _mounted(ALL)
unlisted = _mounted({name: mounting for name, mounting in ALL.items() if name not in LISTING})


def record(cloud: Mount, status: Status, **fields: object) -> Record:
    defaults: dict[str, Any] = {
        "external_task_id": KEY,
        "address": "narrator",
        "provider": "cloud",
        "account": cloud.provider.account,
        "method": cloud.method,
        "generation": 1,
        "status": status,
        "created_at": START,
        "changed_at": START,
        "attempts": 1,
    }
    return Record(**(defaults | fields))


def begin(cloud: Mount, name: str = "Narrator") -> Record:
    accepted = cloud.provider.submit(cloud.voice(name), KEY)
    assert isinstance(accepted, Accepted)
    return record(cloud, Status.RUNNING, task_id=accepted.task_id)


def make(cloud: Mount) -> Record:
    """Creates a voice, and pays its first use if its cloud needs one."""
    running = begin(cloud)
    cloud.finish()
    made = cloud.provider.poll([running])[KEY]
    made_fields = {"task_id": running.task_id, "voice_id": made.voice_id, "voice_name": made.voice_name}
    if not cloud.provider.capabilities.methods[cloud.method].activates:
        return record(cloud, Status.READY, **made_fields)
    assert isinstance(cloud.provider, Activating)
    cloud.provider.activate(record(cloud, Status.READY, **made_fields), "Hello.")
    return record(cloud, Status.READY, **made_fields, activation=Activation.DONE)


def test_the_account_mark_begins_with_the_type(any_cloud: Mount) -> None:
    assert any_cloud.provider.account.startswith(f"{any_cloud.voice('Narrator').type} ")


def test_a_creation_runs_and_then_is_ready_under_its_key(cloud: Mount) -> None:
    running = begin(cloud)
    assert cloud.provider.poll([running])[KEY].status is TaskStatus.RUNNING
    cloud.finish()
    made = cloud.provider.poll([running])[KEY]
    assert made.status is TaskStatus.READY
    assert made.voice_id
    assert made.voice_name in ("Narrator", None)


def test_a_failed_creation_shows_the_reason(cloud: Mount) -> None:
    cloud.fail("Narrator", "more than one speaker")
    running = begin(cloud)
    cloud.finish()
    ended = cloud.provider.poll([running])[KEY]
    assert ended.status is TaskStatus.FAILED
    assert ended.message


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
    assert seen.remote.voice_id == made.voice_id
    assert seen.remote.voice_name in (made.voice_name, "Narrator")
    assert observed.account == cloud.provider.account
    assert observed.calls > 0


def test_a_voice_without_a_record_is_reported_as_marked(lister: Mount) -> None:
    make(lister)
    assert [v.external_task_id for v in lister.provider.observe([]).marked] == [KEY]


def test_a_voice_deleted_outside_is_absent(lister: Mount) -> None:
    made = make(lister)
    lister.delete_outside(made.voice_id or "")
    assert lister.provider.observe([made]).of == {KEY: Absent()}


def test_an_unavailable_list_makes_no_voice_absent(lister: Mount) -> None:
    made = make(lister)
    lister.break_list()
    assert isinstance(lister.provider.observe([made]).of[KEY], Unknown)


def test_a_deleted_voice_is_absent_and_its_second_delete_says_so(lister: Mount) -> None:
    made = make(lister)
    lister.provider.delete(made)
    assert lister.provider.observe([made]).of == {KEY: Absent()}
    with pytest.raises(Rejected) as caught:
        lister.provider.delete(made)
    assert caught.value.absent


def test_a_delete_whose_reply_was_lost_is_unknown_and_was_done(lister: Mount) -> None:
    made = make(lister)
    lister.lose_reply("delete")
    with pytest.raises(OutcomeUnknown):
        lister.provider.delete(made)
    assert lister.provider.observe([made]).of == {KEY: Absent()}


def test_every_request_is_counted(any_cloud: Mount) -> None:
    before = any_cloud.provider.calls
    any_cloud.provider.submit(any_cloud.voice("Narrator"), KEY)
    assert any_cloud.provider.calls == before + 1


# -- clouds that list nothing ------------------------------------------------------------------------------------------


def test_a_voice_that_no_list_shows_is_never_absent(unlisted: Mount) -> None:
    made = unlisted.provider.submit(unlisted.voice("Narrator"), KEY)
    unlisted.finish()
    ready = record(unlisted, Status.READY, task_id=made.task_id if isinstance(made, Accepted) else None, voice_id="1")
    unlisted.break_list()
    seen = unlisted.provider.observe([ready]).of[KEY]
    assert isinstance(seen, Unverifiable)


def test_a_synchronous_cloud_answers_with_the_voice_and_settles_nothing() -> None:
    with tencent("trtc") as trtc:
        done = trtc.provider.submit(trtc.voice("Narrator"), KEY)
        assert isinstance(done, Done)
        assert str(done.remote.voice_id).startswith("Narrator_")
        assert trtc.provider.find(record(trtc, Status.INTENDED)) != Absent()


def test_a_synchronous_cloud_whose_reply_is_lost_was_paid_once() -> None:
    with tencent("trtc") as trtc:
        trtc.lose_reply("create")
        with pytest.raises(OutcomeUnknown):
            trtc.provider.submit(trtc.voice("Narrator"), KEY)
        assert trtc.paid() == 1
