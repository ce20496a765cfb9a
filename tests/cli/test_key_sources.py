"""A key that can't be had ends each command with an error that names its source, and never with a bug."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.engines.http_state_server import StateServer

pytest.importorskip("cryptography", reason="needs the extra [encryption]")

GOOD = {"key_file": "key"}
PRINTS_NOTHING = [sys.executable, "-c", "pass"]
FAILS = [sys.executable, "-c", "import sys; sys.exit('vault: sealed')"]

UNUSABLE: dict[str, tuple[dict[str, Any], str]] = {  # the encryption: the words of the error
    "variable unset": ({"passphrase_env": "VOICES_KEY"}, "the variable VOICES_KEY is not set"),
    "passphrase too short": ({"passphrase_env": "SHORT"}, "the passphrase in SHORT is too short"),
    "key file missing": ({"key_file": "absent"}, "absent can't be read: No such file or directory"),
    "key file too short": ({"key_file": "short"}, "short holds a key of 5 bytes"),
    "key file is a folder": ({"key_file": "."}, "can't be read: Is a directory"),
    "command not found": ({"command": ["no-such-tool"]}, "no-such-tool could not be started"),
    "command fails": ({"command": FAILS}, "ended with 1: vault: sealed"),
    "command prints nothing": ({"command": PRINTS_NOTHING}, "printed a key of 0 bytes"),
}
SEALED = [  # the commands that need the key of an encrypted state
    ("plan",),
    ("apply", "--auto-approve"),
    ("output",),
    ("drift",),
    ("show",),
    ("state", "list"),
    ("state", "pull"),
    ("state", "pull", "--serial", "{serial}"),
    ("state", "rekey"),
    ("state", "push", "copy.json"),
    ("state", "mv-manifest"),
    ("state", "migrate", "--to", "{elsewhere}"),
]
PLAIN = [("state", "rekey"), ("state", "push", "newer.json"), ("state", "migrate", "--to", "{elsewhere}")]
NEEDS_NO_KEY = [("validate",), ("state", "history"), ("schema", "manifest")]


def declare(cli: CliHarness, encryption: dict[str, Any], **more: Any) -> None:
    cli.write({"narrator": voice("narrator")}, state={"encryption": encryption | more})


@pytest.fixture
def elsewhere() -> Iterator[str]:
    with StateServer() as server:
        yield f"{server.url}/state"


@pytest.fixture
def sealed(cli: CliHarness) -> CliHarness:
    """An encrypted state of one voice, a plain copy of it, and files for keys that are none."""
    (cli.folder / "key").write_text("0123456789abcdef0123456789abcdef\n")
    (cli.folder / "short").write_text("12345\n")
    cli.env["SHORT"] = "abc"
    cli.env["VOICECTL_ALLOW_COMMANDS"] = "true"
    declare(cli, GOOD)
    cli.apply()
    copy = cli.voicectl("state", "pull", code=0).json
    for name, serial in (("copy.json", copy["serial"]), ("newer.json", copy["serial"] + 1)):
        (cli.folder / name).write_text(json.dumps(copy | {"serial": serial}))
    return cli


@pytest.fixture
def plain(sealed: CliHarness) -> CliHarness:
    """The same state, not encrypted yet."""
    (sealed.folder / "voices.state.json").write_bytes((sealed.folder / "copy.json").read_bytes())
    return sealed


def refusal(cli: CliHarness, words: tuple[str, ...], elsewhere: str) -> str:
    """What the command says. It ends with 1, and changes no file."""
    before = cli.files()
    serial = json.loads((cli.folder / "copy.json").read_text())["serial"]
    said = cli.voicectl(*(word.format(elsewhere=elsewhere, serial=serial) for word in words), code=1).err
    assert "voicectl has a bug" not in said
    assert cli.files() == before
    return said


@pytest.mark.parametrize("words", SEALED, ids=" ".join)
def test_a_command_that_needs_the_key_names_the_variable_that_is_not_set(
    sealed: CliHarness, words: tuple[str, ...], elsewhere: str
) -> None:
    declare(sealed, {"passphrase_env": "VOICES_KEY"})
    assert "the variable VOICES_KEY is not set" in refusal(sealed, words, elsewhere)


@pytest.mark.parametrize("words", PLAIN, ids=" ".join)
@pytest.mark.parametrize("source", UNUSABLE)
def test_a_plain_state_is_not_encrypted_with_a_key_that_cannot_be_had(
    plain: CliHarness, words: tuple[str, ...], source: str, elsewhere: str
) -> None:
    encryption, said = UNUSABLE[source]
    declare(plain, encryption, migrate=True)
    assert said in refusal(plain, words, elsewhere)


@pytest.mark.parametrize("source", UNUSABLE)
def test_a_plan_names_the_source_that_holds_no_key(sealed: CliHarness, source: str, elsewhere: str) -> None:
    encryption, said = UNUSABLE[source]
    declare(sealed, encryption)
    assert said in refusal(sealed, ("plan",), elsewhere)


@pytest.mark.parametrize("words", NEEDS_NO_KEY, ids=" ".join)
@pytest.mark.parametrize("source", UNUSABLE)
def test_a_command_that_shows_no_voice_needs_no_key(sealed: CliHarness, words: tuple[str, ...], source: str) -> None:
    declare(sealed, UNUSABLE[source][0])
    sealed.voicectl(*words, code=0)


@pytest.mark.parametrize("source", UNUSABLE)
def test_a_lock_is_found_or_not_without_a_key(sealed: CliHarness, source: str) -> None:
    declare(sealed, UNUSABLE[source][0])
    assert "is not locked" in sealed.voicectl("unlock", "01234567", code=1).err
