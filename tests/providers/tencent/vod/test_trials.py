"""How VOD's voices sound: DemoAudio or trial_url in their tasks of 72 hours, and AudioUrl in the list of voices."""

from __future__ import annotations

from datetime import timedelta

import httpx
import pytest

from reconciler.errors import CloudError
from reconciler.model.state import Activation, Status
from reconciler.protocols.provider import Audible
from reconciler.providers.tencent.vod import trials
from tests.providers.tencent.support import body, refusal
from tests.providers.tencent.vod.support import MADE, detail, provider, record
from tests.support.clock import START

SIGNED = "https://x/demo.mp3?Expires=1&Signature=trial-secret"


@pytest.mark.parametrize(
    ("inside", "output", "link"),
    [
        ("CreateAigcCustomVoiceTask", MADE, "https://x/t.mp3"),
        ("CreateAigcAudioCloneTask", {"State": "success", "VoiceId": "v", "DemoAudio": SIGNED}, SIGNED),
        ("CloneVoiceAsyncTask", {"VoiceId": "minimax_1", "DemoAudio": SIGNED, "ExtInfo": "{}"}, SIGNED),
    ],
)
def test_a_task_shows_how_its_voice_sounds(inside: str, output: dict[str, object], link: str) -> None:
    vod, cloud = provider(DescribeTaskDetail=detail(inside, Output=output))
    assert isinstance(vod, Audible)
    made = record(Status.READY, voice_id="829826751")
    assert vod.trials([made]).links == {made.external_task_id: link}
    assert cloud.actions == ["DescribeTaskDetail"]


@pytest.mark.parametrize("demo", ["", None, 5, "javascript:alert(1)", "/relative.mp3"])
def test_what_is_no_web_link_is_no_link(demo: object) -> None:
    vod, _ = provider(DescribeTaskDetail=detail("CreateAigcAudioCloneTask", Output={"VoiceId": "v", "DemoAudio": demo}))
    found = vod.trials([record(Status.READY, voice_id="v")])
    assert (found.links, [*found.why.values()]) == ({}, ["its task shows no recording"])


def test_an_old_task_is_not_asked_for() -> None:
    vod, cloud = provider()
    found = vod.trials([record(Status.READY, voice_id="v", created_at=START - timedelta(hours=73))])
    assert [*found.why.values()] == ["VOD shows how a voice sounds in its task, and tasks only for 72 hours"]
    assert cloud.actions == []


def test_a_listed_voice_is_heard_after_72_hours_too() -> None:
    shown = body(Voices=[{"VoiceId": "minimax_1", "Name": "Mini", "AudioUrl": SIGNED}])
    vod, cloud = provider(DescribeVoices=shown)
    old = record(
        Status.READY,
        voice_id="minimax_1",
        method="clone-minimax",
        activation=Activation.DONE,
        created_at=START - timedelta(days=90),
    )
    assert vod.trials([old]).links == {old.external_task_id: SIGNED}
    assert cloud.actions == ["DescribeVoices"]


def test_two_failures_in_a_row_end_the_questions() -> None:
    vod, cloud = provider(DescribeTaskDetail=refusal("ResourceNotFound"))
    records = [record(Status.READY, voice_id=f"v{n}", key=f"k{n}") for n in range(5)]
    found = vod.trials(records)
    assert (found.links, len(found.why), len(cloud.actions)) == ({}, 5, 2)


def test_only_so_many_tasks_are_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trials, "MOST_TASKS", 2)
    vod, cloud = provider(DescribeTaskDetail=lambda _: detail(SessionId="", Output=MADE))
    records = [record(Status.READY, voice_id=f"v{n}", key=f"k{n}") for n in range(3)]
    found = vod.trials(records)
    assert (len(found.links), len(found.why), len(cloud.actions)) == (2, 1, 2)


def test_an_account_that_cannot_be_reached_is_an_error() -> None:
    vod, _ = provider(DescribeTaskDetail=httpx.ConnectError("no"))
    with pytest.raises(CloudError):
        vod.trials([record(Status.READY, voice_id="v")])
