"""The limits of declared values, tested at the documented values."""

from __future__ import annotations

import pytest
from pydantic import ValidationError

from reconciler.model.manifest import Lifecycle
from reconciler.model.method import KeyClass
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.methods import KlingCreate, Preset


@pytest.mark.parametrize(
    "url",
    [
        "https://cdn.example.com/a.mp3",
        "HTTP://CDN.example.com:8080/a.WAV",
        "https://cdn.example.com/a.mov?sign=x.exe",
        "https://cdn.example.com/a.v2/take",
        "https://cdn.example.com/download?id=3",
        "https://[2001:db8::1]/a.mp4",
        "https://例え.example/声.mp3",
    ],
)
def test_these_are_samples(url: str) -> None:
    assert KlingCreate(voice_name="A", voice_url=url).voice_url == url


@pytest.mark.parametrize(
    "url",
    [
        "",
        "cdn.example.com/a.mp3",
        "ftp://cdn.example.com/a.mp3",
        "https:///a.mp3",
        "https://:80/a.mp3",
        "https://h.example.com:99999/a.mp3",
        "https://[::1/a.mp3",
        "https://h.example.com/a b.mp3",
        " https://h.example.com/a.mp3",
        "https://h.example.com/a.ogg",
        "https://h.example.com/a.exe?x=.mp3",
        "https://h.example.com/" + "a" * 8192,
    ],
)
def test_these_are_none_that_kling_takes(url: str) -> None:
    with pytest.raises(ValidationError):
        KlingCreate(voice_name="A", voice_url=url)


@pytest.mark.parametrize(
    ("text", "seconds"), [("30", 30), ("30s", 30), ("5m", 300), ("24h", 86400), ("7d", 604800), ("1.5 h", 5400)]
)
def test_a_duration_is_seconds_or_has_a_unit(text: str, seconds: float) -> None:
    assert Lifecycle.model_validate({"keep_old": text}).keep_old == seconds


@pytest.mark.parametrize("text", ["-1", "1w", "h", "", "1e9", "٣", "9" * 400, "3651d", "nan", "inf"])
def test_these_are_not_durations(text: str) -> None:
    with pytest.raises(ValidationError):
        Lifecycle.model_validate({"keep_old": text})


@pytest.mark.parametrize("voice_id", ["", "829x", "-1", "1" * 65, "１２", "1\n"])
def test_a_voice_id_is_1_to_64_ascii_digits(voice_id: str) -> None:
    with pytest.raises(ValidationError):
        Preset(voice_id=voice_id)


def test_only_the_callback_is_request_only() -> None:
    classes = {key: KlingCreate.class_of(key) for key in KlingCreate.model_fields}
    assert classes == {
        "voice_name": KeyClass.IDENTITY,
        "voice_url": KeyClass.IDENTITY,
        "video_id": KeyClass.IDENTITY,
        "callback_url": KeyClass.REQUEST_ONLY,
    }


def test_a_fault_between_keys_is_known_before_their_values_are() -> None:
    assert KlingCreate.fault(["voice_name", "video_id"]) is None
    assert KlingCreate.fault(["voice_url", "video_id"]) == (
        "exactly one of voice_url and video_id is needed, both are given"
    )


def test_an_endpoint_takes_the_place_of_a_region() -> None:
    assert KlingAccount(type="kling", endpoint="https://proxy.example.com/kling").region == "singapore"
    with pytest.raises(ValidationError):
        KlingAccount(type="kling", region="singapore", endpoint="https://proxy.example.com")
