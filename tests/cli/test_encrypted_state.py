"""state.encryption: nothing that is stored can be read without a key, and everything works as it does without one."""

from __future__ import annotations

import json
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.engines.http_state_server import StateServer
from tests.support.moments import Watched
from tests.support.plaintext import found_in

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

PASSPHRASE = "correct horse battery staple"
VOICES = ("narrator", "hero")
ENCRYPTION = {"passphrase_env": "VOICES_KEY"}
MANIFESTS = ("voices.yaml", "other.yaml")


@pytest.fixture
def kling() -> Iterator[Watched]:
    with Watched() as service:
        yield service


@pytest.fixture
def cli(tmp_path: Path, kling: Watched) -> CliHarness:
    folder = tmp_path / "desk"
    folder.mkdir()
    return CliHarness(folder, kling, env={"VOICES_KEY": PASSPHRASE, "TMPDIR": str(tmp_path)})


def declare(cli: CliHarness, *addresses: str, encryption: Any = ENCRYPTION, **more: Any) -> None:
    cli.write({address: voice(address) for address in addresses}, state={"encryption": encryption} | more)


def words(cli: CliHarness, kling: Watched) -> list[str]:
    """What must not be readable: addresses, names, URLs, ids, the manifest's name, the passphrase."""
    ids = [str(part) for task in kling.tasks for part in (task.task_id, task.voice_id) if len(str(part)) > 8]
    return [*VOICES, "cdn.example.com", kling.url, "kling", "voices.yaml", "voice_name", "vc-", PASSPHRASE, *ids]


def readable(cli: CliHarness, kling: Watched, folder: Path | None = None) -> dict[str, list[str]]:
    locks = ("voices.state.lock", ".gitignore")
    return found_in(folder or cli.folder, words(cli, kling), without=(*MANIFESTS, *locks))


def kept(cli: CliHarness) -> dict[str, Any]:
    """The state file, as it is stored."""
    found: dict[str, Any] = json.loads((cli.folder / "voices.state.json").read_bytes())
    return found


def test_a_state_is_encrypted_from_its_first_write(cli: CliHarness, kling: Watched) -> None:
    declare(cli, "narrator")
    cli.apply()
    declare(cli, *VOICES)
    cli.apply()
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert set(kept(cli)) == {"voicectl", "format", "kind", "lineage", "serial", "chain", "keys", "data"}
    assert readable(cli, kling) == {}
    assert cli.voicectl("output", "--json").json.keys() == set(VOICES)
    assert json.loads(cli.voicectl("state", "pull", code=0).out)["current"].keys() == set(VOICES)


def test_the_search_for_readable_words_finds_them_in_a_plain_state(cli: CliHarness, kling: Watched) -> None:
    cli.declare(*VOICES)
    cli.apply()
    assert "voices.state.json" in readable(cli, kling)


def test_a_killed_run_leaves_no_word_behind_and_is_continued(cli: CliHarness, kling: Watched) -> None:
    declare(cli, "narrator")
    cli.apply()
    declare(cli, *VOICES, "villain")
    run = cli.start("apply", "--auto-approve")
    kling.during("create", lambda: run.send_signal(signal.SIGKILL))
    run.communicate(timeout=60)
    assert run.returncode == -signal.SIGKILL
    assert (cli.folder / "voices.state.journal").exists()
    assert readable(cli, kling) == {}
    cli.apply()
    assert sorted(task.name for task in kling.tasks) == sorted([*VOICES, "villain"])
    assert readable(cli, kling) == {}


def test_a_rescue_copy_is_encrypted_and_can_be_pushed(cli: CliHarness, kling: Watched) -> None:
    declare(cli, "narrator")
    cli.apply()
    declare(cli, *VOICES)
    state = cli.folder / "voices.state.json"
    good = state.read_bytes()
    kling.during("create", lambda: state.write_bytes(good + b"\n"))
    refused = cli.apply(code=1)
    copy = cli.folder / "voices.state.rescue.json"
    assert str(copy.name) in refused.err
    assert readable(cli, kling) == {}
    assert json.loads(copy.read_bytes())["kind"] == "copy"
    cli.voicectl("state", "push", "--force", copy.name, code=0)
    cli.apply()
    assert sorted(task.name for task in kling.tasks) == sorted(VOICES)
    assert readable(cli, kling) == {}


def test_a_saved_plan_is_encrypted_shown_and_applied(cli: CliHarness, kling: Watched) -> None:
    declare(cli, *VOICES)
    cli.voicectl("plan", "--out", "p", code=0)
    cli.voicectl("plan", "--out", "p", code=0)  # over an encrypted plan
    assert readable(cli, kling) == {}
    assert "narrator" in cli.voicectl("show", "p", code=0).out
    cli.voicectl("apply", "p", code=0)
    assert kling.bought == 2
    assert "was applied already" in cli.voicectl("apply", "p", code=4).err
    without = {name: text for name, text in cli.env.items() if name != "VOICES_KEY"}
    refused = cli.voicectl("show", "p", env=without, code=1)
    assert "The plan file can't be read" in refused.err
    assert "VOICES_KEY is not set" in refused.err


