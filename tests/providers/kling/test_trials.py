"""How Kling's voices sound: the signed `trial_url` of its lists, which reaches nothing but the page that asks."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.errors import CloudError
from reconciler.protocols.provider import Audible
from tests.providers.support import answer, kling_body, record, scripted, task
from tests.support.clock import FakeClock

SIGNED = "https://cdn.klingai.com/n.mp3?signature=trial-secret"


def listed(*voices: dict[str, Any]) -> bytes:
    tasks = [task(f"93080130148630532{n}", task_result={"voices": [voice]}) for n, voice in enumerate(voices)]
    return kling_body(0, data=tasks)


def voice(voice_id: str, trial_url: object = SIGNED) -> dict[str, Any]:
    return {"voice_id": voice_id, "voice_name": "Narrator EN", "trial_url": trial_url, "owned_by": "1002"}


def test_the_link_of_a_voice_is_found_by_its_id_in_one_list() -> None:
    kling, script = scripted(answer(200, listed(voice("1"), voice("2", f"{SIGNED}2"))))
    assert isinstance(kling, Audible)
    found = kling.trials([record(voice_id="2", key="k2"), record(voice_id="1", key="k1")])
    assert found.links == {"k1": SIGNED, "k2": f"{SIGNED}2"}
    assert [request.url.path for request in script.requests] == ["/v1/general/custom-voices"]


def test_official_voices_have_a_list_of_their_own() -> None:
    kling, script = scripted(answer(200, listed(voice("829"))))
    assert kling.trials([record(voice_id="829", method="preset", key="k")]).links == {"k": SIGNED}
    assert [request.url.path for request in script.requests] == ["/v1/general/presets-voices"]


def test_without_a_voice_of_this_account_nothing_is_asked() -> None:
    kling, script = scripted(answer(200, listed()))
    assert kling.trials([record(voice_id=None), record(voice_id="1", account="kling https://elsewhere")]).links == {}
    assert script.requests == []


@pytest.mark.parametrize("link", [None, "", 5, "javascript:alert(1)", "data:audio/mpeg;base64,AAAA", "file:///etc/x"])
def test_what_is_no_web_link_is_no_link(link: object) -> None:
    kling, _ = scripted(answer(200, listed(voice("1", link))))
    assert kling.trials([record(voice_id="1")]).links == {}


def test_a_list_that_cannot_be_read_is_an_error() -> None:
    kling, _ = scripted(answer(500, b"busy"), clock=FakeClock())
    with pytest.raises(CloudError):
        kling.trials([record(voice_id="1")])


def test_a_voice_as_it_is_observed_has_no_link() -> None:
    kling, _ = scripted(answer(200, listed(voice("1"))))
    observed = kling.observe([record(voice_id="1")])
    assert "trial-secret" not in repr(observed)
    assert "trial-secret" not in json.dumps(repr(kling.voices()))
