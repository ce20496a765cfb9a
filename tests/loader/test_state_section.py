"""The section `state:` is read also where the rest of the manifest is broken; a broken one is never ignored."""

from __future__ import annotations

from pathlib import Path

import pytest

from reconciler.errors import ManifestError
from reconciler.loader.build import load
from reconciler.loader.state_section import read_settings

PLACE = "s3://acme-states/voices"


def write(folder: Path, text: str, name: str = "voices.yaml") -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    "text",
    [
        f"version: 1\nstate: {PLACE}\n",
        f"version: 1\nstate:\n  url: {PLACE}\n  lease: 30s\n",
        f'{{"version": 1, "state": "{PLACE}"}}',
        f"state: {PLACE}\nvoices:\n  a: {{provider: nobody, create: {{}}}}\nunknown: 1\n",
        f"voices:\n  a: ${{env:NOT_SET}}\nstate: {PLACE}\n",
        f"voices:\n  a: [\nstate: {PLACE}\n",
        f"state:\n  url: {PLACE}  # ours\n\n  # more\n\nvoices:\n\t- broken by a tab\n",
        f"'state': {PLACE}\nvoices: {{\n",
        f"version: 1\n<<<<<<< HEAD\nvoices: {{}}\n=======\n>>>>>>> x\nstate: {PLACE}\n",
    ],
)
def test_the_place_is_known_whatever_else_is_wrong(tmp_path: Path, text: str) -> None:
    settings = read_settings(write(tmp_path, text), {})
    assert settings is not None
    assert settings.url == PLACE


@pytest.mark.parametrize(
    "text", ["version: 1\n", "", "voices:\n  a: [\n", "voices:\n  state: {}\n", "voices: {state: [\n"]
)
def test_without_a_section_there_is_no_place(tmp_path: Path, text: str) -> None:
    assert read_settings(write(tmp_path, text), {}) is None


def test_without_a_manifest_there_is_no_place(tmp_path: Path) -> None:
    assert read_settings(tmp_path / "gone.yaml", {}) is None


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("state: ftp://x/y\n", "1:8: state: a state's URL begins with one of"),
        ("state: {url: s3://a/b, leese: 3}\n", "1:24: state.leese: unknown key, did you mean lease?"),
        ("state:\n", "1:1: state: empty, should be a URL, or a mapping with url"),
        ("state: [a]\n", "1:8: state: a list, should be a URL, or a mapping with url"),
        ("state: ${env:NOT_SET}\n", "1:8: state: the environment variable NOT_SET is not set"),
        ("voices: [\nstate:\n  url: 'unclosed\n", "the quotes that are opened at 3:8 are never closed"),
        ('{"state": "s3://a/b", "voices": [}', "1:34"),
        ("state: {encryption: {migrate: true}}\n", "state.encryption: a key is needed: passphrase_env"),
        ("state: {lease: 0s}\n", "state.lease: "),
        (
            "state: {encryption: true}\n",
            "state.encryption: text, should be a mapping, such as {passphrase_env: VOICES_K",
        ),
        ("state: {encryption: {key_file: k, old: {}}}\n", "should be a list, such as [{passphrase_env: OLD_KEY}]"),
        ("state: {encryption: {key_file: k, old: [k]}}\n", "should be a mapping, such as {passphrase_env: OLD_KEY}"),
        ("state: {encryption: {command: pass show}}\n", "text, should be a list, such as [pass, show, voices]"),
        ("state: {dsn_env: a-b}\n", "digits and _); write the name of the variable, not what it holds"),
        ("state: {encryption: {passphrase_env: a-b}}\n", "_); write the name of the variable, not what it holds"),
        ("stat: s3://a/b\n", "1:1: stat: unknown key, did you mean state?"),
        ("version: 1\nstates: {url: s3://a/b}\nvoices: {}\n", "2:1: states: unknown key, did you mean state?"),
        ("voices: {\n\nState: s3://a/b\n", "3:1: State: unknown key, did you mean state?"),
        ('{"stat": "s3://a/b"}', "1:2: stat: unknown key, did you mean state?"),
    ],
)
def test_a_section_that_can_not_be_understood_is_an_error_and_never_the_local_file(
    tmp_path: Path, text: str, problem: str
) -> None:
    with pytest.raises(ManifestError) as caught:
        read_settings(write(tmp_path, text), {})
    assert problem in "\n".join(map(str, caught.value.problems))


