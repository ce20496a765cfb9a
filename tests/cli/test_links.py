"""A link that is signed anew costs nothing, from the manifest to the cloud."""

from __future__ import annotations

import json
from typing import Any

import pytest

from reconciler.model.signatures import OLDEST
from reconciler.model.urls import shown
from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import KlingService

LINK = "https://media.example.com/{path}?{content}t={n}&exper=0&rlimit=3&us=72d4{n}&sign=3d8488faeb4bc6c2{n}"


def link(n: int, *, path: str = "hero.mp3", content: str = "") -> str:
    return LINK.format(n=n, path=path, content=content)


def declare(cli: CliHarness, url: str, *, provider: dict[str, Any] | None = None, **entry: Any) -> None:
    account = {"type": "kling", "endpoint": cli.kling.url} | (provider or {})
    cli.write({"hero": voice("hero", voice_url=url) | entry}, providers={"kling": account})


def as_the_version_before_kept_it(cli: CliHarness, url: str) -> None:
    """The state as it would be, had that version written it."""
    path = cli.folder / "voices.state.json"
    state = json.loads(path.read_text())
    for record in state["records"].values():
        del record["links"]
        record["sent"]["voice_url"] = shown(url, OLDEST)
    path.write_text(json.dumps(state))


def test_another_signature_is_not_a_change_and_another_path_is(cli: CliHarness, kling: KlingService) -> None:
    declare(cli, link(1))
    cli.apply()
    declare(cli, link(2))
    assert cli.actions() == {}
    assert "No changes" in cli.apply().out
    declare(cli, link(2, path="heroine.mp3"))
    assert cli.actions() == {"hero": "replace"}
    assert kling.bought == 1


def test_an_older_state_is_kept_and_noted_again(cli: CliHarness, kling: KlingService) -> None:
    declare(cli, link(1))
    cli.apply()
    as_the_version_before_kept_it(cli, link(1))
    assert cli.actions() == {}
    declare(cli, link(2))
    said = cli.voicectl("plan", code=0).out
    assert "update hero (kling): only the signature of voice_url differs; changes the state only, no call" in said
    assert "paid" not in said
    calls = kling.count("create") + kling.count("delete")
    cli.apply()
    assert kling.count("create") + kling.count("delete") == calls
    declare(cli, link(3))
    assert cli.actions() == {}


def test_the_plan_names_the_way_to_keep_the_voice(cli: CliHarness, kling: KlingService) -> None:
    declare(cli, link(1, content="v=one-secret&"))
    cli.apply()
    declare(cli, link(2, content="v=other-secret&"))
    way = (
        "only the query of voice_url differs (?v=): if it only signs the link, "
        "write signing_parameters: [v] at the entry or at the provider"
    )
    plain = cli.voicectl("plan", code=0).out
    assert way in plain
    assert "1 paid call" in plain
    assert cli.plan()["changes"][0]["reason"] == way
    assert "secret" not in plain + json.dumps(cli.plan()) + json.dumps(cli.state)


@pytest.mark.parametrize("where", ["entry", "provider", "defaults"])
def test_a_parameter_named_later_keeps_the_voice(cli: CliHarness, kling: KlingService, where: str) -> None:
    declare(cli, link(1, content="V=1&"))
    cli.apply()
    named = {"signing_parameters": ["v"]}
    account = {"type": "kling", "endpoint": kling.url} | (named if where == "provider" else {})

    def renewed(n: int, content: str) -> None:
        entry = voice("hero", voice_url=link(n, content=content)) | (named if where == "entry" else {})
        defaults = named if where == "defaults" else {}
        cli.write({"hero": entry}, providers={"kling": account}, defaults=defaults)

    renewed(2, "V=2&")
    assert cli.actions() == {"hero": "update"}
    cli.apply()
    renewed(3, "V=3&")
    assert cli.actions() == {}
    renewed(3, "V=3&id=7&")
    assert cli.actions() == {"hero": "replace"}
    assert kling.bought == 1


def test_a_saved_plan_holds_when_the_link_is_signed_again(cli: CliHarness, kling: KlingService) -> None:
    declare(cli, link(1))
    cli.voicectl("plan", "--out", "hero.plan", code=0)
    declare(cli, link(2))
    cli.voicectl("apply", "hero.plan", "--auto-approve", code=0)
    assert kling.bought == 1
    declare(cli, link(2, content="v=1&"))
    cli.voicectl("plan", "--out", "next.plan", code=0)
    declare(cli, link(2, content="v=2&"))
    assert cli.voicectl("apply", "next.plan", "--auto-approve").code == 4
    assert kling.bought == 1


def test_an_imported_voice_keeps_a_note_of_its_link(cli: CliHarness, kling: KlingService) -> None:
    (voice_id,) = kling.add_foreign("hero")
    declare(cli, link(1))
    cli.voicectl("import", "hero", voice_id, code=0)
    declare(cli, link(2))
    assert cli.actions() == {}
    assert kling.bought == 0


def test_a_lost_state_knows_the_voice_by_an_older_marker(cli: CliHarness, kling: KlingService) -> None:
    declare(cli, link(1))
    cli.apply()
    (cli.folder / "voices.state.json").unlink()
    for left in cli.folder.glob("voices.state*"):
        left.unlink()
    assert cli.actions() == {"hero": "blocked"}
    declare(cli, link(2))
    assert cli.actions() == {"hero": "blocked"}


def test_what_people_are_shown_of_a_link_stays_short(cli: CliHarness) -> None:
    declare(cli, link(1, content="v=1&"))
    cli.apply()
    record = cli.voicectl("state", "show", "hero", code=0).out
    assert "hero.mp3?#sha256:" in record
    assert "rules=" not in record
    assert "rules=2" in json.dumps(cli.state)
