"""`validate --probe`: samples behind links are fetched, measured, and told with the vendor's limit and their place."""

from __future__ import annotations

import functools
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.sounds import wav


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Nothing."""


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """The URL of a folder that holds samples of 4 and 12 seconds."""
    (tmp_path / "shelf").mkdir()
    for seconds in (4, 12):
        (tmp_path / "shelf" / f"{seconds}.wav").write_bytes(wav(seconds))
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "shelf")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def validate(folder: Path, manifest: str, *argv: str) -> subprocess.CompletedProcess[str]:
    (folder / "voices.yaml").write_text(
        f"providers: {{kling: {{type: kling}}, vod: {{type: tencent-vod, sub_app_id: 1}}}}\n{manifest}"
    )
    command = [sys.executable, "-m", "reconciler", "validate", *argv]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False, timeout=60)


def test_a_sample_that_is_too_short_is_told_with_its_place_and_the_vendors_limit(tmp_path: Path, shelf: str) -> None:
    entry = f'voices: {{hero: {{provider: kling, create: {{voice_name: Hero, voice_url: "{shelf}/4.wav"}}}}}}'
    ran = validate(tmp_path, entry, "--probe")
    assert ran.returncode == 1
    assert (
        "voices.yaml:2:72: voices.hero.create.voice_url: voice_url is 4.0 s long; Kling takes 5 to 30 s" in ran.stderr
    )


def test_without_probe_no_sample_is_fetched(tmp_path: Path) -> None:
    entry = 'voices: {hero: {provider: kling, create: {voice_name: Hero, voice_url: "http://127.0.0.1:1/4.wav"}}}'
    assert validate(tmp_path, entry).returncode == 0


def test_a_good_sample_of_a_clone_is_good(tmp_path: Path, shelf: str) -> None:
    clone = (
        f'{{voice_id: hero_0001, audio: {{url: "{shelf}/12.wav"}}, text: Hi., prompt_audio: {{url: "{shelf}/4.wav"}}}}'
    )
    ran = validate(tmp_path, f"voices: {{hero: {{provider: vod, clone: {clone}}}}}", "--probe")
    assert (ran.returncode, ran.stdout) == (0, "voices.yaml is valid: 1 voice, 2 providers.\n")


def test_a_link_that_leads_nowhere_is_told(tmp_path: Path, shelf: str) -> None:
    clone = f'{{voice_id: hero_0001, audio: {{url: "{shelf}/none.wav?token=s3cret"}}, text: Hi.}}'
    ran = validate(tmp_path, f"voices: {{hero: {{provider: vod, clone: {clone}}}}}", "--probe")
    assert ran.returncode == 1
    assert "voices.hero.clone.audio.url: audio can't be fetched: nothing is there (HTTP 404)" in ran.stderr
    assert "s3cret" not in ran.stderr + ran.stdout


def test_what_could_not_be_checked_is_a_note_and_no_fault(tmp_path: Path) -> None:
    entry = 'voices: {hero: {provider: kling, create: {voice_name: Hero, voice_url: "http://127.0.0.1:1/4.wav"}}}'
    ran = validate(tmp_path, entry, "--probe")
    assert ran.returncode == 0
    assert "Note: hero: voice_url could not be checked: no connection to 127.0.0.1:1" in ran.stdout
