"""The sounds of the sandbox: real WAV files, only behind its own links."""

from __future__ import annotations

import httpx

from reconciler.audio.file import AudioFile
from reconciler.audio.inspecting import inspect
from reconciler.sandbox.server import serve
from reconciler.sandbox.sounds import beep, sound
from reconciler.sandbox.world import World
from tests.sandbox.support import MP3, Caller

BEARER = {"Authorization": "Bearer sandbox-default"}


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


def test_a_server_of_the_sandbox_hands_out_what_its_links_name(world: World, kling: Caller) -> None:
    kling.change_faults(task_seconds=0)
    with serve(world) as server, httpx.Client(base_url=server.url, headers=BEARER, trust_env=False) as client:
        client.post("/v1/general/custom-voices", json={"voice_name": "N", "voice_url": MP3, "external_task_id": "k"})
        made = client.get("/v1/general/custom-voices/k").json()["data"]["task_result"]["voices"][0]
        assert made["trial_url"].startswith(f"{server.url}/sandbox-sounds/{made['voice_id']}.mp3?Expires=")
        heard = client.get(made["trial_url"])
    assert (heard.headers["content-type"], heard.content) == ("audio/wav", beep(f"/{made['voice_id']}.mp3"))
