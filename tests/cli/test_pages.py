"""The pages of `--format html` by whole commands: what can be heard, what is kept secret, and what is missing."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from html import unescape

import pytest

from tests.support.cli_harness import ROOT, CliHarness, voice
from tests.support.kling_service import Deleted, KlingService, Spoil
from tests.support.shelf import Shelf, shelf
from tests.support.sounds import wav

pytest.importorskip("jinja2", reason="needs the extra [html]")

SOUND = wav(0.2, rate=8000)
TRIAL = "signature=trial"
SECRET = "token=Zq8secretvalue"


@pytest.fixture
def sounds() -> Iterator[Shelf]:
    with shelf() as held:
        yield held


def sources(page: str) -> list[str]:
    """The links of the page's players."""
    return [unescape(found) for found in re.findall(r'<audio [^>]*src="([^"]*)"', page)]


def media_policy(page: str) -> str:
    [found] = re.findall(r"media-src ([^;]*);", unescape(page))
    return str(found)


# -- the fleet ---------------------------------------------------------------------------------------------------------


def test_a_fleet_is_heard_by_one_list_and_its_links_stay_out_of_everything_else(
    made: CliHarness, kling: KlingService
) -> None:
    page = made.voicectl("show", "--format", "html", code=0)
    ids = [made.voice_id("hero"), made.voice_id("narrator")]
    assert sources(page.out) == [
        "https://cdn.example.com/hero.mp3",
        f"https://cdn.klingai.com/{ids[0]}.mp3?{TRIAL}",
        "https://cdn.example.com/narrator.mp3",
        f"https://cdn.klingai.com/{ids[1]}.mp3?{TRIAL}",
    ]
    assert [call.operation for call in kling.calls if call.operation in ("list", "get", "presets")].count("list") == 1
    assert media_policy(page.out) == "https:"
    assert "Whoever has the page can play them until they expire" in page.out
    others = [made.voicectl(*words).out for words in (("show",), ("show", "--json"), ("voices", "kling", "--json"))]
    kept = [held.decode(errors="replace") for held in made.files().values()]
    assert [text for text in (*others, *kept, page.err) if TRIAL in text] == []


def test_without_audio_no_account_is_asked(made: CliHarness, kling: KlingService) -> None:
    page = made.voicectl("show", "--format", "html", "--audio", "none", code=0).out
    assert (sources(page), kling.calls, media_policy(page)) == ([], [], "'none'")
    assert "hero" in page


@pytest.mark.slow
def test_a_page_is_made_though_the_account_cannot_be_reached(made: CliHarness, kling: KlingService) -> None:
    kling.spoil("list", Spoil.SERVER_ERROR, times=9)
    page = made.voicectl("show", "--format", "html", code=0).out
    assert sources(page) == ["https://cdn.example.com/hero.mp3", "https://cdn.example.com/narrator.mp3"]
    assert "kling: the account could not be asked how its voices sound" in page


def test_voices_of_another_account_are_not_asked_for(made: CliHarness, kling: KlingService) -> None:
    manifest = (made.folder / "voices.yaml").read_text()
    (made.folder / "voices.yaml").write_text(manifest.replace(kling.url, "http://127.0.0.1:1"))
    page = made.voicectl("show", "--format", "html", code=0).out
    assert sources(page) == ["https://cdn.example.com/hero.mp3", "https://cdn.example.com/narrator.mp3"]
    assert f"it is recorded on kling {kling.url}" in page


def test_a_page_is_made_without_credentials(made: CliHarness) -> None:
    made.env = {name: given for name, given in made.env.items() if not name.startswith("KLING_")}
    page = made.voicectl("show", "--format", "html", code=0).out
    assert "could not be asked how its voices sound: no credentials" in page


