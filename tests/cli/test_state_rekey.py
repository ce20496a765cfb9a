"""state rekey: a new data key for the whole state."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

KEY_FILE = {"key_file": "key"}


def declare(cli: CliHarness, **encryption: object) -> None:
    cli.write({"narrator": voice("narrator")}, state={"encryption": encryption})


@pytest.fixture
def sealed(cli: CliHarness) -> CliHarness:
    (cli.folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    (cli.folder / "new").write_text("fedcba9876543210fedcba9876543210\n")
    declare(cli, key_file="key")
    cli.apply()
    return cli


def kept(path: Path) -> dict[str, object]:
    found: dict[str, object] = json.loads(path.read_bytes())
    return found


def test_a_state_gets_a_new_data_key_and_a_new_serial(sealed: CliHarness, kling: KlingService) -> None:
    before = kept(sealed.folder / "voices.state.json")
    done = sealed.voicectl("state", "rekey", code=0).err
    after = kept(sealed.folder / "voices.state.json")
    assert f"serial {after['serial']}" in done
    [key] = json.loads((sealed.folder / "voices.state.json").read_bytes())["keys"]
    assert f"It can be read with the key in key (id {key['id']})." in done
    assert after["serial"] == int(str(before["serial"])) + 1
    assert after["keys"] != before["keys"]
    assert sealed.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.bought == 1


def test_after_a_rollover_only_older_snapshots_need_the_old_key(sealed: CliHarness) -> None:
    first = str(kept(sealed.folder / "voices.state.json")["serial"])
    declare(sealed, key_file="new", old=[KEY_FILE])
    sealed.voicectl("state", "rekey", code=0)
    sealed.voicectl("state", "pull", "--serial", first, code=0)
    declare(sealed, key_file="new")
    assert sealed.voicectl("plan", "--detailed-exitcode").code == 0
    assert "No key decrypts the snapshot" in sealed.voicectl("state", "pull", "--serial", first, code=1).err


def test_a_snapshot_from_before_the_encryption_is_named_and_read_once_it_is_asked_for(cli: CliHarness) -> None:
    cli.declare("narrator")
    cli.apply()
    first = str(cli.state["serial"])
    (cli.folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    declare(cli, key_file="key", migrate=True)
    cli.voicectl("state", "rekey", code=0)
    declare(cli, key_file="key")
    refused = cli.voicectl("state", "show", "--serial", first, code=1).err
    assert refused.startswith("Error: The snapshot is not encrypted\n")
    assert f"voices.state.json, snapshot {first}: the manifest asks for encryption" in refused
    assert f"voicectl state pull --serial {first}, and remove migrate again" in refused
    declare(cli, key_file="key", migrate=True)
    cli.voicectl("state", "pull", "--serial", first, code=0)


def test_a_plan_made_before_is_out_of_date(sealed: CliHarness) -> None:
    sealed.voicectl("plan", "--out", "p", code=0)
    sealed.voicectl("state", "rekey", code=0)
    assert "out of date" in sealed.voicectl("apply", "p").err


def test_without_encryption_or_without_a_state_there_is_nothing_to_do(cli: CliHarness) -> None:
    cli.declare("narrator")
    assert "no state.encryption" in cli.voicectl("state", "rekey", code=1).err
    (cli.folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    declare(cli, key_file="key")
    cli.voicectl("state", "rekey", code=1)
