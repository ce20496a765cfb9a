"""The sources of keys: what counts as a key, and what a message says."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from reconciler.backends.encryption.key_sources import KeySource, SourceUnusable, sources_of
from reconciler.errors import CommandNotAllowed, UsageError
from reconciler.model.state_settings import Encryption

TEXT = "0123456789abcdef0123456789abcdef"


def source(folder: Path, environ: dict[str, str] | None = None, **settings: object) -> KeySource:
    made = Encryption.model_validate(settings)
    (found,) = sources_of(made, folder=folder, environ=environ or {}, allow_commands=True).current
    return found


def test_a_passphrase_is_a_variable_of_16_characters(tmp_path: Path) -> None:
    key = source(tmp_path, {"KEY": "  sixteen letters!\n"}, passphrase_env="KEY")
    assert key.read() == b"sixteen letters!"
    assert key.stretched
    with pytest.raises(
        UsageError, match=r"passphrase_env: the passphrase in KEY is too short.*16 characters"
    ) as caught:
        source(tmp_path, {"KEY": "fifteen letters"}, passphrase_env="KEY").read()
    assert "fifteen" not in str(caught.value)
    for environ in ({}, {"KEY": " "}):
        with pytest.raises(SourceUnusable, match="the variable KEY is not set"):
            source(tmp_path, environ, passphrase_env="KEY").read()


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_the_line_end_of_a_text_is_not_part_of_the_key(tmp_path: Path, ending: str) -> None:
    (tmp_path / "key").write_text(TEXT + ending, newline="")
    assert source(tmp_path, key_file="key").read() == TEXT.encode()


def test_a_binary_key_is_taken_as_it_is(tmp_path: Path) -> None:
    content = bytes(range(223, 254)) + b"\n"
    (tmp_path / "key").write_bytes(content)
    assert source(tmp_path, key_file=str(tmp_path / "key")).read() == content


def test_a_key_file_that_is_short_huge_or_missing_is_refused_without_its_content(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("short and secret")
    with pytest.raises(UsageError, match="a key of 16 bytes: it needs 32 or more") as caught:
        source(tmp_path, key_file="key").read()
    assert "secret" not in str(caught.value)
    (tmp_path / "key").write_bytes(b"x" * 65_000)
    with pytest.raises(UsageError, match="is not a key file: over 64,000 bytes"):
        source(tmp_path, key_file="key").read()
    for path in ("nowhere", ".", "a\0b"):
        with pytest.raises(SourceUnusable, match="can't be read"):
            source(tmp_path, key_file=path).read()


def test_a_command_prints_a_key(tmp_path: Path) -> None:
    key = source(tmp_path, command=[sys.executable, "-c", f"print('{TEXT}')"])
    assert key.read() == TEXT.encode()
    with pytest.raises(UsageError, match="printed a key of 5 bytes"):
        source(tmp_path, command=[sys.executable, "-c", "print('short')"]).read()
    with pytest.raises(SourceUnusable, match=r"state\.encryption\.command: .* ended with 1"):
        source(tmp_path, command=[sys.executable, "-c", "raise SystemExit(1)"]).read()


def test_a_command_is_not_started_unless_the_user_allows_it(tmp_path: Path) -> None:
    settings = Encryption.model_validate({"command": ["touch", "it ran"], "old": [{"command": ["touch", "it ran"]}]})
    found = sources_of(settings, folder=tmp_path, environ={})
    for key, option in zip((*found.current, *found.old), ("encryption", r"encryption\.old\[0\]"), strict=True):
        with pytest.raises(CommandNotAllowed, match=rf"state\.{option}\.command would start: touch 'it ran'"):
            key.read()
    assert not (tmp_path / "it ran").exists()


def test_each_source_is_a_key_and_old_ones_are_apart(tmp_path: Path) -> None:
    settings = {"passphrase_env": "A", "key_file": "b", "old": [{"passphrase_env": "C"}]}
    found = sources_of(Encryption.model_validate(settings), folder=tmp_path, environ={"A": "x" * 20, "C": "y" * 20})
    assert [each.stretched for each in found.current] == [True, False]
    assert [each.read() for each in found.old] == [b"y" * 20]


def test_nothing_shows_a_passphrase_or_the_environment(tmp_path: Path) -> None:
    environ = {"KEY": "correct horse battery staple"}
    for settings in ({"passphrase_env": "KEY"}, {"command": ["pass", "show"]}):
        assert "horse" not in repr(source(tmp_path, environ, **settings))