def test_a_plan_saved_before_encryption_is_still_applied(cli: CliHarness, kling: Watched) -> None:
    cli.declare(*VOICES)
    cli.voicectl("plan", "--out", "p", code=0)
    declare(cli, *VOICES)
    cli.voicectl("apply", "p", code=0)
    assert readable(cli, kling).keys() == {"p"}


def test_an_encrypted_plan_without_settings_is_refused(cli: CliHarness) -> None:
    declare(cli, *VOICES)
    cli.voicectl("plan", "--out", "p", code=0)
    cli.declare(*VOICES)
    assert "state.encryption" in cli.voicectl("apply", "p", code=1).err


def test_an_edited_plan_is_refused(cli: CliHarness) -> None:
    declare(cli, *VOICES)
    cli.voicectl("plan", "--out", "p", code=0)
    plan = cli.folder / "p"
    found = json.loads(plan.read_bytes())
    plan.write_text(json.dumps(found | {"serial": found["serial"] + 1}))
    assert "it was edited" in cli.voicectl("apply", "p", code=1).err


# -- keys --------------------------------------------------------------------------------------------------------------


def test_without_its_key_a_state_names_the_key_and_not_its_passphrase(cli: CliHarness) -> None:
    declare(cli, *VOICES)
    cli.apply()
    name = kept(cli)["keys"][0]["id"]
    cli.env["VOICES_KEY"] = "another passphrase, also long"
    refused = cli.voicectl("plan", code=1).err
    assert "No key decrypts the state" in refused
    assert f"encrypted with a passphrase (id {name}). " in refused
    assert "state.encryption.passphrase_env: VOICES_KEY holds another passphrase (id " in refused
    del cli.env["VOICES_KEY"]
    assert "the variable VOICES_KEY is not set" in cli.voicectl("plan", code=1).err
    cli.env["VOICES_KEY"] = "short"
    refused = cli.voicectl("plan", code=1).err
    assert "too short" in refused
    assert "16 characters" in refused


def test_without_settings_an_encrypted_state_says_what_to_configure(cli: CliHarness) -> None:
    declare(cli, *VOICES)
    cli.apply()
    name = kept(cli)["keys"][0]["id"]
    cli.declare(*VOICES)
    for command in (("plan",), ("apply", "--auto-approve"), ("state", "pull"), ("output",)):
        refused = cli.voicectl(*command, code=1).err
        assert f"encrypted with a passphrase (id {name}), and the manifest" in refused.replace("\n", " ")
        assert "state.encryption" in refused
    assert kept(cli)["voicectl"] == "encrypted"


