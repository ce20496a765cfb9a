"""The sounds of the sandbox: real WAV files, only behind its own links."""

from __future__ import annotations

from reconciler.audio.file import AudioFile
from reconciler.audio.inspecting import inspect
from reconciler.sandbox.sounds import beep, sound


def test_a_beep_is_a_wav_that_can_be_measured() -> None:
    found = inspect(beep("a"))
    assert isinstance(found, AudioFile)
    assert (found.container, found.rate, found.channels, found.seconds) == ("wav", 8000, 1, 0.8)


def test_the_same_name_sounds_the_same_and_another_one_does_not() -> None:
    assert beep("a") == beep("a")
    assert beep("a") != beep("b")


def test_only_links_of_the_sandbox_have_a_sound() -> None:
    assert sound("https://trial.sandbox.invalid/85.mp3?Expires=1") == beep("/85.mp3")
    assert sound("https://vod.sandbox.invalid/x.wav") is not None
    assert sound("https://cdn.example.com/trial.sandbox.invalid.mp3") is None
