"""No command shows a secret: every command runs, in success, in failure and killed, and then the output is searched."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from reconciler.views.formats.registry import GITHUB, GITLAB, HTML, MARKDOWN
from tests.secrets.echoing import Echo, Folder
from tests.secrets.planted import PLACES
from tests.support.kling_socket import HtmlAnswer, JsonAnswer

API_KEY, NAMED = PLACES["KLING_API_KEY"], PLACES["a variable that credentials: names"]
PAIR = {"access_key": PLACES["KLING_ACCESS_KEY"], "secret_key": PLACES["KLING_SECRET_KEY"]}
# kind of credentials -> the keys of the cloud, the environment, the credentials of the provider
CREDENTIALS: dict[str, tuple[dict[str, str], dict[str, str], dict[str, str]]] = {
    "an API key": ({"api_key": API_KEY}, {"KLING_API_KEY": f"{API_KEY}\n"}, {}),
    "a key pair": (PAIR, {f"KLING_{name.upper()}": f"{key}\r\n" for name, key in PAIR.items()}, {}),
    "a variable of one's own": ({"api_key": NAMED}, {"STUDIO": f" {NAMED}\n"}, {"api_key_env": "STUDIO"}),
}

HTML_TOO = (HTML,) if find_spec("jinja2") is not None else ()  # of the extra [html]
REVIEWS = (MARKDOWN, GITHUB, GITLAB, *HTML_TOO)

with_all_credentials = pytest.mark.parametrize("kling", CREDENTIALS, indirect=True)
with_a_key_pair = pytest.mark.parametrize("kling", ["a key pair"], indirect=True)


@pytest.fixture
def kling(request: pytest.FixtureRequest) -> Iterator[Echo]:
    with Echo(**CREDENTIALS[request.param][0]) as cloud:
        yield cloud


@pytest.fixture
def folder(request: pytest.FixtureRequest, tmp_path: Path, kling: Echo) -> Folder:
    _, environ, named = CREDENTIALS[request.node.callspec.params["kling"]]
    made = Folder(tmp_path, kling)
    made.env = {name: value for name, value in made.env.items() if not name.startswith("KLING_")} | environ
    made.plant(named)
    return made


@with_a_key_pair
def test_a_successful_run_shows_no_secret(folder: Folder, kling: Echo) -> None:
    run = folder.run
    folder.env["VOICECTL_LOG"] = "debug"
    run("validate", "-v", code=0)
    for words in (["plan"], ["plan", "-v"], ["plan", "--json"], ["plan", "--out", "p"]):
        run(*words, code=0)
    for words in (["show", "p"], ["show", "p", "--json"]):
        run(*words, code=0)
    for name in REVIEWS:
        for words in (["plan"], ["show", "p"], ["drift"]):
            run(*words, "--format", name, code=None)
    run("apply", "p", "-v", code=0)
    sent = [call.body for call in kling.calls if call.operation == "create"]
    assert any(folder.env["TAKE"] in str(body) for body in sent)  # only the cloud gets the secret
    [other] = kling.add_foreign(f"http://b/?t={PLACES['the query of a URL in a voice_name']}")
    for words in (["output"], ["output", "hero"], ["show"], ["state", "list"], ["state", "show", "hero"], ["drift"]):
        run(*words, "--json", code=0)
        run(*words, code=0)
    for words in (["voices", "kling"], ["voices", "kling", "--json"], ["voices", "kling", "--unmanaged"]):
        assert "http://b/" in run(*words, code=0).out
    for name in HTML_TOO:
        for audio in ("link", "inline", "none"):
            for words in (["show"], ["plan", "--replace", "hero"], ["drift"]):
                run(*words, "--format", name, "--audio", audio, code=0)
    copy = run("state", "pull", code=0).out
    run("state", "push", "--force", "-", stdin=copy, code=0)
    run("state", "mv", "hero", "heroine", code=0)
    run("plan", "-v", code=0)
    run("state", "mv", "heroine", "hero", code=0)
    run("state", "rebind", "kling", code=0)
    run("state", "rebuild", "-v", code=0)
    run("state", "rm", "hero", code=0)
    run("import", "hero", other, "-v", code=0)
    run("plan", "--replace", "hero", "--json", code=0)
    run("apply", "--auto-approve", "--replace", "hero", "--json", "-v", code=0)
    run("destroy", "--auto-approve", "-v", code=0)
    assert folder.leaks(more=frozenset(kling.tokens)) == []


@with_all_credentials
def test_a_refusal_shows_no_secret_however_the_cloud_echoes_it(folder: Folder, kling: Echo) -> None:
    run = folder.run
    folder.env["VOICECTL_LOG"] = "debug"
    kling.refuses = True
    ran = run("-f", "echoes.yaml", "apply", "--auto-approve", "-v", code=1)
    assert "echo-0: create: failed: POST /v1/general/custom-voices: HTTP 400, code 1201: Refused: Bearer ***" in ran.out
    kling.refuses = False
    for words in (["plan"], ["plan", "--json"], ["plan", "--out", "p"], ["show"], ["show", "p"], ["state", "pull"]):
        run("-f", "echoes.yaml", *words, code=0)
    for name in REVIEWS:
        run("-f", "echoes.yaml", "plan", "--format", name, code=0)
    assert folder.leaks(more=frozenset(kling.tokens)) == []


@with_a_key_pair
def test_a_later_failure_shows_no_secret(folder: Folder, kling: Echo) -> None:
    """The message of a failed task is kept in the state, and a later run reads it again from the cloud.

    The later run does not know the tokens of the earlier one, but it knows the keys that they were made from. So at
    most the signature of a broken up token can be left: it gives no access, and is not searched for.
    """
    kling.fails = True
    folder.run("-f", "echoes.yaml", "apply", "--auto-approve", "--json", code=1)
    for words in (["plan"], ["show", "--json"], ["voices", "kling"], ["voices", "kling", "--json"]):
        assert "Refused: " in folder.run("-f", "echoes.yaml", *words, code=0).out
    for path in folder.folder.glob("echoes.state.*"):
        path.unlink()
    folder.run("-f", "echoes.yaml", "plan", "-v")
    assert folder.leaks(more=frozenset(token.rpartition(".")[0] for token in kling.tokens)) == []


@with_all_credentials
@pytest.mark.parametrize("answer", ["401", "502", "redirect"])
def test_an_unreadable_answer_shows_no_secret(folder: Folder, kling: Echo, answer: str) -> None:
    folder.env["VOICECTL_LOG"] = "debug"
    folder.run("voices", "kling", code=0)
    words = kling.said()
    answers: dict[str, JsonAnswer | HtmlAnswer] = {
        "401": JsonAnswer(401, {"code": 1002, "message": words, "request_id": words}),
        "502": HtmlAnswer(502, f"<html><body>{words}</body></html>"),
        "redirect": JsonAnswer(302, {"code": 0}, {"Location": f"https://sso.example.com/{words}?back={words}"}),
    }
    kling.reads = answers[answer]
    assert "***" in folder.run("voices", "kling", "-v", code=1).err
    assert folder.leaks(more=frozenset(kling.tokens)) == []


@with_a_key_pair
def test_what_is_killed_half_way_leaves_nothing(folder: Folder, kling: Echo) -> None:
    folder.run("apply", "--auto-approve", code=0)  # so that a state exists and later runs write a journal
    kling.before = len(kling.tasks)
    replaced = [word for name in ("hero", "bare", "named") for word in ("--replace", name)]
    kling.kills = running = folder.start("apply", "--auto-approve", "-v", *replaced)
    folder.look_at(running.pid)
    folder.hear(running)
    assert running.returncode == -signal.SIGKILL
    kling.kills = None
    assert (folder.folder / "voices.state.journal").exists()
    assert (folder.folder / "voices.state.lock").exists()
    assert folder.leaks(more=frozenset(kling.tokens)) == []

    folder.run("plan", "-v", code=0)
    folder.run("apply", "--auto-approve", code=0)
    folder.run("destroy", "--auto-approve", code=0)
    assert folder.leaks(more=frozenset(kling.tokens)) == []


@with_a_key_pair
def test_an_interrupted_run_shows_no_secret(folder: Folder, kling: Echo) -> None:
    kling.task_seconds = 30
    running = folder.start("apply", "--auto-approve", "-v")
    while kling.count("create") < 3:
        time.sleep(0.01)
        assert running.poll() is None
    folder.look_at(running.pid)
    running.send_signal(signal.SIGINT)
    folder.hear(running)
    assert running.returncode == 130
    assert folder.leaks(more=frozenset(kling.tokens)) == []


@with_a_key_pair
def test_an_unknown_outcome_shows_no_secret(folder: Folder, kling: Echo) -> None:
    """A lost reply and then a refusal: the voice is uncertain, with a message of the cloud."""
    kling.refuse("create", 500, 5000, kling.said(), times=3)
    kling.refused |= {"hero": f"{kling.said()} {folder.env['TAKE']}", "bare": kling.said()}
    folder.run("apply", "--auto-approve", "-v", code=1)
    for words in (["plan"], ["plan", "--json"], ["output", "--json"], ["state", "pull"]):
        folder.run(*words, code=0)
    assert "uncertain" in json.dumps(folder.state)
    folder.run("resolve", "hero", "--voice-id", "1", "-v", code=1)
    folder.run("resolve", "hero", "--forget", code=0)
    folder.run("resolve", "bare", "--retry", code=0)
    assert folder.leaks(more=frozenset(kling.tokens)) == []
