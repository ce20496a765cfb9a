"""Sounds that a page holds itself: what is fetched, what is refused, and the bounds of size and time."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable
from pathlib import Path

import pytest

from reconciler.audio.probing import Fetched, NotFetched
from reconciler.engine import embedding
from reconciler.engine.embedding import Embedding
from reconciler.engine.worker_pool import ThreadPool
from reconciler.model.recordings import Recording
from tests.support.clock import FakeClock
from tests.support.sounds import wav

SOUND = wav(0.01, rate=8000)


def whole(data: bytes) -> Fetched:
    return Fetched(data, len(data), whole=True)


def embedded(
    answer: Callable[[str], Fetched | NotFetched], *links: str, clock: FakeClock | None = None
) -> dict[str, Recording]:
    def fetch(url: str, *, largest: int) -> Fetched | NotFetched:
        return answer(url)

    return Embedding(fetch, clock or FakeClock(), ThreadPool).embed(links, {})


def test_a_sound_becomes_a_part_of_the_page() -> None:
    got = embedded(lambda _: whole(SOUND), "https://h/a?signature=x")
    assert got == {"https://h/a?signature=x": Recording(f"data:audio/wav;base64,{base64.b64encode(SOUND).decode()}")}


def test_a_link_that_two_voices_share_is_fetched_once() -> None:
    asked: list[str] = []

    def answer(url: str) -> Fetched:
        asked.append(url)
        return whole(SOUND)

    embedded(answer, "https://h/a", "https://h/a", "https://h/b")
    assert sorted(asked) == ["https://h/a", "https://h/b"]


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        (NotFetched("can't be fetched: nothing is there (HTTP 404)"), "it can't be fetched: nothing is there"),
        (Fetched(b"x", 99, whole=False), "it is larger than 10 MB"),
        (whole(b"<html><script>alert(1)</script>"), "it is an HTML page, not audio, which a page can't play"),
        (whole(b"FORM\0\0\0\0AIFF"), "it is aiff, which a page can't play"),
    ],
)
def test_what_is_no_sound_is_a_reason(answer: Fetched | NotFetched, why: str) -> None:
    [got] = embedded(lambda _: answer, "https://h/a?signature=x").values()
    assert got.source == ""
    assert got.why.startswith(why)
    assert "signature" not in got.why


def test_a_full_page_takes_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedding, "LARGEST_PAGE", 2 * len(SOUND))
    got = embedded(lambda _: whole(SOUND), *(f"https://h/{n}" for n in range(30)))
    assert [bool(each.source) for each in got.values()] == [True, True] + [False] * 28
    assert all(each.why for each in list(got.values())[2:])


def test_after_its_time_no_download_begins() -> None:
    clock = FakeClock()

    def slow(url: str) -> Fetched:
        clock.pass_(embedding.SECONDS)
        return whole(SOUND)

    got = embedded(slow, *(f"https://h/{n}" for n in range(40)), clock=clock)
    reasons = [each.why for each in got.values() if not each.source]
    assert reasons
    assert {*reasons} == {"the sounds before it took 120 s, and no other is fetched then"}


def test_a_local_file_is_embedded_if_it_is_the_declared_one(tmp_path: Path) -> None:
    path = tmp_path / "a.wav"
    path.write_bytes(SOUND)
    makes = Embedding(lambda url, *, largest: whole(b""), FakeClock(), ThreadPool)
    declared = {str(path): hashlib.sha256(SOUND).hexdigest()}
    assert makes.embed([], declared)[str(path)].source.startswith("data:audio/wav;base64,")
    path.write_bytes(SOUND + b"x")
    assert makes.embed([], declared)[str(path)].why == "its file changed while this page was made"
    path.unlink()
    assert "can't be read any more" in makes.embed([], declared)[str(path)].why
