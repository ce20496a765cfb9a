"""The words about a sample that does not sound clean, with the figure and the second; none about one that does."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import cache
from pathlib import Path

import pytest

from reconciler.audio.channels import Channels
from reconciler.audio.clipping import Clipping
from reconciler.audio.file import AudioFile
from reconciler.audio.heard import Background, Heard
from reconciler.audio.limits import AudioLimits
from reconciler.audio.sound_findings import Kind, findings
from reconciler.audio.spectrum import Tone
from reconciler.providers.kling.samples import VOICE_URL
from reconciler.providers.tencent.trtc.samples import PROMPT
from reconciler.providers.tencent.vod.samples import CLONE_PROMPT, MINIMAX_ADVICE
from tests.support.speech import heard, joined, mixed, noise, silence, speech, tone

GOLDEN = Path(__file__).parents[1] / "golden" / "sound_findings.txt"
SECONDS = 5.6  # the phrases of the voice take two seconds, and end with a pause


def audio(seconds: float, *, rate: int = 48_000, codec: str = "pcm_s16le") -> AudioFile:
    return AudioFile("wav", codec, seconds, rate, 1, 16, size=1, sha256="")


@cache
def clean() -> Heard:
    return heard(speech(SECONDS))


def words(found: Heard, *, limits: AudioLimits = VOICE_URL, file: AudioFile | None = None) -> list[str]:
    known = file if file is not None else audio(found.envelope.seconds)
    return [each.message for each in findings(found, known, limits)]


@cache
def cases() -> dict[str, list[str]]:
    """What is wrong -> what is said."""
    voice, level = clean(), clean().voice
    padded = heard(joined(silence(2.5), speech(1.6), silence(2.2), speech(1.6), silence(2.1)))
    short = heard(joined(speech(1.6), noise(9, -75)))
    return {
        "all samples are zero": words(heard(silence(1))),
        "a room without a voice": words(heard(noise(1, -70))),
        "a test tone": words(heard(tone(1, 440, -13))),
        "loud steady noise": words(heard(noise(1, -13))),
        "long pauses at the beginning, in the middle and at the end": words(padded),
        "a short voice in a file that is long enough": words(short, limits=PROMPT),
        "a short voice for a limit that is another's": words(short, limits=MINIMAX_ADVICE),
        "clipped": words(replace(voice, clipping=Clipping(second=3.21, samples=41, peaks=1, level=0.0))),
        "cut off below full scale": words(
            replace(voice, clipping=Clipping(second=0.3, samples=1_234, peaks=99, level=-3.06))
        ),
        "noise": words(replace(voice, background=Background(2.4, level - 14.2))),
        "noise for a vendor that does not ask for a clean voice": words(
            replace(voice, background=Background(2.4, level - 19.4)), limits=PROMPT
        ),
        "noise as loud as the voice": words(replace(voice, background=Background(2.4, level + 0.6))),
        "a hum": words(replace(voice, hum=Tone(0.0, 50, level - 18), background=Background(1.6, level - 18.4))),
        "a hum and louder noise": words(
            replace(voice, hum=Tone(0.0, 60, level - 20), background=Background(1.6, level - 12.4))
        ),
        "music": words(replace(voice, tone=Tone(3.62, 281, level - 24), background=Background(1.6, level - 18.4))),
        "too quiet": words(replace(voice, voice=-47.3, background=Background(1.6, -90))),
        "too loud": words(replace(voice, voice=-7.8)),
        "a telephone": words(replace(voice, narrow=True)),
        "a sample rate of 8 kHz": words(replace(voice, narrow=True), file=audio(SECONDS, rate=8_000)),
        "a dead channel": words(replace(voice, channels=Channels(-20.0, -95.0, 3.0))),
        "opposite channels": words(replace(voice, channels=Channels(-20.0, -20.5, 14.4))),
        "channels that leave nothing in mono": words(
            replace(heard(silence(1)), channels=Channels(-20.0, -20.0, 100.0))
        ),
        "a DC offset": words(replace(voice, offset=-0.041)),
    }


def test_the_findings_read_as_the_golden_file_says() -> None:
    text = "\n\n".join(f"=== {title}\n" + "\n".join(said) for title, said in cases().items()) + "\n"
    if os.environ.get("UPDATE_GOLDEN"):
        GOLDEN.write_text(text, encoding="utf-8")
    assert text == GOLDEN.read_text(encoding="utf-8")


def test_each_case_has_a_finding() -> None:
    assert [title for title, said in cases().items() if not said] == []


@pytest.mark.parametrize("limits", [VOICE_URL, CLONE_PROMPT])
def test_a_clean_voice_has_no_finding(limits: AudioLimits) -> None:
    assert words(clean(), limits=limits) == []


def test_what_a_clean_recording_may_have_is_no_finding() -> None:
    level = clean().voice
    for found in (
        replace(clean(), background=Background(1.6, level - 20.1)),
        replace(clean(), hum=Tone(0.0, 50, level - 25.1)),
        replace(clean(), tone=Tone(1.6, 440, level - 30.1)),
        replace(clean(), voice=-39.9, background=Background(1.6, -90)),
        replace(clean(), voice=-9.1),
        replace(clean(), offset=0.019),
        replace(clean(), channels=Channels(-20.0, -59.9, 5.9)),
    ):
        assert words(found) == []


def test_a_finding_has_its_figure_and_its_second_as_numbers() -> None:
    clipped = replace(clean(), clipping=Clipping(second=3.21, samples=41, peaks=1, level=0.0))
    [found] = findings(clipped, audio(SECONDS), VOICE_URL)
    assert (found.kind, found.second, found.figure) == (Kind.CLIPPED, 3.21, 41)


def test_a_voice_that_is_as_short_as_the_file_is_a_fault_and_no_finding() -> None:
    assert words(heard(speech(3.6)), limits=VOICE_URL) == []


def test_in_loud_noise_weak_parts_of_a_voice_are_not_called_pauses() -> None:
    found = heard(mixed(joined(speech(3.6), silence(2.5), speech(1.6)), noise(7.7, -29)))
    assert [each.kind for each in findings(found, audio(7.7), VOICE_URL)] == [Kind.NOISE]


@pytest.mark.parametrize("codec", ["pcm_u8", "pcm_alaw", "pcm_mulaw"])
def test_round_peaks_of_coarse_samples_look_flat_and_are_not_clipped(codec: str) -> None:
    flat = replace(clean(), clipping=Clipping(second=0.3, samples=1_234, peaks=99, level=-3.06))
    assert words(flat, file=audio(SECONDS, codec=codec)) == []


def test_of_a_file_that_is_too_long_only_its_first_minutes_are_told() -> None:
    [silent] = words(heard(silence(1)), file=audio(700))
    assert silent == "voice_url is silent from 0.0 s to 1.0 s: all its samples are equal"
    assert words(heard(joined(speech(3.6), silence(3))), file=audio(700)) == []


@pytest.mark.parametrize(("samples", "found"), [(41, 0), (500, 1)])
def test_an_mp3_may_exceed_full_scale_a_little(samples: int, found: int) -> None:
    clipped = replace(clean(), clipping=Clipping(second=3.2, samples=samples, peaks=9, level=0.0))
    assert len(words(clipped, file=audio(SECONDS, codec="mp3"))) == found
    assert len(words(clipped)) == 1
