"""`validate --probe`: samples behind links are fetched, measured, and told with the vendor's limit and their place."""

from __future__ import annotations

import functools
import os
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.support.cli_harness import Ran, ran_in
from tests.support.sounds import wav
from tests.support.speech import recorded, speech


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


PUBLIC = "{kling: {type: kling}, vod: {type: tencent-vod, sub_app_id: 1}}"
NEARBY = 'endpoint: "http://127.0.0.1:1"'  # a stand-in of the cloud, on this machine
PROVIDERS = f"{{kling: {{type: kling, {NEARBY}}}, vod: {{type: tencent-vod, sub_app_id: 1, {NEARBY}}}}}"


def validate(folder: Path, manifest: str, *argv: str, providers: str = PROVIDERS) -> Ran:
    (folder / "voices.yaml").write_text(f"providers: {providers}\n{manifest}")
    return ran_in(folder, ["validate", *argv], {"PATH": os.environ["PATH"], "HOME": str(folder)})


def test_a_sample_that_is_too_short_is_reported_with_its_place_and_the_vendors_limit(
    tmp_path: Path, shelf: str
) -> None:
    entry = f'voices: {{hero: {{provider: kling, create: {{voice_name: Hero, voice_url: "{shelf}/4.wav"}}}}}}'
    ran = validate(tmp_path, entry, "--probe")
    assert ran.code == 1
    assert "voices.yaml:2:72: voices.hero.create.voice_url: voice_url is 4.0 s long; Kling takes 5 to 30 s" in ran.err


def test_without_probe_no_sample_is_fetched(tmp_path: Path) -> None:
    entry = 'voices: {hero: {provider: kling, create: {voice_name: Hero, voice_url: "http://127.0.0.1:1/4.wav"}}}'
    assert validate(tmp_path, entry).code == 0


def test_a_good_sample_of_a_clone_is_good(tmp_path: Path, shelf: str) -> None:
    for name, seconds in (("long", 12), ("short", 4)):
        (tmp_path / "shelf" / f"{name}.wav").write_bytes(recorded(speech(seconds)))
    samples = f'audio: {{url: "{shelf}/long.wav"}}, prompt_audio: {{url: "{shelf}/short.wav"}}'
    clone = f"{{voice_id: hero_0001, {samples}, text: Hi.}}"
    ran = validate(tmp_path, f"voices: {{hero: {{provider: vod, clone: {clone}}}}}", "--probe")
    assert (ran.code, ran.out) == (0, "voices.yaml is valid: 1 voice, 2 providers.\n")


def test_a_link_that_leads_nowhere_is_reported(tmp_path: Path, shelf: str) -> None:
    clone = f'{{voice_id: hero_0001, audio: {{url: "{shelf}/none.wav?token=s3cret"}}, text: Hi.}}'
    ran = validate(tmp_path, f"voices: {{hero: {{provider: vod, clone: {clone}}}}}", "--probe")
    assert ran.code == 1
    assert "voices.hero.clone.audio.url: audio can't be fetched: nothing is there (HTTP 404)" in ran.err
    assert "s3cret" not in ran.err + ran.out


def hero(url: str, more: str = "") -> str:
    return f'voices: {{hero: {{provider: kling, create: {{voice_name: Hero, voice_url: "{url}"{more}}}}}}}'


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("http://127.0.0.1:1/4.wav", "no connection to 127.0.0.1:1: connection refused"),
        ("https://nobody.invalid/4.wav", "no connection to nobody.invalid: its name leads nowhere"),
    ],
)
def test_a_host_that_can_t_be_reached_is_a_problem_at_its_place(tmp_path: Path, url: str, told: str) -> None:
    ran = validate(tmp_path, hero(url), "--probe")
    place = "voices.yaml:2:72: voices.hero.create.voice_url: voice_url can't be fetched from this machine: "
    assert (ran.code, ran.out) == (1, "")
    assert place + told in ran.err


