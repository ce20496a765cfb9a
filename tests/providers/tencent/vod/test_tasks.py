"""VOD's list of tasks: it resolves lost creations by their SessionId, and nothing else does."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected
from reconciler.model.observed import Absent, Found, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Status
from tests.providers.tencent.support import body, refusal
from tests.providers.tencent.vod.support import KEY, MADE, TASK, detail, line, look, made, page, provider, record, voice
from tests.support.clock import FakeClock

HOUR = 3600.0
OTHERS = [
    line("221073-AigcVideoTask-1t", "PROCESSING", key="", TaskType="AigcVideoTask"),
    line("221073-Procedure-2t", "FINISH", key="somebody's", TaskType="Procedure"),
    line("221073-EditMedia-3t", "ABORTED", key=None, TaskType="EditMedia"),
    line("221073-Novel-4t", None, key="x", TaskType=None, CreateTime=None, Unheard={"of": 1}),
]


# -- interrupted creations ---------------------------------------------------------------------------------------------


def test_a_lost_creation_is_found_by_its_session_id_among_other_people_s_tasks() -> None:
    vod, cloud = provider(DescribeTasks=page(*OTHERS, line()), DescribeTaskDetail=made())
    found = vod.find(record(Status.INTENDED))
    assert isinstance(found, Found)
    assert (found.remote.voice_id, found.remote.task_id) == ("829826751", TASK)
    assert cloud.asked[0] == (
        "DescribeTasks",
        {"SubAppId": 221073, "Limit": 100, "Sort": {"Field": "CreateTime", "Order": "Desc"}},
    )
    assert cloud.request_body("DescribeTaskDetail") == {"TaskId": TASK, "SubAppId": 221073}


@pytest.mark.parametrize("status", ["WAITING", "PROCESSING", "SOMETHING", None])
def test_a_lost_creation_whose_task_is_not_over_runs(status: object) -> None:
    vod, _ = provider(DescribeTasks=page(line(status=status)))
    running = RemoteVoice(status=TaskStatus.RUNNING, task_id=TASK, external_task_id=KEY)
    assert vod.find(record(Status.INTENDED)) == Found(remote=running)


def test_what_was_never_sent_is_absent_after_the_whole_list() -> None:
    vod, cloud = provider(DescribeTasks=[page(*OTHERS, token="t1"), page(token="t2"), page(token="")])
    assert vod.find(record(Status.INTENDED)) == Absent()
    assert [request_body.get("ScrollToken") for _, request_body in cloud.asked] == [None, "t1", "t2"]


@pytest.mark.parametrize("answer", [body(TaskSet=None), body(TaskSet=[], ScrollToken=None), page()])
def test_a_list_of_nothing_has_several_spellings(answer: bytes) -> None:
    vod, _ = provider(DescribeTasks=answer)
    assert vod.find(record(Status.INTENDED)) == Absent()


@pytest.mark.parametrize("answer", [body(), body(TaskSet=5), body(TaskSet=[{}]), page(token=7), b"<html>"])
def test_an_answer_that_is_not_a_list_makes_nothing_absent(answer: bytes) -> None:
    vod, _ = provider(DescribeTasks=answer)
    assert isinstance(vod.find(record(Status.INTENDED)), Unknown)


def test_an_error_on_the_second_page_makes_nothing_absent() -> None:
    vod, _ = provider(DescribeTasks=[page(*OTHERS, token="t1"), refusal("InternalError")])
    found = vod.find(record(Status.INTENDED))
    assert isinstance(found, Unknown)
    assert "InternalError" in found.why


def test_what_the_first_page_showed_counts_though_the_second_can_not_be_read() -> None:
    other = record(Status.INTENDED, key="vc-0123abcd-other-deadbeef-1")
    vod, _ = provider(DescribeTasks=[page(line(), token="t1"), refusal("InternalError")], DescribeTaskDetail=made())
    of = vod.observe([record(Status.INTENDED), other]).of
    assert isinstance(of[KEY], Found)
    assert isinstance(of[other.external_task_id], Unknown)


def test_a_read_that_fails_once_is_repeated() -> None:
    vod, _ = provider(DescribeTasks=[httpx.ReadError("reset"), page(line())], DescribeTaskDetail=made())
    assert isinstance(vod.find(record(Status.INTENDED)), Found)


def test_what_stops_every_call_is_raised() -> None:
    vod, _ = provider(DescribeTasks=refusal("AuthFailure.SecretIdNotFound"))
    with pytest.raises(Rejected) as caught:
        vod.observe([record(Status.INTENDED)])
    assert caught.value.systemic


def test_a_scroll_that_goes_round_makes_nothing_absent() -> None:
    vod, cloud = provider(DescribeTasks=page(*OTHERS, token="t1"))
    found = vod.find(record(Status.INTENDED))
    assert isinstance(found, Unknown)
    assert "the pages repeat" in found.why
    assert len(cloud.asked) < 5


def test_a_scroll_that_keeps_its_token_is_read_to_its_end() -> None:
    pages = [page(line(f"t-{n}", key="x"), token="always") for n in range(3)]
    vod, _ = provider(DescribeTasks=[*pages, page(line())], DescribeTaskDetail=made())
    assert isinstance(vod.find(record(Status.INTENDED)), Found)


def test_the_list_is_left_once_all_are_seen() -> None:
    vod, cloud = provider(DescribeTasks=page(line(), token="t1"), DescribeTaskDetail=made())
    vod.find(record(Status.INTENDED))
    assert cloud.actions == ["DescribeTasks", "DescribeTaskDetail"]


def test_of_two_tasks_with_one_key_the_one_with_a_voice_counts() -> None:
    def answer(body: dict[str, Any]) -> bytes:
        return made() if body["TaskId"] == "first" else detail(ErrCodeExt="FailedOperation", Message="duplicate")

    vod, _ = provider(DescribeTasks=page(line("second"), line("first")), DescribeTaskDetail=answer)
    found = vod.find(record(Status.INTENDED))
    assert isinstance(found, Found)
    assert (found.remote.status, found.remote.task_id) == (TaskStatus.READY, "first")


def test_a_second_sending_that_failed_gives_way_to_what_the_first_one_made() -> None:
    def answer(body: dict[str, Any]) -> bytes:
        return made() if body["TaskId"] == "first" else detail(ErrCodeExt="FailedOperation", Message="duplicate")

    vod, _ = provider(DescribeTasks=page(line("second"), line("first")), DescribeTaskDetail=answer)
    seen = vod.poll([record(task_id="second", attempts=2)])[KEY]
    assert (seen.status, seen.task_id, seen.voice_id) == (TaskStatus.READY, "first", "829826751")


def test_a_failed_first_sending_is_not_looked_up() -> None:
    vod, cloud = provider(DescribeTaskDetail=detail(ErrCodeExt="FailedOperation", Message="no"))
    assert vod.poll([record()])[KEY].status is TaskStatus.FAILED
    assert cloud.actions == ["DescribeTaskDetail"]


# -- what other states made --------------------------------------------------------------------------------------------


def test_tasks_report_what_was_made_under_markers_that_no_record_has() -> None:
    tasks = page(
        line("t1", "FINISH", key="vc-ffffffff-hero-deadbeef-1"),
        line("t2", "PROCESSING", key="vc-ffffffff-other-deadbeef-1"),
        line("t3", "FINISH", key="vc-0123abcd-known-deadbeef-1"),
        *OTHERS,
    )
    vod, cloud = provider(DescribeTasks=tasks, DescribeTaskDetail=detail(Output=MADE, SessionId=None))
    hero, other = vod.recent_tasks({"vc-0123abcd-known-deadbeef-1"})
    assert (hero.status, hero.voice_id, hero.external_task_id) == (
        TaskStatus.READY,
        "829826751",
        "vc-ffffffff-hero-deadbeef-1",
    )
    assert other == RemoteVoice(
        status=TaskStatus.RUNNING, task_id="t2", external_task_id="vc-ffffffff-other-deadbeef-1"
    )
    assert cloud.actions == ["DescribeTasks", "DescribeTaskDetail"]


def test_what_another_state_made_exists_though_its_task_can_not_be_queried() -> None:
    vod, _ = provider(
        DescribeTasks=page(line("t1", "FINISH", key="vc-ffffffff-hero-deadbeef-1")),
        DescribeTaskDetail=refusal("InternalError"),
    )
    (hero,) = vod.recent_tasks(())
    assert (hero.status, hero.task_id) == (TaskStatus.RUNNING, "t1")


def test_an_incomplete_list_of_tasks_is_not_an_empty_list() -> None:
    vod, _ = provider(DescribeTasks=[page(*OTHERS, token="t1"), refusal("InternalError")])
    with pytest.raises(CloudError):
        vod.recent_tasks(())


# -- lists that prove nothing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.RUNNING, Status.READY, Status.ABANDONED, Status.FAILED])
def test_a_list_that_lacks_an_accepted_task_makes_nothing_absent(status: Status) -> None:
    other = record(status, key="vc-0123abcd-other-deadbeef-1", task_id="accepted")
    vod, _ = provider(DescribeTasks=page(*OTHERS), DescribeTaskDetail=detail(status="PROCESSING", SessionId=None))
    found = look(vod, record(Status.INTENDED), other)
    assert isinstance(found, Unknown)


def test_a_list_that_never_shows_such_tasks_is_no_way_to_settle_anything() -> None:
    clock = FakeClock()
    clock.pass_(HOUR)
    other = record(Status.READY, key="vc-0123abcd-other-deadbeef-1", task_id="accepted", voice_id="1")
    vod, _ = provider(clock, DescribeTasks=page(*OTHERS))
    found = look(vod, record(Status.INTENDED), other)
    assert isinstance(found, Unverifiable)


def test_a_list_that_lacks_what_this_run_sent_makes_nothing_absent() -> None:
    vod, _ = provider(CreateAigcCustomVoice=body(TaskId="accepted"), DescribeTasks=page(*OTHERS))
    vod.submit(voice(video_id="1"), "vc-0123abcd-other-deadbeef-1")
    assert isinstance(vod.find(record(Status.INTENDED)), Unknown)


def test_a_task_may_be_shown_late_so_a_lost_reply_is_not_absent_at_once() -> None:
    clock = FakeClock()
    vod, _ = provider(clock, CreateAigcCustomVoice=httpx.ReadError("reset"), DescribeTasks=page(*OTHERS))
    with pytest.raises(OutcomeUnknown):
        vod.submit(voice(video_id="1"), KEY)
    assert isinstance(vod.find(record(Status.INTENDED)), Unknown)
    clock.pass_(5)
    assert vod.find(record(Status.INTENDED)) == Absent()


# -- what is older -----------------------------------------------------------------------------------------------------


def aged(hours: float) -> FakeClock:
    clock = FakeClock()
    clock.pass_(hours * HOUR)
    return clock


def test_after_72_hours_an_interrupted_creation_is_unverifiable() -> None:
    vod, _ = provider(aged(72.01), DescribeTasks=page())
    found = vod.find(record(Status.INTENDED))
    assert isinstance(found, Unverifiable)


@pytest.mark.parametrize("status", [Status.READY, Status.DEPOSED, Status.ABANDONED])
def test_past_72_hours_a_voice_is_unverifiable_and_no_call_is_made(status: Status) -> None:
    vod, cloud = provider(aged(73))
    seen = look(vod, record(status, voice_id="829826751", voice_name="myVoice"))
    assert isinstance(seen, Unverifiable)
    assert cloud.asked == []


def test_within_72_hours_a_voice_is_seen_by_its_task() -> None:
    vod, cloud = provider(DescribeTasks=page(line()))
    seen = look(vod, record(Status.READY, voice_id="829826751", voice_name="myVoice"))
    assert isinstance(seen, Found)
    assert (seen.remote.voice_id, seen.remote.voice_name) == ("829826751", "myVoice")
    assert cloud.actions == ["DescribeTasks"]


def test_a_voice_whose_task_is_not_shown_is_unverifiable_never_gone() -> None:
    vod, _ = provider(DescribeTasks=page())
    seen = look(vod, record(Status.READY, voice_id="829826751"))
    assert isinstance(seen, Unverifiable)


@pytest.mark.parametrize("task_id", [TASK, None])
def test_an_abandoned_creation_without_its_voice_id_is_seen_by_its_task(task_id: str | None) -> None:
    vod, _ = provider(DescribeTasks=page(line()), DescribeTaskDetail=made())
    seen = look(vod, record(Status.ABANDONED, task_id=task_id))
    assert isinstance(seen, Found)
    assert seen.remote.voice_id == "829826751"


@pytest.mark.parametrize("code", ["InvalidParameterValue.TaskId", "ResourceNotFound", "InvalidParameterValue"])
def test_a_task_that_ran_past_72_hours_is_unverifiable(code: str) -> None:
    vod, _ = provider(aged(73), DescribeTaskDetail=refusal(code))
    seen = look(vod, record(Status.RUNNING))
    assert isinstance(seen, Unverifiable)


def test_an_accepted_task_that_the_cloud_does_not_know_is_never_absent() -> None:
    vod, _ = provider(DescribeTasks=page(), DescribeTaskDetail=refusal("InvalidParameterValue.TaskId"))
    seen = look(vod, record(Status.RUNNING))
    assert isinstance(seen, Unknown)


# -- tasks that run ----------------------------------------------------------------------------------------------------


def test_one_task_is_looked_up_by_its_id() -> None:
    vod, cloud = provider(DescribeTaskDetail=detail(status="PROCESSING"))
    assert vod.poll([record()])[KEY].status is TaskStatus.RUNNING
    assert cloud.actions == ["DescribeTaskDetail"]


def test_many_tasks_are_polled_in_bulk_and_each_is_read_once_it_is_over() -> None:
    keys = [f"vc-0123abcd-v{n}-deadbeef-1" for n in range(40)]
    tasks = [line(f"t{n}", "FINISH" if n == 7 else "PROCESSING", key=key) for n, key in enumerate(keys)]
    vod, cloud = provider(DescribeTasks=page(*tasks), DescribeTaskDetail=detail(Output=MADE, SessionId=keys[7]))
    seen = vod.poll([record(key=key, task_id=f"t{n}") for n, key in enumerate(keys)])
    assert cloud.actions == ["DescribeTasks", "DescribeTaskDetail"]
    assert [key for key, remote in seen.items() if remote.status is TaskStatus.READY] == [keys[7]]
    assert len(seen) == 40


def test_few_tasks_are_not_searched_through_many_pages() -> None:
    pages = [page(*(line(f"x{n}-{i}", key="") for i in range(100)), token=f"t{n}") for n in range(9)]
    vod, cloud = provider(DescribeTasks=pages, DescribeTaskDetail=detail(status="PROCESSING", SessionId=None))
    records = [record(key=f"vc-0123abcd-v{n}-deadbeef-1", task_id=f"t{n}") for n in range(3)]
    assert len(vod.poll(records)) == 3
    assert cloud.actions == ["DescribeTasks"] * 3 + ["DescribeTaskDetail"] * 3


def test_an_unavailable_list_does_not_stop_the_polling() -> None:
    vod, _ = provider(DescribeTasks=refusal("InternalError"), DescribeTaskDetail=detail(status="PROCESSING"))
    assert KEY in vod.poll([record(), record(key="vc-0123abcd-v-deadbeef-1", task_id="t2")])


def test_a_cloud_that_answers_nothing_is_not_asked_about_every_task() -> None:
    vod, cloud = provider(DescribeTasks=refusal("InternalError"), DescribeTaskDetail=refusal("InternalError"))
    assert vod.poll([record(key=f"vc-0123abcd-v{n}-deadbeef-1", task_id=f"t{n}") for n in range(50)]) == {}
    assert cloud.actions.count("DescribeTaskDetail") == 8  # two records, four tries each


def test_a_wrong_task_id_does_not_take_another_record_s_voice() -> None:
    theirs = line(TASK, "FINISH", key="vc-0123abcd-theirs-deadbeef-1")
    vod, _ = provider(DescribeTasks=page(theirs, line("own", "PROCESSING")), DescribeTaskDetail=made())
    seen = look(vod, record(Status.RUNNING, task_id=TASK))
    assert isinstance(seen, Found)
    assert (seen.remote.task_id, seen.remote.status) == ("own", TaskStatus.RUNNING)


# -- sounds, which carry no key ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [Status.INTENDED, Status.UNCERTAIN])
def test_a_sound_whose_reply_was_lost_is_unverifiable(status: Status) -> None:
    vod, cloud = provider()
    intended = record(status, method="task", task_id=None)
    for seen in (vod.find(intended), look(vod, intended)):
        assert isinstance(seen, Unverifiable)
    assert cloud.asked == []


def test_a_sound_that_runs_is_looked_up_by_its_id() -> None:
    vod, cloud = provider(DescribeTaskDetail=detail("AigcAudioTask", status="PROCESSING", SessionId=None))
    seen = look(vod, record(Status.RUNNING, method="task"))
    assert isinstance(seen, Found)
    assert cloud.actions == ["DescribeTaskDetail"]


def test_a_record_of_another_account_is_not_looked_for() -> None:
    vod, cloud = provider()
    seen = look(vod, record(Status.INTENDED, account="tencent-vod https://vod.intl.tencentcloudapi.com 1"))
    assert isinstance(seen, Unknown)
    assert cloud.asked == []
