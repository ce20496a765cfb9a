"""A cloud that another package adds by an entry point is planned, applied and settled like the built-in ones.

It proves that CONTRIBUTING's list "To add a cloud" is complete: nothing of `reconciler` names it.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import Ran, ran_in
from tests.third_cloud.service import KEY, AcmeService

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


MISNAMED = """
from dataclasses import replace
from acme_voices import adapter, cloud_type
from reconciler.adapter import Adapter

def connect(account, around):
    connected = adapter.ADAPTER.connect(account, around)
    connected.provider.account = "voices of Acme"
    return connected

ADAPTER = Adapter(connect=connect, endpoint=adapter.ADAPTER.endpoint)
CLOUD = replace(cloud_type.CLOUD, adapter="acme_misnamed:ADAPTER")
"""


@dataclass(frozen=True)
class Desk:
    """A folder with a manifest of one voice, and an environment in which the package is installed."""

    folder: Path
    acme: AcmeService
    site: Path

    def declare(self, *names: str, kind: str = "acme", **account: Any) -> None:
        entry = {"type": kind, "endpoint": self.acme.url, "timeouts": {"operation": 2}} | account
        voices = {name: created(name) for name in names}
        document = {"providers": {"stage": entry}, "voices": voices}
        (self.folder / "voices.yaml").write_text(json.dumps(document))

    def voicectl(self, *words: str, code: int | None = 0, **env: str) -> Ran:
        path = f"{HERE}:{self.site}:{ROOT}"
        ran = ran_in(self.folder, words, {"PYTHONPATH": path, "HOME": str(self.folder), "ACME_KEY": KEY} | env)
        assert code is None or ran.code == code, ran
        return ran

    def actions(self) -> Mapping[str, str]:
        return {c["address"]: c["action"] for c in self.voicectl("plan", "--json").json["changes"]}


def created(name: str, **inputs: str) -> dict[str, Any]:
    sample = f"https://cdn.example.com/{name}.mp3"
    return {"provider": "stage", "create": {"name": name, "sample": sample} | inputs}


def install(site: Path, *, package: str = "acme-voices", name: str = "acme", at: str = "") -> None:
    """Writes what an installer leaves of a package: its name and its entry point."""
    info = site / f"{package.replace('-', '_')}-1.0.dist-info"
    info.mkdir(parents=True)
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {package}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(f"[voicectl.clouds]\n{name} = {at or 'acme_voices.cloud_type:CLOUD'}\n")


@pytest.fixture
def acme() -> Iterator[AcmeService]:
    with AcmeService() as service:
        yield service


@pytest.fixture
def desk(tmp_path: Path, acme: AcmeService) -> Desk:
    folder, site = tmp_path / "desk", tmp_path / "site"
    folder.mkdir()
    install(site)
    made = Desk(folder, acme, site)
    made.declare("hero", "narrator")
    return made


def test_its_voices_are_made_changed_seen_to_drift_and_destroyed(desk: Desk, acme: AcmeService) -> None:
    assert desk.actions() == {"hero": "create", "narrator": "create"}
    desk.voicectl("apply", "--auto-approve")
    assert desk.actions() == {}
    assert {desk.voicectl("output", name).out.strip() for name in ("hero", "narrator")} == acme.voices.keys()
    [removed] = [voice for voice in acme.voices.values() if voice["name"] == "hero"]
    del acme.voices[removed["id"]]
    assert "hero" in desk.voicectl("drift", code=2).out
    assert desk.actions() == {"hero": "create"}
    desk.voicectl("apply", "--auto-approve")
    desk.voicectl("destroy", "--auto-approve")
    assert (acme.voices, acme.bought) == ({}, 3)


def test_a_lost_reply_is_settled_by_its_list_and_the_voice_is_bought_once(desk: Desk, acme: AcmeService) -> None:
    acme.drop_next = 1
    desk.voicectl("apply", "--auto-approve")
    assert acme.bought == len(acme.voices) == 2
    assert desk.actions() == {}


def test_a_run_that_is_killed_after_the_call_buys_nothing_twice(desk: Desk, acme: AcmeService) -> None:
    acme.drop_next = 2
    command = [sys.executable, "-m", "reconciler", "apply", "--auto-approve"]
    env = {"PYTHONPATH": f"{HERE}:{desk.site}:{ROOT}", "HOME": str(desk.folder), "ACME_KEY": KEY}
    running = subprocess.Popen(command, cwd=desk.folder, env=env, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)
    while acme.bought == 0:
        assert running.poll() is None
    running.kill()
    running.communicate()
    applied = [desk.voicectl("apply", "--auto-approve", code=None)]
    while applied[-1].code:  # the list may lag, and the killed call may be under way, until its time-out is over
        assert "its cloud may not list yet what an interrupted call made" in applied[-1].out
        applied.append(desk.voicectl("apply", "--auto-approve", code=None))
    assert len(applied) < 60
    assert acme.bought == len(acme.voices) == 2
    assert desk.actions() == {}


def test_its_manifest_errors_use_its_own_texts(desk: Desk) -> None:
    document = {
        "providers": {"stage": {"type": "acme", "endpoint": desk.acme.url, "key": "k"}},
        "voices": {"hero": created("hero", accent="British")},
    }
    (desk.folder / "voices.yaml").write_text(json.dumps(document))
    refused = desk.voicectl("validate", code=1).err
    assert "export ACME_KEY=..." in refused
    assert "should be a language and a country, such as en-GB" in refused


def test_its_missing_key_is_reported(desk: Desk) -> None:
    assert "Acme needs ACME_KEY in the environment" in desk.voicectl("plan", ACME_KEY="").out


def test_the_sandbox_says_that_it_does_not_simulate_it(desk: Desk) -> None:
    assert "The sandbox does not simulate acme." in desk.voicectl("--sandbox", "plan", code=1).err


def test_a_type_that_no_package_registers_is_refused_with_what_there_is(desk: Desk) -> None:
    desk.declare("hero", kind="acmee")
    refused = desk.voicectl("validate", code=1).err
    assert '"acmee", should be kling, tencent-vod, tencent-trtc or acme; did you mean acme?' in refused


def test_a_state_of_its_voices_can_be_read_after_the_package_is_gone(desk: Desk) -> None:
    desk.voicectl("apply", "--auto-approve")
    assert "hero" in desk.voicectl("state", "list", PYTHONPATH=str(ROOT)).out
    assert "should be kling" in desk.voicectl("plan", code=1, PYTHONPATH=str(ROOT)).err


@pytest.mark.parametrize(
    ("at", "why"),
    [
        (
            "acme_broken:CLOUD",
            "the package acme-voices can't be loaded: ModuleNotFoundError: No module named 'acme_broken'",
        ),
        ("json:dumps", "the package acme-voices registers an object that is not a CloudType of this name"),
    ],
)
def test_a_package_that_can_not_be_loaded_is_named(tmp_path: Path, acme: AcmeService, at: str, why: str) -> None:
    desk = Desk(tmp_path, acme, tmp_path / "site")
    install(desk.site, at=at)
    desk.declare("hero")
    assert f"acme can't be used: {why}" in desk.voicectl("validate", code=1).err


def test_a_package_whose_account_does_not_begin_with_its_type_is_named(tmp_path: Path, acme: AcmeService) -> None:
    desk = Desk(tmp_path, acme, tmp_path / "site")
    install(desk.site, at="acme_misnamed:CLOUD")
    (desk.site / "acme_misnamed.py").write_text(MISNAMED)
    desk.declare("hero")
    desk.voicectl("validate")
    refused = " ".join(desk.voicectl("plan", code=1).err.split())
    assert 'acme can\'t be used: the package acme-voices names its account "voices of Acme"' in refused
    assert 'the name must begin with "acme ".' in refused
    assert "This is a bug of acme-voices: report it to its authors." in refused
    assert acme.bought == 0


def test_two_packages_of_one_type_are_both_named(desk: Desk) -> None:
    install(desk.site, package="other-voices")
    assert "acme-voices and other-voices both register it" in desk.voicectl("validate", code=1).err


def test_a_built_in_type_can_not_be_taken_and_nothing_is_loaded_that_no_manifest_names(
    tmp_path: Path, acme: AcmeService
) -> None:
    desk = Desk(tmp_path, acme, tmp_path / "site")
    install(desk.site, name="kling", at="acme_broken:CLOUD")
    voices = {"hero": {"provider": "stage", "create": {"voice_name": "H", "voice_url": "https://x.example/h.mp3"}}}
    document = {"providers": {"stage": {"type": "kling"}}, "voices": voices}
    (tmp_path / "voices.yaml").write_text(json.dumps(document))
    desk.voicectl("validate")
