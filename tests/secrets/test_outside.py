"""Proxies, the sandbox and the modes of files show no secret either."""

from __future__ import annotations

import signal
import subprocess
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.secrets.echoing import Echo, Folder
from tests.secrets.planted import PLACES
from tests.support.cli_harness import COMMAND
from tests.support.forward_proxy import ForwardProxy

_NAME_IN_THE_CLOUD = "the query of a URL in a voice_name in .voicectl/world.db"


@pytest.fixture
def kling() -> Iterator[Echo]:
    with Echo(api_key=PLACES["KLING_API_KEY"]) as cloud:
        yield cloud


@pytest.fixture
def folder(tmp_path: Path, kling: Echo) -> Folder:
    made = Folder(tmp_path, kling, env={"KLING_API_KEY": PLACES["KLING_API_KEY"]})
    made.plant()
    return made


# -- proxies -----------------------------------------------------------------------------------------------------------


def refusal(user: str, password: str) -> bytes:
    """A response of a proxy that echoes the user and the password."""
    known = b64encode(f"{user}:{password}".encode()).decode()
    words = f"no {password} or Basic {known}"
    return f"HTTP/1.1 407 {words}\r\nContent-Length: {len(words)}\r\n\r\n{words}".encode()


@pytest.mark.parametrize("variable", ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"])
@pytest.mark.parametrize("user", ["me", ""])
def test_a_proxy_that_echoes_its_password_gives_nothing_away(folder: Folder, variable: str, user: str) -> None:
    password = PLACES[f"the password of {variable}"]
    with ForwardProxy(refuses=refusal(user, password)) as proxy:
        folder.env[variable] = f"http://{user}:{password}@{proxy.host}"
        if variable == "HTTPS_PROXY":
            folder.write({}, providers={"kling": {"type": "kling", "endpoint": "https://kling.example.com"}})
        ran = folder.run("voices", "kling", "-v", code=1)
        assert proxy.seen
    assert "***" in ran.err
    assert folder.leaks() == []


@pytest.mark.parametrize("proxy", ["http://me:{}@", "http://me:{}@[::1", "socks5://me:{}@127.0.0.1:1", "me:{}@h:1\n"])
def test_an_invalid_proxy_is_not_quoted(folder: Folder, proxy: str) -> None:
    folder.env["ALL_PROXY"] = proxy.format(PLACES["the password of ALL_PROXY"])
    folder.run("voices", "kling", "-v", code=1)
    assert folder.leaks() == []


# -- manifests that are wrong ------------------------------------------------------------------------------------------


def test_a_broken_manifest_is_not_quoted(folder: Folder) -> None:
    mark = PLACES["the query of a URL that is no URL"]
    for number, line in enumerate(
        [
            f"voice_url: 'https://cdn.example.com:x/?a={mark}'",
            f"voice_url: 'ftp://cdn.example.com/?a={mark}'",
            f"voice_url: 'https://cdn.example.com/a.ogg?a={mark}'",
            f"voice_url: 'https://cdn.example.com/a b?a={mark}'",
            f"voice_url: ['https://cdn.example.com/?a={mark}']",
            f"voice_url: 'https://cdn.example.com/?a={mark}', video_id: 'https://cdn.example.com/?a={mark}'",
            f"voice_ulr: 'https://cdn.example.com/?a={mark}'",
            f"voice_url: https://cdn.example.com/?a={mark}: x",
            f"voice_url: 'https://cdn.example.com/?a={mark}",
            f"voice_name: 'https://cdn.example.com/?a={mark}'",
        ]
    ):
        text = f"providers: {{kling: {{type: kling}}}}\nvoices:\n  a: {{provider: kling, create: {{{line}}}}}\n"
        (folder.folder / f"{number}.yaml").write_text(text)
        folder.run("-f", f"{number}.yaml", "validate", "-v", code=1)
    account = f"{{type: kling, endpoint: 'https://u:{mark}@kling.example.com/?a={mark}'}}"
    (folder.folder / "account.yaml").write_text(f"providers: {{kling: {account}}}\n")
    folder.run("-f", "account.yaml", "validate", code=1)
    key = f"{{type: kling, credentials: {{api_key_env: '{mark}'}}}}"
    (folder.folder / "key.yaml").write_text(f"providers: {{kling: {key}}}\n")
    folder.run("-f", "key.yaml", "validate", code=1)
    assert folder.leaks() == []


def test_a_key_with_a_line_break_inside_is_not_quoted(folder: Folder) -> None:
    folder.env["KLING_API_KEY"] = PLACES["KLING_API_KEY"].replace("/", "\n")
    assert "without line breaks" in folder.run("voices", "kling", "-v", code=1).err
    assert folder.leaks() == []


# -- the sandbox: a cloud, which knows its voices by name --------------------------------------------------------------


def test_the_sandbox_stores_no_secret(folder: Folder) -> None:
    folder.run("--sandbox", "apply", "--auto-approve", "-v", code=0)
    folder.run("sandbox", "faults", "fail=1", "-v", code=0)
    folder.run("--sandbox", "apply", "--auto-approve", "--replace", "hero", "--replace", "bare", "-v", code=1)
    for words in (["plan"], ["drift"], ["show"], ["voices", "kling"], ["state", "pull"], ["output", "--json"]):
        folder.run("--sandbox", *words)
    assert {".voicectl/world.db", ".voicectl/voices.state.json"} <= folder.files().keys()
    assert folder.leaks() == [_NAME_IN_THE_CLOUD]
    folder.run("sandbox", "faults", "--clear", code=0)
    folder.run("--sandbox", "destroy", "--auto-approve", code=0)
    folder.run("sandbox", "reset", code=0)
    assert folder.leaks() == []


@contextmanager
def served(folder: Folder) -> Iterator[str]:
    """Starts `sandbox serve`, and yields its URL. Keeps its log at the end."""
    server = subprocess.Popen(
        [*COMMAND, "sandbox", "serve", "--port", "0", "-v"],
        cwd=folder.folder,
        env=folder.env,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert server.stdout is not None
    try:
        yield server.stdout.readline().decode().removeprefix("The sandbox listens at ").strip()
    finally:
        server.terminate()
        folder.hear(server)


def test_the_log_of_a_served_sandbox_holds_no_secret(folder: Folder) -> None:
    with served(folder) as url:
        folder.plant(endpoint=url)
        folder.run("apply", "--auto-approve", "-v", code=1)  # the server does not accept the key
        folder.env["KLING_API_KEY"] = "sandbox-default"
        folder.run("apply", "--auto-approve", "-v", code=0)
    assert "POST /v1/general/custom-voices 200" in b"".join(content for _, content in folder.output).decode()
    assert folder.leaks() == [_NAME_IN_THE_CLOUD]


# -- who may read the files --------------------------------------------------------------------------------------------


@pytest.mark.parametrize("umask", [0o022, 0o027, 0o077])
def test_no_file_is_open_to_more_people_than_the_umask_says(folder: Folder, umask: int) -> None:
    def run(*words: str) -> None:
        subprocess.run([*COMMAND, *words], cwd=folder.folder, env=folder.env, umask=umask, check=True, timeout=60)

    run("plan", "--out", "p")
    run("apply", "--auto-approve")
    run("apply", "--auto-approve", "--replace", "hero")
    run("--sandbox", "apply", "--auto-approve")
    modes = {
        str(path.relative_to(folder.folder)): path.stat().st_mode & 0o777
        for path in folder.folder.rglob("*")
        if path.suffix != ".yaml"
    }
    assert {"p", "voices.state.json", "voices.state.backup", ".voicectl", ".voicectl/world.db"} <= modes.keys()
    assert {name: oct(mode) for name, mode in modes.items() if mode & umask} == {}
    assert modes["voices.state.json"] == modes["voices.state.backup"] == 0o600
    assert modes[".voicectl"] == 0o700


def test_a_state_that_was_opened_to_a_group_stays_so(folder: Folder) -> None:
    folder.run("apply", "--auto-approve", code=0)
    state = folder.folder / "voices.state.json"
    state.chmod(0o640)
    folder.run("apply", "--auto-approve", "--replace", "hero", code=0)
    assert state.stat().st_mode & 0o777 == 0o640


def test_the_files_of_a_run_are_its_owners_alone(folder: Folder, kling: Echo) -> None:
    folder.run("apply", "--auto-approve", code=0)  # so that a state exists and later runs write a journal
    kling.before = len(kling.tasks)
    replaced = [word for name in ("hero", "bare", "named") for word in ("--replace", name)]
    kling.kills = running = folder.start("apply", "--auto-approve", *replaced)
    folder.hear(running)
    assert running.returncode == -signal.SIGKILL
    for name in ("voices.state.journal", "voices.state.lock"):
        assert (folder.folder / name).stat().st_mode & 0o777 == 0o600


def test_what_is_shown_of_a_link_says_whether_it_changed(folder: Folder) -> None:
    before, again = (folder.run("plan", "--json", code=0).json["changes"] for _ in range(2))
    folder.env["TAKE"] = "another"
    after = folder.run("plan", "--json", code=0).json["changes"]
    [hero] = [change["after"]["voice_url"] for change in before if change["address"] == "hero"]
    assert hero.startswith("https://***@cdn.example.com/hero.mp3?#sha256:")
    assert before == again
    assert before != after