def test_a_minimax_sample_that_is_unavailable_is_a_problem_though_its_limits_are_advice(
    tmp_path: Path, shelf: str
) -> None:
    for name, code in (("none", 1), ("4", 0)):  # 4 s are too short for MiniMax, which is not Tencent's word
        clone = f'{{model: minimax, audio: {{url: "{shelf}/{name}.wav"}}, activate: {{text: Hi.}}}}'
        ran = validate(tmp_path, f"voices: {{hero: {{provider: vod, clone: {clone}}}}}", "--probe")
        assert ran.code == code, ran
    assert "audio is 4.0 s long" in ran.out


def test_all_that_a_cloud_opens_is_checked(tmp_path: Path, shelf: str) -> None:
    videos = f'[{{url: "{shelf}/4.wav"}}, {{url: "{shelf}/v.mp4"}}]'
    task = f'{{prompt: Rain, videos: {videos}, audios: [{{url: "{shelf}/a"}}]}}'
    good = f"{shelf}/12.wav"
    ran = validate(
        tmp_path,
        f"{hero(good, ', callback_url: http://127.0.0.1:1/')}\naudio: {{rain: {{provider: vod, task: {task}}}}}",
        "--probe",
    )
    problems = [line.split(": ", 2)[1:] for line in ran.err.splitlines() if line.startswith("voices.yaml:")]
    assert problems == [
        ["voices.hero.create.callback_url", "callback_url can't be fetched from this machine: no connection to "
         "127.0.0.1:1: connection refused"],
        ["audio.rain.task.videos[1].url", "videos can't be fetched: nothing is there (HTTP 404)"],
        ["audio.rain.task.audios[0].url", "audios can't be fetched: nothing is there (HTTP 404)"],
    ]  # fmt: skip


def test_a_callback_url_is_only_asked_whether_it_answers(tmp_path: Path, shelf: str) -> None:
    ran = validate(tmp_path, hero(f"{shelf}/12.wav", f', callback_url: "{shelf}/hook"'), "--probe")
    assert ran.code == 0, ran


def test_problems_of_a_probe_are_shown_with_all_other_problems(tmp_path: Path, shelf: str) -> None:
    """In the same entry, in another one, in one of an unknown provider, and beside a sample that is good."""
    (tmp_path / "a.wav").write_bytes(wav(4))
    manifest = f"""voices:
  hero: {{provider: kling, create: {{voice_name: {"x" * 21}, voice_url: "{shelf}/4.wav", speed: 1}}}}
  sidekick: {{provider: kling, create: {{voice_name: Sidekick, voice_url: "{shelf}/none.wav"}}}}
  extra: {{provider: nobody, create: {{voice_name: Extra, voice_url: "{shelf}/none.mp3"}}}}
  good: {{provider: kling, create: {{voice_name: Good, voice_url: "{shelf}/12.wav"}}}}
  mini: {{provider: vod, clone: {{model: minimax, audio: {{file: none.wav}}, gender: any}}}}
"""
    ran = validate(tmp_path, manifest, "--probe")
    problems = [line.split(": ", 2) for line in ran.err.splitlines() if line.startswith("voices.yaml:")]
    assert (ran.code, ran.out) == (1, "")
    assert [(place.split(":")[1], path) for place, path, _ in problems] == [
        ("3", "voices.hero.create.voice_name"),
        ("3", "voices.hero.create.voice_url"),
        ("3", "voices.hero.create.speed"),
        ("4", "voices.sidekick.create.voice_url"),
        ("5", "voices.extra.provider"),
        ("5", "voices.extra.create.voice_url"),
        ("7", "voices.mini.clone.audio.file"),
        ("7", "voices.mini.clone.gender"),
    ]


def test_what_could_not_be_checked_is_shown_with_the_problems_too(tmp_path: Path, shelf: str) -> None:
    (tmp_path / "shelf" / "streamed.wav").write_bytes(wav(12, size=0))
    ran = validate(tmp_path, hero(f"{shelf}/streamed.wav", ", speed: 1"), "--probe")
    assert ran.code == 1
    assert "Note: hero: voice_url: its header gives no length" in ran.err