def test_a_page_is_made_with_a_broken_manifest_and_says_what_is_missing(made: CliHarness, kling: KlingService) -> None:
    (made.folder / "voices.yaml").write_text("version: 1\nvoices: [")
    page = made.voicectl("show", "--format", "html", code=0).out
    assert "The manifest can&#39;t be read, so samples and consents are not shown." in page
    assert (made.folder / "voices.state.json").exists()
    assert kling.calls == []


def test_a_voice_that_is_declared_and_not_made_stands_in_the_page(made: CliHarness) -> None:
    made.declare("narrator", "hero", "newcomer")
    page = made.voicectl("show", "--format", "html", "--audio", "none", code=0).out
    assert "newcomer" in page
    assert "Not made yet" in page


# -- secrets -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("audio", ["link", "inline", "none"])
@pytest.mark.parametrize("command", ["plan", "show", "drift"])
def test_the_secret_of_a_samples_link_stands_in_no_page(
    cli: CliHarness, sounds: Shelf, command: str, audio: str
) -> None:
    sounds.files["/hero.wav"] = SOUND
    cli.declare(hero=voice("hero", voice_url=f"{sounds.url}/hero.wav?{SECRET}"))
    if command != "plan":
        cli.apply()
    page = cli.voicectl(command, "--format", "html", "--audio", audio, code=0)
    assert SECRET not in page.out + page.err
    if audio == "inline" and command != "drift":
        assert f"/hero.wav?{SECRET}" in sounds.asked
        assert any(source.startswith("data:audio/wav;base64,") for source in sources(page.out))


@pytest.mark.parametrize("command", ["plan", "show"])
def test_a_page_shows_no_value_of_the_environment(cli: CliHarness, command: str) -> None:
    cli.env["PART"] = "Zq8secretvalue"
    hidden = voice("hero", voice_name="${env:PART}", voice_url="https://cdn.example.com/${env:PART}/x.mp3")
    cli.write({"hero": hidden | {"labels": {"used_by": "${env:PART}"}}})
    if command == "show":
        cli.apply()
    page = cli.voicectl(command, "--format", "html", code=0)
    assert "Zq8secretvalue" not in page.out + page.err
    assert "${env:PART}" in page.out


def test_why_a_sound_is_missing_shows_no_value_of_the_environment(cli: CliHarness) -> None:
    cli.env["PART"] = "zq8secretvalue"
    cli.write({"hero": voice("hero", voice_url="https://${env:PART}.invalid/x.mp3")})
    page = cli.voicectl("plan", "--format", "html", "--audio", "inline", code=0)
    assert "zq8secretvalue" not in page.out + page.err
    assert "No sound here: it can" in page.out


@pytest.mark.parametrize("audio", ["link", "inline"])
def test_the_log_of_calls_shows_no_link(made: CliHarness, kling: KlingService, sounds: Shelf, audio: str) -> None:
    for task in kling.tasks:
        task.trials_at = sounds.url
    made.env["VOICECTL_LOG"] = "debug"
    page = made.voicectl("show", "--format", "html", "--audio", audio, "-v", code=0)
    assert "calls made: 1" in page.err
    assert TRIAL not in page.err


# -- embedded sounds ---------------------------------------------------------------------------------------------------


def test_embedded_sounds_need_no_link_and_failures_are_named(
    made: CliHarness, kling: KlingService, sounds: Shelf
) -> None:
    for task in kling.tasks:
        task.trials_at = sounds.url
    sounds.files[f"/{made.voice_id('narrator')}.mp3"] = SOUND
    made.declare(narrator=voice("narrator"), hero=voice("hero", voice_url="http://127.0.0.1:1/hero.mp3"))
    page = made.voicectl("show", "--format", "html", "--audio", "inline", code=0)
    assert len(sources(page.out)) == 1
    assert sources(page.out)[0].startswith("data:audio/wav;base64,UklGR")
    assert media_policy(page.out) == "data:"
    assert "nothing is there (HTTP 404)" in page.out
    assert TRIAL not in page.out + page.err


