"""`validate` listens to local files, and with `--probe` to links, before anyone pays. It refuses nothing for that."""

from __future__ import annotations

import functools
import json
import os
import sys
import threading
from collections.abc import Iterator
from http.server import ThreadingHTTPServer
from pathlib import Path

import pytest

from reconciler.loader.build import load
from tests.cli.test_validate_probe import Quiet
from tests.support.cli_harness import Ran, ran_in
from tests.support.speech import joined, mixed, noise, recorded, silence, speech

pytest.importorskip("av", reason="needs the extra [audio]")
pytestmark = pytest.mark.audio

NEARBY = 'endpoint: "http://127.0.0.1:1"'  # nothing answers there, and nothing is asked
PROVIDERS = f"""providers:
  kling: {{type: kling, {NEARBY}}}
  vod: {{type: tencent-vod, sub_app_id: 1, {NEARBY}}}
  trtc: {{type: tencent-trtc, sdk_app_id: 1466000000, {NEARBY}}}
"""
CONCIERGE = "{provider: trtc, clone: {voice_name: concierge_01, prompt_audio: {file: concierge.wav}}}"
LATE = "prompt_audio begins with 4.0 s without a voice (digital silence); cut them off, up to 4.0 s"


@functools.cache
def late() -> bytes:
    """A voice that begins after 4 s."""
    return recorded(joined(silence(4), speech(11.6)))


def validate(folder: Path, entries: str, *argv: str) -> Ran:
    (folder / "voices.yaml").write_text(f"{PROVIDERS}voices:\n{entries}")
    return ran_in(folder, ["validate", *argv], {"PATH": os.environ["PATH"], "HOME": str(folder)})


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[str]:
    """The URL of a folder that is served."""
    (tmp_path / "shelf").mkdir()
    server = ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Quiet, directory=str(tmp_path / "shelf")))
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    server.shutdown()
    server.server_close()
    thread.join()


def test_a_local_file_is_listened_to_and_nothing_is_refused(tmp_path: Path) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    ran = validate(tmp_path, f"  concierge: {CONCIERGE}\n")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out == f"Note: concierge: {LATE}\nvoices.yaml is valid: 1 voice, 3 providers.\n"


def test_the_same_file_of_two_voices_is_one_note(tmp_path: Path) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    ran = validate(tmp_path, f"  concierge: {CONCIERGE}\n  porter: {CONCIERGE}\n")
    assert ran.out.startswith(f"Note: concierge, porter: {LATE}\n")


def test_findings_are_notes_of_the_json_document(tmp_path: Path) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    found = json.loads(validate(tmp_path, f"  concierge: {CONCIERGE}\n", "--json").out)
    assert (found["valid"], found["notes"]) == (True, [f"concierge: {LATE}"])


def test_a_review_shows_a_finding_at_the_line_of_its_voice(tmp_path: Path) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    [first, *_] = validate(tmp_path, f"  concierge: {CONCIERGE}\n", "--format", "github").out.splitlines()
    assert first.startswith("::warning file=voices.yaml,line=6,")
    assert f"concierge: {LATE}" in first


def test_a_sample_behind_a_link_is_listened_to_with_probe_only(tmp_path: Path, shelf: str) -> None:
    (tmp_path / "shelf" / "noisy.wav").write_bytes(recorded(mixed(speech(6), noise(6, -34))))
    entry = f'  hero: {{provider: kling, create: {{voice_name: Hero, voice_url: "{shelf}/noisy.wav?sig=s3cret"}}}}\n'
    ran = validate(tmp_path, entry, "--probe")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("Note: hero: voice_url has a loud background: at ")
    assert (
        "dB below the voice; a clean recording has at least 20 dB; Kling asks for a clean voice without noise"
        in ran.out
    )
    assert "s3cret" not in ran.out
    assert "Note" not in validate(tmp_path, entry).out


def test_findings_are_shown_beside_the_problems_of_an_invalid_manifest(tmp_path: Path, shelf: str) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    (tmp_path / "shelf" / "short.wav").write_bytes(recorded(silence(4)))
    entry = f'  hero: {{provider: kling, create: {{voice_name: Hero, voice_url: "{shelf}/short.wav"}}}}\n'
    ran = validate(tmp_path, f"{entry}  concierge: {CONCIERGE}\n", "--probe")
    assert ran.code == 1
    assert "voice_url is 4.0 s long; Kling takes 5 to 30 s" in ran.err
    assert "Note: hero: voice_url is silent from 0.0 s to its end: all its samples are equal" in ran.err
    assert f"Note: concierge: {LATE}" in ran.err


def test_a_clone_of_minimax_is_listened_to_with_the_length_that_minimax_asks_for(tmp_path: Path) -> None:
    (tmp_path / "m.wav").write_bytes(recorded(joined(speech(5.6), silence(6))))
    clone = "{model: minimax, audio: {file: m.wav}, activate: {text: Hi.}}"
    ran = validate(tmp_path, f"  mini: {{provider: vod, clone: {clone}}}\n")
    assert ran.code == 0
    assert "Note: mini: at most 5.6 s of audio are speech" in ran.out
    assert "MiniMax, whose model this is, takes 10 to 300 s (not a limit that Tencent states)" in ran.out


def test_a_plan_does_not_listen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    (tmp_path / "voices.yaml").write_text(f"{PROVIDERS}voices:\n  concierge: {CONCIERGE}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delitem(sys.modules, "reconciler.audio.listening", raising=False)
    assert load(Path("voices.yaml"), environ={}).voices["concierge"].remarks == ()
    assert "reconciler.audio.listening" not in sys.modules
    assert load(Path("voices.yaml"), environ={}, listen=True).voices["concierge"].remarks == (LATE,)


def test_without_pyav_a_local_wav_is_measured_and_not_listened_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "concierge.wav").write_bytes(late())
    (tmp_path / "voices.yaml").write_text(f"{PROVIDERS}voices:\n  concierge: {CONCIERGE}\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setitem(sys.modules, "av", None)
    monkeypatch.delitem(sys.modules, "reconciler.audio.decoding", raising=False)
    assert load(Path("voices.yaml"), environ={}, listen=True).voices["concierge"].remarks == ()


def test_the_samples_of_the_examples_sound_clean() -> None:
    examples = Path(__file__).parents[2] / "examples"
    samples = sorted(examples.glob("*/samples/*"))
    assert len(samples) == 2
    for sample in samples:
        found = load(sample.parents[1] / "voices.yaml", environ={}, listen=True)
        remarks = [remark for voice in found.voices.values() if voice.files for remark in voice.remarks]
        assert remarks == []