def test_a_key_is_rolled_over_with_the_old_one_for_reading(cli: CliHarness, kling: Watched) -> None:
    declare(cli, "narrator")
    cli.apply()
    before = [key["id"] for key in kept(cli)["keys"]]
    cli.env["NEW_KEY"] = "a new passphrase of the team"
    declare(cli, *VOICES, encryption={"passphrase_env": "NEW_KEY", "old": [ENCRYPTION]})
    cli.apply()
    after = [key["id"] for key in kept(cli)["keys"]]
    assert len(after) == 1
    assert after != before
    del cli.env["VOICES_KEY"]
    declare(cli, *VOICES, encryption={"passphrase_env": "NEW_KEY"})
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_key_file_and_a_command_serve_as_keys(cli: CliHarness, kling: Watched) -> None:
    (cli.folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    script = "import os; print(os.environ['VAULT'] * 2); os.write(2, b'careful')"
    cli.env |= {"VAULT": "fedcba9876543210", "VOICECTL_ALLOW_COMMANDS": "true"}
    command = [sys.executable, "-c", script]
    declare(cli, *VOICES, encryption={"key_file": "key", "command": command})
    cli.apply()
    assert len(kept(cli)["keys"]) == 2
    declare(cli, *VOICES, encryption={"command": command})
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    declare(cli, *VOICES, encryption={"key_file": "key"})
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    failing = [sys.executable, "-c", "import sys; sys.stderr.write('no such secret\\n'); sys.exit(3)"]
    declare(cli, *VOICES, encryption={"command": failing})
    assert "ended with 3: no such secret" in cli.voicectl("plan", code=1).err


def test_a_key_that_is_configured_but_not_there_stops_a_run_before_it_pays(cli: CliHarness, kling: Watched) -> None:
    (cli.folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    declare(cli, "narrator", encryption={"key_file": "key"})
    cli.apply()
    declare(cli, *VOICES, encryption={"key_file": "key", "passphrase_env": "NOT_SET"})
    assert cli.actions() == {"hero": "create"}
    refused = cli.apply(code=1)
    assert "NOT_SET is not set" in refused.err
    assert kling.bought == 1


# -- from and to plain -------------------------------------------------------------------------------------------------


def test_a_plain_state_is_refused_until_migrate_is_written(cli: CliHarness, kling: Watched) -> None:
    cli.declare("narrator")
    cli.apply()
    declare(cli, *VOICES)
    refused = cli.apply(code=1).err
    assert "The state is not encrypted" in refused
    assert "migrate: true" in refused
    declare(cli, *VOICES, encryption=ENCRYPTION | {"migrate": True})
    assert cli.actions() == {"hero": "create"}
    cli.apply()
    declare(cli, *VOICES)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert kling.bought == 2
    assert "voices.state.json" not in readable(cli, kling)


def test_a_plain_state_is_encrypted_at_once_by_rekey(cli: CliHarness, kling: Watched) -> None:
    cli.declare(*VOICES)
    cli.apply()
    declare(cli, *VOICES, encryption=ENCRYPTION | {"migrate": True})
    assert "remove migrate: true" in cli.voicectl("state", "rekey", code=0).err
    assert "voices.state.json" not in readable(cli, kling)
    declare(cli, *VOICES)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0


def test_a_plain_state_moves_to_an_encrypted_place(cli: CliHarness, kling: Watched) -> None:
    cli.declare(*VOICES)
    cli.apply()
    with StateServer() as server:
        url = f"{server.url}/state/voices"
        cli.write({a: voice(a) for a in VOICES}, state={"url": url, "encryption": ENCRYPTION})
        cli.voicectl("state", "migrate", code=0)
        assert cli.voicectl("plan", "--detailed-exitcode").code == 0
        (cli.folder / "stored").write_bytes(server.place(url).body)
        assert not {"stored", "voices.state.json"} & readable(cli, kling).keys()
        cli.voicectl("state", "migrate", "--to", "local", code=0)
        declare(cli, *VOICES)
        assert cli.voicectl("plan", "--detailed-exitcode").code == 0
        (cli.folder / "stored").write_bytes(server.place(url).body)
        assert not {"stored", "voices.state.json"} & readable(cli, kling).keys()
    assert kling.bought == 2


def test_the_journal_of_a_run_that_begins_on_a_plain_state_is_encrypted(cli: CliHarness, kling: Watched) -> None:
    cli.declare("narrator")
    cli.apply()
    declare(cli, *VOICES, encryption=ENCRYPTION | {"migrate": True})
    run = cli.start("apply", "--auto-approve")
    kling.during("create", lambda: run.send_signal(signal.SIGKILL))
    run.communicate(timeout=60)
    assert b"hero" not in (cli.folder / "voices.state.journal").read_bytes()
    cli.apply()
    assert sorted(task.name for task in kling.tasks) == sorted(VOICES)
    assert "voices.state.json" not in readable(cli, kling)


def test_a_plain_copy_is_encrypted_when_it_is_pushed_and_the_way_back_is_forced(
    cli: CliHarness, kling: Watched
) -> None:
    declare(cli, *VOICES)
    cli.apply()
    copy = cli.voicectl("state", "pull", code=0).out
    cli.voicectl("state", "push", "--force", "-", stdin=copy, code=0)
    assert readable(cli, kling) == {}
    cli.declare(*VOICES)
    cli.voicectl("state", "push", "-", stdin=copy, code=1)
    cli.voicectl("state", "push", "--force", "-", stdin=copy, code=0)
    assert cli.voicectl("plan", "--detailed-exitcode").code == 0
    assert "voices.state.json" in readable(cli, kling)


def test_the_lock_can_be_read_and_broken_without_any_key(cli: CliHarness, kling: Watched) -> None:
    declare(cli, *VOICES)
    cli.apply()
    declare(cli, *VOICES, "villain")
    run = cli.start("apply", "--auto-approve")
    kling.during("create", lambda: run.send_signal(signal.SIGKILL))
    run.communicate(timeout=60)
    lock = json.loads((cli.folder / "voices.state.lock").read_bytes())
    assert lock["operation"] == "apply"
    del cli.env["VOICES_KEY"]
    cli.voicectl("unlock", lock["lock_id"], code=0)


def test_a_lost_state_is_not_begun_anew_beside_its_encrypted_copy(cli: CliHarness, kling: Watched) -> None:
    """The copy is decrypted, so that a run knows what it holds."""
    declare(cli, *VOICES)
    cli.apply()
    cli.write({a: voice(a) for a in VOICES}, file="other.yaml", state={"encryption": ENCRYPTION})
    (cli.folder / "voices.yaml").unlink()
    refused = cli.voicectl("-f", "other.yaml", "apply", "--auto-approve", code=1).err
    assert "holds 2 voices of voices.yaml, which no longer exists" in refused.replace("\n", " ")
    cli.voicectl("-f", "other.yaml", "state", "mv-manifest", "voices.yaml", code=0)
    assert cli.voicectl("-f", "other.yaml", "plan", "--detailed-exitcode").code == 0
    assert readable(cli, kling) == {}


def test_a_state_that_left_an_encrypted_place_is_looked_for_elsewhere_once_the_manifest_names_no_key(
    cli: CliHarness,
) -> None:
    """The place holds an encrypted mark, which says that the state was moved."""
    with StateServer() as server:
        declare(cli, *VOICES)
        cli.apply()
        cli.voicectl("state", "migrate", "--to", f"{server.url}/state", code=0)
        cli.declare(*VOICES)
        refused = cli.voicectl("plan", code=1).err
    assert "is encrypted with a passphrase (id " in refused
    assert "if the state was moved from here, name its new place" in refused
