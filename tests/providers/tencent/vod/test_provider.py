"""MiniMax's voices, which VOD lists after their first use. An unused voice that is missing proves nothing."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from reconciler.errors import CloudError, OutcomeUnknown, Rejected
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Activation, Record, Status
from reconciler.protocols.provider import ByKey, Unknowable
from tests.providers.tencent.support import body, refusal
from tests.providers.tencent.vod.support import KEY, detail, line, page, provider, record, voice

SHOWN: dict[str, Any] = {
    "VoiceId": "minimax_1",
    "Name": "Mini",
    "Description": "",
    "Category": "clone",
    "Gender": "female",
    "Age": None,
    "Languages": ["en"],
    "AudioUrl": "https://x/a.mp3",
    "Labels": ["calm", KEY],
    "Scenes": None,
    "Unheard": {},
}


def listed(*voices: object) -> bytes:
    return body(Voices=list(voices))


def mini(status: Status = Status.READY, activation: Activation | None = Activation.DONE, **fields: Any) -> Record:
    defaults: dict[str, Any] = {"method": "clone-minimax", "voice_id": "minimax_1", "activation": activation}
    return record(status, **(defaults | fields))


def seen(its: Record, **answers: Any) -> Observation:
    vod, _ = provider(**answers)
    return vod.observe([its]).of[KEY]


def test_a_used_voice_is_seen_in_the_list() -> None:
    vod, cloud = provider(DescribeVoices=listed(SHOWN))
    observed = vod.observe([mini()])
    assert observed.of[KEY] == Found(
        remote=RemoteVoice(
            status=TaskStatus.READY, voice_id="minimax_1", voice_name="Mini", external_task_id=KEY, active=True
        )
    )
    assert cloud.asked == [("DescribeVoices", {"SubAppId": "221073", "VoiceType": "clone"})]
    assert (observed.marked, observed.calls) == ((), 1)


def test_a_used_voice_that_two_lists_and_its_own_id_miss_is_gone() -> None:
    vod, cloud = provider(DescribeVoices=listed())
    assert vod.observe([mini()]).of[KEY] == Absent()
    assert [request_body.get("VoiceId") for _, request_body in cloud.asked] == [None, None, "minimax_1"]


@pytest.mark.parametrize("activation", [None, Activation.BEGUN, Activation.USED])
def test_a_voice_without_a_known_use_is_never_absent(activation: Activation | None) -> None:
    vod, cloud = provider(DescribeVoices=listed())
    found = vod.observe([mini(activation=activation)]).of[KEY]
    assert isinstance(found, Unverifiable)
    assert cloud.actions == ["DescribeVoices"]


@pytest.mark.parametrize("activation", [None, Activation.BEGUN, Activation.USED])
def test_a_voice_that_another_client_used_is_active(activation: Activation | None) -> None:
    found = seen(mini(activation=activation), DescribeVoices=listed(SHOWN))
    assert isinstance(found, Found)
    assert found.remote.active


@pytest.mark.parametrize("answer", [body(), body(Voices=5), listed({"Name": "no id"}), refusal("InternalError")])
def test_an_answer_that_is_not_a_list_makes_no_voice_gone(answer: bytes) -> None:
    for its in (mini(), mini(activation=None)):
        found = seen(its, DescribeVoices=answer)
        assert isinstance(found, Unknown)


@pytest.mark.parametrize("answer", [body(Voices=None), body(Voices=[], TotalCount=0)])
def test_an_empty_list_has_several_spellings(answer: bytes) -> None:
    assert seen(mini(), DescribeVoices=answer) == Absent()


def test_a_list_that_misses_an_existing_voice_proves_nothing() -> None:
    other = mini(key="vc-0123abcd-other-deadbeef-1", voice_id="minimax_2")
    vod, _ = provider(
        DescribeVoices=lambda request_body: listed(SHOWN) if request_body.get("VoiceId") == "minimax_1" else listed()
    )
    assert [type(found).__name__ for found in vod.observe([mini(), other]).of.values()] == ["Found", "Unknown"]


def test_a_voice_with_our_marker_that_no_record_has_is_reported() -> None:
    vod, _ = provider(listed=True, DescribeVoices=listed(SHOWN, {"VoiceId": "x", "Labels": "no list"}))
    assert [(v.external_task_id, v.voice_id) for v in vod.observe([]).marked] == [(KEY, "minimax_1")]


def test_an_account_without_such_voices_is_not_listed() -> None:
    vod, cloud = provider()
    assert vod.observe([]).marked == ()
    assert cloud.asked == []


def test_an_unavailable_list_is_not_an_empty_account() -> None:
    vod, _ = provider(listed=True, DescribeVoices=refusal("InternalError"))
    with pytest.raises(CloudError):
        vod.observe([])


def test_a_voice_of_another_account_s_record_is_not_a_surplus() -> None:
    elsewhere = mini(account="tencent-vod https://vod.intl.tencentcloudapi.com 1")
    vod, _ = provider(listed=True, DescribeVoices=listed(SHOWN))
    assert vod.observe([elsewhere]).marked == ()


def test_an_interrupted_clone_is_found_by_its_marker_or_by_its_task() -> None:
    by_marker = seen(mini(Status.INTENDED, None, voice_id=None), DescribeVoices=listed(SHOWN), DescribeTasks=page())
    output = {"VoiceId": "minimax_1"}
    by_task = seen(
        mini(Status.INTENDED, None, voice_id=None),
        DescribeVoices=listed(),
        DescribeTasks=page(line(TaskType="CloneVoiceAsync")),
        DescribeTaskDetail=detail("CloneVoiceAsyncTask", Output=output),
    )
    assert isinstance(by_marker, Found)
    assert isinstance(by_task, Found)
    assert (by_marker.remote.voice_id, by_task.remote.voice_id) == ("minimax_1", "minimax_1")
    assert (by_marker.remote.active, by_task.remote.active) == (True, False)


def test_an_interrupted_clone_that_neither_shows_is_absent() -> None:
    its = mini(Status.INTENDED, None, voice_id=None)
    assert seen(its, DescribeVoices=listed(), DescribeTasks=page()) == Absent()


def test_a_running_clone_is_seen_by_its_task() -> None:
    its = mini(Status.RUNNING, None, voice_id=None)
    found = seen(its, DescribeVoices=listed(), DescribeTasks=page(line(status="PROCESSING")))
    assert isinstance(found, Found)
    assert found.remote.status is TaskStatus.RUNNING


def test_a_tombstone_costs_no_further_look() -> None:
    vod, cloud = provider(DescribeVoices=listed())
    assert vod.observe([mini(Status.DELETED)]).of[KEY] == Absent()
    assert cloud.actions == ["DescribeVoices"]


# -- the first use -----------------------------------------------------------------------------------------------------


def test_after_a_lost_reply_the_list_reports_whether_it_was_used() -> None:
    vod, cloud = provider(TextToSpeechSync=httpx.ReadError("reset"), DescribeVoices=[listed(), listed(SHOWN)])
    begun = mini(activation=Activation.BEGUN)
    with pytest.raises(OutcomeUnknown):
        vod.activate(begun, "Hello.")
    first, second = vod.find(begun), vod.find(begun)
    assert isinstance(first, Unverifiable)
    assert isinstance(second, Found)
    assert second.remote.active
    assert cloud.actions == ["TextToSpeechSync", "DescribeVoices", "DescribeVoices"]
    assert cloud.asked[1][1] == {"SubAppId": "221073", "VoiceType": "clone", "VoiceId": "minimax_1"}


def test_a_filter_that_the_cloud_ignores_shows_no_other_voice() -> None:
    vod, _ = provider(DescribeVoices=listed(SHOWN | {"VoiceId": "minimax_9"}))
    assert isinstance(vod.find(mini(activation=Activation.BEGUN)), Unverifiable)


# -- delete, and the lists for people ----------------------------------------------------------------------------------


def test_deleting_what_is_not_there_says_so() -> None:
    vod, _ = provider(DeleteVoice=refusal("ResourceNotFound"))
    with pytest.raises(Rejected) as caught:
        vod.delete(mini())
    assert caught.value.absent


def test_a_delete_whose_reply_is_lost_is_sent_once() -> None:
    vod, cloud = provider(DeleteVoice=httpx.ReadError("reset"))
    with pytest.raises(OutcomeUnknown):
        vod.delete(mini())
    assert cloud.actions == ["DeleteVoice"]


def test_official_voices_are_those_of_the_system() -> None:
    vod, cloud = provider(DescribeVoices=listed({"VoiceId": "male-1", "Name": "He", "Category": "system"}))
    assert [(v.voice_id, v.voice_name) for v in vod.presets()] == [("male-1", "He")]
    assert cloud.request_body("DescribeVoices") == {"SubAppId": "221073", "VoiceType": "system"}


def test_what_a_cloud_can_not_do_is_data() -> None:
    able = provider()[0].capabilities.methods
    assert [name for name, can in able.items() if can.deletes] == ["clone-minimax", "existing"]
    assert [name for name, can in able.items() if can.updates] == ["clone-minimax"]
    assert [name for name, can in able.items() if can.found == Unknowable()] == ["task"]
    assert [name for name, can in able.items() if can.caller_chooses_id] == ["clone"]
    assert {name for name, can in able.items() if can.found == ByKey(window=252000.0)} == set(able) - {"task"}


def test_a_voice_is_deletable_once_it_was_used() -> None:
    able = provider()[0].capabilities.methods["clone-minimax"]
    deletable = [
        able.can_delete(mini(activation=a)) for a in (None, Activation.BEGUN, Activation.USED, Activation.DONE)
    ]
    assert deletable == [False, False, True, True]


def test_what_is_made_by_no_known_method_is_refused_before_any_call() -> None:
    vod, cloud = provider()
    with pytest.raises(ValueError, match="existing"):
        vod.submit(voice("existing"), KEY)
    assert cloud.asked == []