def test_the_sandbox_is_heard_when_its_sounds_are_embedded(cli: CliHarness) -> None:
    cli.declare("hero")
    cli.voicectl("--sandbox", "sandbox", "faults", "task_seconds=0", code=0)
    cli.apply("--sandbox")
    page = cli.voicectl("--sandbox", "show", "--format", "html", "--audio", "inline", code=0).out
    assert any(source.startswith("data:audio/wav;base64,") for source in sources(page))
    linked = cli.voicectl("--sandbox", "show", "--format", "html", code=0).out
    assert "sandbox.invalid" not in linked
    assert "the sandbox has no server for it" in linked


# -- plans and drift ---------------------------------------------------------------------------------------------------


def test_old_and_new_are_heard_side_by_side(made: CliHarness) -> None:
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/hero-2.mp3"))
    page = made.voicectl("plan", "--format", "html", code=0).out
    assert sources(page) == [
        f"https://cdn.klingai.com/{made.voice_id('hero')}.mp3?{TRIAL}",
        "https://cdn.example.com/hero-2.mp3",
    ]
    assert page.index("Now: the voice") < page.index("After the apply: the sample")


def test_a_plan_that_only_creates_asks_the_account_no_more_than_its_text(cli: CliHarness, kling: KlingService) -> None:
    cli.declare("hero")
    cli.voicectl("plan", code=0)
    asked = len(kling.calls)
    cli.voicectl("plan", "--format", "html", code=0)
    assert len(kling.calls) == 2 * asked


def test_a_plan_without_a_look_at_the_accounts_asks_for_no_recordings(made: CliHarness, kling: KlingService) -> None:
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/hero-2.mp3"))
    page = made.voicectl("plan", "--refresh=false", "--format", "html", code=0).out
    assert sources(page) == ["https://cdn.example.com/hero.mp3", "https://cdn.example.com/hero-2.mp3"]
    assert kling.calls == []


def test_a_saved_plan_is_silent_and_offline_unless_sound_is_asked_for(made: CliHarness, kling: KlingService) -> None:
    made.declare("narrator", hero=voice("hero", voice_url="https://cdn.example.com/hero-2.mp3"))
    made.voicectl("plan", "--out", "saved.plan", "--format", "html", code=0)
    assert TRIAL not in (made.folder / "saved.plan").read_text()
    kling.calls.clear()
    silent = made.voicectl("show", "saved.plan", "--format", "html", code=0).out
    assert (sources(silent), kling.calls) == ([], [])
    assert "voicectl apply saved.plan" in silent
    heard = made.voicectl("show", "saved.plan", "--format", "html", "--audio", "link", code=0).out
    assert len(sources(heard)) == 2


def test_a_voice_that_is_gone_is_heard_by_its_sample(made: CliHarness, kling: KlingService) -> None:
    kling.deleted_voices = Deleted.VANISHES
    kling.delete_outside(made.voice_id("hero"))
    page = made.voicectl("drift", "--format", "html", code=2).out
    assert sources(page) == ["https://cdn.example.com/hero.mp3"]
    assert "Drift: 1 gone." in page


# -- the command line --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("command", ["plan", "show", "drift"])
def test_sound_is_for_pages_only(made: CliHarness, command: str) -> None:
    refused = made.voicectl(command, "--audio", "link", code=1)
    assert "--audio link needs --format html" in refused.err


def test_without_the_extra_the_error_names_it_before_any_call(made: CliHarness, kling: KlingService) -> None:
    (made.folder / "jinja2.py").write_text("raise ImportError('not installed')\n")
    made.env["PYTHONPATH"] = f"{made.folder}:{ROOT}"
    refused = made.voicectl("plan", "--format", "html", code=1)
    assert "pip install 'voicectl[html]'" in refused.err
    assert kling.calls == []
    assert json.loads(made.voicectl("plan", "--json", code=0).out)["changes"] == []
