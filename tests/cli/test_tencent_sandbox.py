"""One manifest over three clouds, rehearsed on this machine: converging, drifting, failing, and taken back."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.cli_harness import CliHarness
from tests.support.sounds import wav

MANIFEST = """
version: 1
providers: {kling: {type: kling}, vod: {type: tencent-vod, sub_app_id: 221073}, trtc: {type: tencent-trtc, sdk_app_id: 1466000000}}
voices:
  narrator: {provider: kling, create: {voice_name: Narrator EN, voice_url: https://cdn.example.com/narrator.mp3}}
  hero: {provider: vod, create: {voice_name: Hero, video_id: "12345"}}
  villain: {provider: vod, clone: {voice_id: villain_01, audio: {url: https://cdn.example.com/v.mp3}, text: "Read this aloud.", prompt_audio: {file_id: "528"}, prompt_text: "Hello."}}
  concierge: {provider: trtc, clone: {voice_name: concierge_01, prompt_audio: {file: samples/concierge.wav}, model: flow_01_turbo, language: en}}
  mini: {provider: vod, clone: {model: minimax, audio: {url: https://cdn.example.com/m.mp3}, name: Mini, gender: female, languages: [en], labels: [calm], activate: {text: Hello.}}}
audio:
  fireworks: {provider: vod, task: {model_name: Kling, scene_type: sfx, prompt: Fireworks, output: {storage_mode: Temporary, duration: 6}}}
"""  # noqa: E501 - as people write it


class Rehearsed(CliHarness):
    """A harness whose every command runs in the sandbox, without credentials."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.env = {name: value for name, value in self.env.items() if not name.startswith("KLING_")}
        (self.folder / "samples").mkdir()
        (self.folder / "samples/concierge.wav").write_bytes(wav(12))
        self.change({})
        self.faults("task_seconds=0")

    def change(self, voices: dict[str, dict[str, Any] | None]) -> None:
        """The manifest, with these inputs of these voices, and without those that are None."""
        told = yaml.safe_load(MANIFEST)
        for address, inputs in voices.items():
            if inputs is None:
                del told["voices"][address]
            else:
                (body,) = (told["voices"][address][m] for m in ("create", "clone") if m in told["voices"][address])
                body |= inputs
        (self.folder / "voices.yaml").write_text(yaml.safe_dump(told))

    def faults(self, *switches: str) -> None:
        self.voicectl("sandbox", "faults", *switches, code=0)

    def outputs(self) -> dict[str, dict[str, Any]]:
        told: dict[str, dict[str, Any]] = self.voicectl("--sandbox", "output", "--json", code=0).json
        return told


@pytest.fixture
def cli(tmp_path: Path, kling: Any) -> Rehearsed:
    return Rehearsed(tmp_path, kling)


@pytest.fixture
def applied(cli: Rehearsed) -> Rehearsed:
    cli.apply("--sandbox")
    return cli


def test_three_clouds_converge_in_one_apply(cli: Rehearsed) -> None:
    cli.faults("task_seconds=1")
    cli.apply("--sandbox")
    assert cli.voicectl("--sandbox", "plan", "--detailed-exitcode").code == 0
    told = cli.outputs()
    assert {entry["status"] for entry in told.values()} == {"ready"}
    assert told["villain"]["voice_id"] == "villain_01"
    assert told["hero"]["voice_id"].isdigit()
    assert told["concierge"]["voice_id"].startswith("concierge_01_")
    assert told["mini"]["voice_id"].startswith("minimax_")
    assert told["audio.fireworks"]["url"].startswith("https://")
    assert told["audio.fireworks"]["expires_at"]


def test_an_activated_voice_is_listed(applied: Rehearsed) -> None:
    (listed,) = applied.voicectl("--sandbox", "voices", "vod", "--json", code=0).json
    assert (listed["voice_name"], listed["address"]) == ("Mini", "mini")


def test_a_profile_changes_in_place_and_keeps_our_marker(applied: Rehearsed) -> None:
    applied.change({"mini": {"name": "Max", "labels": ["bright"]}})
    assert applied.actions("--sandbox") == {"mini": "update"}
    before = applied.outputs()["mini"]["voice_id"]
    applied.apply("--sandbox")
    (listed,) = applied.voicectl("--sandbox", "voices", "vod", "--json", code=0).json
    assert (listed["voice_name"], listed["voice_id"]) == ("Max", before)
    assert listed["external_task_id"].startswith("vc-")
    assert applied.actions("--sandbox") == {}


def test_a_voice_deleted_outside_is_made_again(applied: Rehearsed) -> None:
    applied.faults("--delete", "Mini")
    assert applied.actions("--sandbox") == {"mini": "clone"}
    applied.apply("--sandbox")
    assert applied.actions("--sandbox") == {}


def test_a_voice_renamed_outside_is_drift_and_is_renamed_back(applied: Rehearsed) -> None:
    applied.voicectl("sandbox", "faults", "--rename", "Mini", "Max", code=0)
    drifted = applied.voicectl("--sandbox", "drift", "--json", code=2).json["drift"]
    assert [(d["address"], d["kind"]) for d in drifted] == [("mini", "renamed")]
    assert applied.actions("--sandbox") == {"mini": "update"}
    applied.apply("--sandbox")
    assert applied.voicectl("--sandbox", "drift").code == 0


def test_a_voice_that_its_cloud_can_not_delete_is_forgotten_and_reused(applied: Rehearsed) -> None:
    before = applied.outputs()
    applied.change({"hero": None, "villain": None, "concierge": None, "mini": None})
    wanted = {"hero": "forget", "villain": "forget", "concierge": "forget", "mini": "delete"}
    assert applied.actions("--sandbox") == wanted
    applied.apply("--sandbox")
    applied.change({})
    again = {"hero": "recover", "villain": "recover", "concierge": "recover", "mini": "clone"}
    assert applied.actions("--sandbox") == again
    applied.apply("--sandbox")
    after = applied.outputs()
    kept = ("hero", "villain", "concierge")
    assert [after[name]["voice_id"] for name in kept] == [before[name]["voice_id"] for name in kept]


def test_three_days_later_nothing_is_bought_again(applied: Rehearsed) -> None:
    applied.faults("clock_ahead=300000")
    assert applied.actions("--sandbox") == {}
    assert applied.voicectl("--sandbox", "drift").code == 0


def test_a_lost_reply_is_settled_at_once_where_the_cloud_can_be_asked(cli: Rehearsed) -> None:
    cli.faults("reply_lost=1")
    cli.apply("--sandbox", code=1)
    cli.faults("reply_lost=0")
    assert cli.actions("--sandbox") == {"concierge": "blocked", "audio.fireworks": "blocked"}
    told = {address: entry["status"] for address, entry in cli.outputs().items()}
    assert {address for address, status in told.items() if status == "ready"} == {"narrator", "hero", "villain", "mini"}


def test_a_task_that_fails_is_reported_in_the_cloud_s_words(cli: Rehearsed) -> None:
    cli.change({"villain": {"audio": {"url": "https://cdn.example.com/bad.mp3"}}})
    assert "exactly one clean human voice" in cli.apply("--sandbox", code=1).out
    assert cli.actions("--sandbox") == {"villain": "blocked"}


def test_accounts_of_other_variables_are_apart(applied: Rehearsed) -> None:
    told = yaml.safe_load((applied.folder / "voices.yaml").read_text())
    told["providers"]["vod"]["credentials"] = {"secret_id_env": "OTHER_ID", "secret_key_env": "OTHER_KEY"}
    (applied.folder / "voices.yaml").write_text(yaml.safe_dump(told))
    assert applied.voicectl("--sandbox", "voices", "vod", "--json", code=0).json == []


def test_an_expiry_is_rehearsed_with_a_file_that_lasts_a_moment(cli: Rehearsed) -> None:
    cli.faults("temporary_seconds=0")
    cli.apply("--sandbox")
    drifted = cli.voicectl("--sandbox", "drift", "--json", code=2).json["drift"]
    assert [(d["address"], d["kind"]) for d in drifted] == [("audio.fireworks", "expired")]
    assert cli.actions("--sandbox") == {}
