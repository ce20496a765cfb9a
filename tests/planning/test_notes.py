"""Tests the notes that a plan makes before voices are paid for."""

from __future__ import annotations

from typing import Any

import pytest

from tests.planning import cases

NEAR = "http://10.0.0.5/a.mp3"
OUT_OF_REACH = "voice_url: Kling can't reach 10.0.0.5, a private address; use a public URL"


def notes(voices: dict[str, Any], *records: str) -> tuple[str, ...]:
    """The notes of a plan. `records`, such as `narrator@1`, are ready and have the declared inputs."""
    made = {name: {"status": "ready", **voices[name.partition("@")[0]]} for name in records}
    return cases.plan({"providers": dict.fromkeys(("kling", "vod", "trtc")), "voices": voices, "records": made}).notes


def of(link: str) -> dict[str, Any]:
    return {"create": {"voice_url": link}}


def test_a_link_that_its_cloud_can_t_reach_is_noted_before_it_is_paid_for() -> None:
    assert notes({"hero": of(NEAR)}) == (f"hero: {OUT_OF_REACH}",)


def test_what_is_true_of_thirty_is_one_note() -> None:
    thirty = {f"line{n:02}": {"create": {"voice_name": f"Line {n}", "voice_url": NEAR}} for n in range(30)}
    assert f"line00, line01, line02, line03, line04 and 25 more: {OUT_OF_REACH}" in notes(thirty)


def test_a_voice_that_exists_no_longer_needs_its_link() -> None:
    assert notes({"hero": of(NEAR)}, "hero@1") == ()


# -- a sample that several addresses share -----------------------------------------------------------------------------

LINK = "https://cdn.example.com/a.mp3"
PAID = "if that is a mistake, change one of them before it is paid for"


def minimax(**audio: str) -> dict[str, Any]:
    return {"provider": "vod", "clone": {"model": "minimax", "audio": audio, "activate": {"text": "Hi."}}}


def vidu(voice_id: str, **audio: str) -> dict[str, Any]:
    return {"provider": "vod", "clone": {"voice_id": voice_id, "audio": audio, "text": "Hi.", "voice_name": None,
                                         "prompt_audio": {"file_id": "same"}}}  # fmt: skip


def trtc(file: str, sha256: str, **more: str) -> dict[str, Any]:
    return {"provider": "trtc", "clone": {"prompt_audio": {"file": file, "sha256": sha256}, **more}}


SHARED: dict[str, tuple[dict[str, Any], dict[str, Any], str]] = {
    "the same link": (of(LINK), of(LINK), f"voice_url: {LINK}"),
    "a link signed twice": (
        of(f"{LINK}?X-Amz-Signature=a&X-Amz-Date=1"), of(f"{LINK}?X-Amz-Signature=b&X-Amz-Date=2"),
        f"voice_url: {LINK}",
    ),
    "signed and not": (of(LINK), of(f"{LINK}?X-Amz-Signature=b"), f"voice_url: {LINK}"),
    "a video": (
        {"create": {"video_id": "7", "voice_url": None}}, {"create": {"video_id": "7", "voice_url": None}},
        "video_id: 7",
    ),
    "media of VOD": (vidu("villain_01", file_id="5"), vidu("villain_02", file_id="5"), "audio: 5"),
    "MiniMax, a link": (minimax(url=LINK), minimax(url=LINK), f"audio: {LINK}"),
    "the bytes of two files": (trtc("a.wav", "5e"), trtc("b.wav", "5e", model="flow_01_ex"), "prompt_audio: a.wav"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHARED)
def test_a_sample_that_two_addresses_share_is_noted_before_two_are_paid(name: str) -> None:
    one, other, sample = SHARED[name]
    note = f"narrator and hero are made from the same sample ({sample}); {PAID}"
    assert notes({"narrator": one, "hero": other}).count(note) == 1
    assert notes({"narrator": one, "hero": other}, "narrator@1").count(note) == 1


@pytest.mark.parametrize("name", SHARED)
def test_two_existing_voices_with_one_sample_are_not_noted(name: str) -> None:
    one, other, _ = SHARED[name]
    assert not any("same sample" in note for note in notes({"a": one, "b": other}, "a@1", "b@1"))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (of(LINK), of(f"{LINK}?id=2")),
        (of(f"{LINK}?id=1"), of(f"{LINK}?id=2")),
        (of(LINK), of("https://cdn.example.com/A.mp3")),
        (of(LINK), {"provider": "vod", "create": {"voice_url": LINK}}),
        (minimax(url=LINK), vidu("villain_01", url=LINK)),
        (vidu("villain_01", file_id="5"), vidu("villain_02", file_id="6")),
        (trtc("a.wav", "5e"), trtc("a.wav", "5f")),
        ({"preset": {"voice_id": "82"}}, {"preset": {"voice_id": "82"}}),
    ],
)
def test_other_samples_other_clouds_and_other_ways_are_not_noted(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert not any("same sample" in note for note in notes({"a": one, "b": other}))


def test_hundreds_of_addresses_are_one_note() -> None:
    found = notes({f"v{n}": of(LINK) for n in range(300)})
    assert found == (f"v0, v1, v2, v3, v4 and 295 more are made from the same sample (voice_url: {LINK}); {PAID}",)


def test_hundreds_of_samples_are_counted() -> None:
    found = notes({f"{side}{n}": of(f"https://cdn.example.com/{n}.mp3") for n in range(100) for side in "ab"})
    assert (len(found), found[-1]) == (6, "95 more samples are shared by several addresses")
