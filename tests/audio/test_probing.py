"""A sample behind a link: proven faults, and doubts."""

from __future__ import annotations

import sys

import pytest

from reconciler.audio.limits import AudioLimits
from reconciler.audio.probing import LARGEST_DOWNLOAD, Fetched, NotFetched, Probed, probe, reach
from reconciler.providers.kling import samples as kling
from reconciler.providers.tencent.vod import samples as vod
from tests.support.sounds import encoded, m4a, mp3, wav

URL = "https://cdn.example.com/narrator.mp3?sig=SECRET"


def probed(got: bytes | Fetched | NotFetched, limits: AudioLimits = kling.VOICE_URL) -> Probed:
    asked: list[tuple[str, int]] = []

    def fetch(url: str, *, largest: int) -> Fetched | NotFetched:
        asked.append((url, largest))
        return Fetched(got, len(got), whole=True) if isinstance(got, bytes) else got

    found = probe(URL, limits, fetch=fetch)
    assert asked == [(URL, LARGEST_DOWNLOAD if limits.largest is None else limits.largest)]
    return found


@pytest.mark.audio
def test_a_good_sample_is_known_and_has_no_fault() -> None:
    found = probed(mp3(12.0))
    assert found.audio is not None
    assert (found.audio.seconds, found.faults, found.doubts) == (12.0, (), ())


def test_a_sample_that_is_too_short_is_at_fault() -> None:
    assert probed(wav(4.0)).faults == ("voice_url is 4.0 s long; Kling takes 5 to 30 s",)


@pytest.mark.audio
def test_all_its_faults_are_reported() -> None:
    assert probed(m4a(4.0)).faults == (
        "voice_url is m4a; Kling takes mp3, wav, mp4 and mov",
        "voice_url is 4.0 s long; Kling takes 5 to 30 s",
    )


def test_a_page_instead_of_a_sample_is_at_fault() -> None:
    found = probed(b"<!doctype html><title>Sign in</title>")
    assert found == Probed(None, faults=("voice_url is an HTML page, not audio",))


def test_a_link_that_leads_nowhere_is_at_fault() -> None:
    gone = NotFetched("can't be fetched: nothing is there (HTTP 404)", answered=True)
    assert probed(gone) == Probed(faults=("voice_url can't be fetched: nothing is there (HTTP 404)",), fetched=False)


def test_a_host_that_does_not_answer_is_at_fault() -> None:
    slow = NotFetched("can't be fetched from this machine: no answer within 5 s")
    message = "voice_url can't be fetched from this machine: no answer within 5 s"
    assert probed(slow) == Probed(faults=(message,), fetched=False)


def test_an_unreadable_answer_leaves_the_outcome_unknown() -> None:
    packed = NotFetched(
        "could not be checked: it is compressed, which voicectl did not request", fault=False, answered=True
    )
    message = "voice_url could not be checked: it is compressed, which voicectl did not request"
    assert probed(packed) == Probed(doubts=(message,), fetched=False)


def test_a_false_header_is_a_doubt() -> None:
    assert probed(wav(12.0, size=0)).doubts == (
        "voice_url: its header gives no length; its cloud fetches the file as it is, and may refuse it",
    )


@pytest.mark.parametrize("posted", [False, True])
@pytest.mark.parametrize("answered", [False, True])
def test_where_a_cloud_posts_any_answer_is_good(posted: bool, answered: bool) -> None:
    got = NotFetched("can't be fetched: nothing is there (HTTP 404)", answered=answered)
    found = reach(URL, "callback_url", fetch=lambda _, *, largest: got, posted=posted)
    assert found == (
        Probed()
        if posted and answered
        else Probed(faults=("callback_url can't be fetched: nothing is there (HTTP 404)",), fetched=False)
    )


@pytest.mark.parametrize(("size", "shown"), [(52_428_800, "52,428,800"), (0, "20,971,521")])
def test_more_bytes_than_the_vendor_takes_are_a_fault(size: int, shown: str) -> None:
    assert probed(Fetched(b"", size, whole=False), vod.CLONE_AUDIO).faults == (
        f"audio is {shown} bytes; VOD CreateAigcAudioClone takes at most 20 MB (20,971,520 bytes)",
    )


def test_more_bytes_than_are_read_are_a_doubt_where_the_vendor_names_no_limit() -> None:
    found = probed(Fetched(b"", 200_000_000, whole=False))
    assert found == Probed(None, doubts=("voice_url is larger than 104,857,600 bytes, and was not checked",))


@pytest.mark.audio
def test_a_format_that_voicectl_cannot_read_is_at_fault() -> None:
    assert probed(encoded("flac", "flac", seconds=1.0)) == Probed(
        None,
        faults=("voice_url is flac; Kling takes mp3, wav, mp4 and mov",),
    )


@pytest.mark.audio
def test_without_pyav_the_length_of_an_mp3_is_in_doubt(monkeypatch: pytest.MonkeyPatch) -> None:
    sample = mp3(1.0)
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)
    for limits in (kling.VOICE_URL, vod.MINIMAX_ADVICE):
        found = probed(sample, limits)
        message = f"{limits.key} is mp3, and reading it takes PyAV: pip install 'voicectl[audio]'"
        assert found == Probed(None, doubts=(message,))