# -- links that nobody but their own network reaches -------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "host"),
    [
        ("http://localhost:8000/a.mp3", "localhost, which always means the local machine"),
        ("http://me:password@10.0.0.5/a.mp3?sig=SECRET", "10.0.0.5, a private address"),
        ("http://[::ffff:192.168.0.9]/a.mp3", "::ffff:192.168.0.9, a private address"),
        ("https://minio/a.mp3", "minio, a name without a dot, which is known in its own network only"),
        ("https://nas.local./a.mp3", "nas.local, a name in .local, which is never public"),
    ],
)
def test_a_link_that_a_public_cloud_can_t_reach_is_a_note(tmp_path: Path, url: str, host: str) -> None:
    ran = validate(tmp_path, hero(url), providers=PUBLIC)
    assert (ran.code, ran.out) == (
        0,
        f"Note: hero: voice_url: Kling can't reach {host}; use a public URL\n"
        "voices.yaml is valid: 1 voice, 2 providers.\n",
    )


def test_each_link_that_a_cloud_opens_is_noted(tmp_path: Path) -> None:
    entries = """voices:
  hero: {provider: kling, create: {voice_name: Hero, video_id: "1", callback_url: "http://10.0.0.5/"}}
  foe: {provider: vod, create: {voice_name: Foe, voice_url: "http://10.0.0.5/"}}
  villain:
    provider: vod
    clone: {voice_id: villain_01, audio: {url: "http://10.0.0.5/"}, text: Hi., prompt_audio: {url: "http://10.0.0.5/"}}
  mini: {provider: vod, clone: {model: minimax, audio: {url: "http://10.0.0.5/"}, activate: {text: Hi.}}}
audio:
  rain:
    provider: vod
    task: {prompt: "http://10.0.0.5/", videos: [{file_id: "1"}, {url: "http://10.0.0.5/"}], audios: [{url: "http://10.0.0.5/"}]}
"""
    ran = validate(tmp_path, entries, providers=PUBLIC)
    assert ran.code == 0
    private = "can't reach 10.0.0.5, a private address; use a public URL"
    assert ran.out.splitlines()[:-1] == [
        f"Note: hero: callback_url: Kling {private}",
        f"Note: foe: voice_url: Tencent Cloud {private}",
        f"Note: villain, mini: audio.url: Tencent Cloud {private}",
        f"Note: villain: prompt_audio.url: Tencent Cloud {private}",
        f"Note: audio.rain: videos[1].url: Tencent Cloud {private}",
        f"Note: audio.rain: audios[0].url: Tencent Cloud {private}",
    ]


@pytest.mark.parametrize(
    ("providers", "argv"),
    [
        (PROVIDERS, ()),
        ("{kling: {type: kling, endpoint: 'http://mock:8080/kling'}}", ()),
        ("{kling: {type: kling, endpoint: 'https://kling.corp'}}", ()),
        (PUBLIC, ("--sandbox",)),
    ],
    ids=["on this machine", "in a cluster", "in a company", "the sandbox"],
)
def test_a_local_cloud_reaches_local_links(tmp_path: Path, providers: str, argv: tuple[str, ...]) -> None:
    ran = validate(tmp_path, hero("http://localhost/a.mp3"), *argv, providers=providers)
    assert (ran.code, "Note" in ran.out) == (0, False)


def test_hundreds_of_such_voices_are_one_note(tmp_path: Path) -> None:
    entries = "".join(
        f'  v{n}: {{provider: kling, create: {{voice_name: V{n}, voice_url: "http://localhost/{n}.mp3"}}}}\n'
        for n in range(300)
    )
    ran = validate(tmp_path, f"voices:\n{entries}", providers=PUBLIC)
    assert ran.out.splitlines()[0] == (
        "Note: v0, v1, v2, v3, v4 and 295 more: voice_url: Kling can't reach localhost, which always means the local "
        "machine; use a public URL"
    )