@pytest.mark.parametrize(
    ("url", "settings", "problem"),
    [
        ("s3://a/b", "max_run: 1h", "state.max_run: only for https://; this state is at s3://, so remove it"),
        ("s3://a/b", "dsn_env: DSN", "state.dsn_env: only for postgresql://; this state is at s3://, so remove it"),
        (
            "postgresql:///db",
            "endpoint: https://x.example.com",
            "state.endpoint: only for s3://, gs:// and az://; this ",
        ),
        ("https://x.example.com/a", "lease: 60s", "state.lease: only for s3://, gs://, az:// and postgresql://; this "),
        (
            "local",
            "lease: 60s",
            "state.lease: only for s3://, gs://, az:// and postgresql://; this state is local, so ",
        ),
        ("local", "max_run: 1h", "state.max_run: only for https://; this state is local, so remove it"),
    ],
)
def test_a_setting_that_the_engine_does_not_use_is_an_error_at_its_position(
    tmp_path: Path, url: str, settings: str, problem: str
) -> None:
    path = write(tmp_path, f"version: 1\nstate:\n  url: {url}\n  {settings}\n")
    for read in (lambda: read_settings(path, {}), lambda: load(path, environ={})):
        with pytest.raises(ManifestError) as caught:
            read()
        assert f"4:3: {problem}" in str(caught.value)


@pytest.mark.parametrize(
    ("url", "settings"),
    [
        ("gs://a/b", "endpoint: https://x.example.com\n  lease: 60s\n  history: 3"),
        ("postgres:///db", "dsn_env: DSN\n  lease: 60s\n  history: 3"),
        ("http://127.0.0.1/a", "max_run: 1h\n  history: 3"),
        ("local", "history: 3"),
    ],
)
def test_each_engine_takes_its_own_settings(tmp_path: Path, url: str, settings: str) -> None:
    path = write(tmp_path, f"version: 1\nstate:\n  url: {url}\n  {settings}\n")
    assert read_settings(path, {}) is not None


def test_without_a_place_each_setting_may_be_meant(tmp_path: Path) -> None:
    """VOICECTL_STATE may name it."""
    path = write(tmp_path, "state: {lease: 60s, max_run: 1h, dsn_env: DSN}\n")
    assert read_settings(path, {}) is not None


def test_a_variable_may_name_the_place(tmp_path: Path) -> None:
    settings = read_settings(write(tmp_path, "state: {url: '${env:PLACE}', history: 3}\n"), {"PLACE": PLACE})
    assert settings is not None
    assert (settings.url, settings.history) == (PLACE, 3)


def test_a_secret_of_a_variable_is_not_shown(tmp_path: Path) -> None:
    with pytest.raises(ManifestError) as caught:
        read_settings(write(tmp_path, "state: ${env:PLACE}\n"), {"PLACE": "postgresql://ann:s3cr3t@db/voices"})
    assert "s3cr3t" not in "\n".join(map(str, caught.value.problems))
    assert "PGPASSWORD" in "\n".join(map(str, caught.value.problems))


def test_one_file_of_a_folder_names_the_place(tmp_path: Path) -> None:
    write(tmp_path, "version: 1\n", "a.yaml")
    write(tmp_path, f"state: {PLACE}\n", "b.yaml")
    settings = read_settings(tmp_path, {})
    assert settings is not None
    assert settings.url == PLACE
    write(tmp_path, f"state: {PLACE}\n", "c.yaml")
    with pytest.raises(ManifestError, match="state may be in one file only"):
        read_settings(tmp_path, {})
    with pytest.raises(ManifestError, match="state may be in one file only"):
        load(tmp_path, environ={})


def test_a_whole_manifest_has_the_same_settings(tmp_path: Path) -> None:
    path = write(tmp_path, f"version: 1\nstate: {{url: {PLACE}, lease: 30s}}\nproviders: {{}}\nvoices: {{}}\n")
    assert load(path, environ={}).state == read_settings(path, {})
    assert load(write(tmp_path, "version: 1\n"), environ={}).state is None
