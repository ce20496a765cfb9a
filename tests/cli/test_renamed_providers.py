"""A voice moves from one provider name to another: one account, two accounts, and where that can't be told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.cli_harness import CliHarness, voice
from tests.support.kling_service import OWEN, KlingService, Spoil

NO_CALL = "changes the state only, no call: same account under another name"
THEIRS = "kling-api-key-of-another-account"


class TwoNames(CliHarness):
    """The account as `old` by its access keys, and as `new` by an API key: the credentials differ."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self.env["NEW_KEY"] = self.kling.api_key

    def of(self, provider: str, *addresses: str, old: bool = True, **voices: Mapping[str, Any]) -> None:
        """Declares these voices at that provider."""
        entries = {a: voice(a) for a in addresses} | voices
        providers: dict[str, Any] = {
            "old": {"type": "kling", "endpoint": self.kling.url},
            "new": {"type": "kling", "endpoint": self.kling.url, "credentials": {"api_key_env": "NEW_KEY"}},
        }
        if not old:
            del providers["old"]
        self.write({a: {"provider": provider} | _without_provider(v) for a, v in entries.items()}, providers=providers)

    def records(self) -> list[tuple[str, str, str]]:
        """Provider, address and status of each record."""
        return sorted((r["provider"], r["address"], r["status"]) for r in self.state["records"].values())


def _without_provider(entry: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in entry.items() if key != "provider"}


@pytest.fixture
def cli(tmp_path: Path, kling: KlingService) -> TwoNames:
    cli = TwoNames(tmp_path, kling)
    cli.of("old", "narrator", "hero")
    cli.apply()
    kling.calls.clear()
    return cli


@pytest.fixture
def other(cli: TwoNames, kling: KlingService) -> Iterator[KlingService]:
    """What the endpoint answers to the API key that `new` has from now on: an empty account, unless a test says."""
    cli.env["NEW_KEY"] = THEIRS
    with KlingService(api_key=THEIRS, first_id=1001) as service:  # no two accounts share an id
        kling.neighbours.append(service)
        yield service


@pytest.fixture
def theirs(other: KlingService) -> KlingService:
    """An account of somebody else's."""
    other.owner = "99887766"
    other.add_foreign("somebody's")
    return other


# -- one account -------------------------------------------------------------------------------------------------------


def test_the_voice_stays_and_no_call_but_lists_is_made(cli: TwoNames, kling: KlingService) -> None:
    held = cli.voice_id("narrator"), cli.voice_id("hero")
    cli.of("new", "narrator", "hero")
    told = cli.voicectl("plan", code=0).out
    assert f"~ update narrator (new): {NO_CALL}" in told
    assert '"old" -> "new"' in told
    assert "Plan: 2 to update." in told
    cli.apply()
    assert (cli.voice_id("narrator"), cli.voice_id("hero")) == held
    assert {call.operation for call in kling.calls} == {"list"}
    assert cli.records() == [("new", "hero", "ready"), ("new", "narrator", "ready")]


def test_the_second_apply_has_nothing_to_do_and_the_old_name_may_go(cli: TwoNames, kling: KlingService) -> None:
    cli.of("new", "narrator", "hero")
    cli.apply()
    assert "No changes." in cli.apply().out
    cli.of("new", "narrator", "hero", old=False)
    assert "No changes." in cli.voicectl("plan", "--detailed-exitcode", code=0).out
    assert "No drift." in cli.voicectl("drift", code=0).out
    assert kling.count("create") == kling.count("delete") == 0


def test_one_entry_moves_and_the_others_stay(cli: TwoNames) -> None:
    cli.of("old", "narrator", hero=voice("hero"))
    manifest = cli.folder / "voices.yaml"
    told = json.loads(manifest.read_text())
    told["voices"]["hero"]["provider"] = "new"
    manifest.write_text(json.dumps(told))
    assert cli.actions() == {"hero": "update"}
    cli.apply()
    assert cli.records() == [("new", "hero", "ready"), ("old", "narrator", "ready")]
    assert cli.actions() == {}


def test_there_and_back_costs_nothing(cli: TwoNames, kling: KlingService) -> None:
    for provider in ("new", "old", "new"):
        cli.of(provider, "narrator", "hero")
        cli.apply()
    assert kling.count("create") == kling.count("delete") == 0


def test_fifty_voices_of_a_renamed_provider_take_one_list_for_each_name(tmp_path: Path, kling: KlingService) -> None:
    cli = TwoNames(tmp_path, kling)
    addresses = [f"v{number:02}" for number in range(50)]
    cli.of("old", *addresses)
    cli.apply()
    kling.calls.clear()
    cli.of("new", *addresses)
    cli.apply()
    assert [provider for provider, _, status in cli.records() if status == "ready"] == ["new"] * 50
    assert {call.operation for call in kling.calls} == {"list"}
    assert kling.count("list") <= 4  # a page of each name, and an empty one after it


def test_an_entry_renamed_at_the_same_time_keeps_its_voice(cli: TwoNames, kling: KlingService) -> None:
    held = cli.voice_id("hero")
    cli.of("new", "narrator", heroine=voice("hero"))
    assert cli.actions() == {"narrator": "update", "heroine": "move"}
    cli.apply()
    assert cli.voice_id("heroine") == held
    assert cli.records() == [("new", "heroine", "ready"), ("new", "narrator", "ready")]
    assert "No changes." in cli.apply().out
    assert {call.operation for call in kling.calls} == {"list"}


def test_prevent_destroy_has_nothing_to_prevent(cli: TwoNames) -> None:
    kept = voice("narrator") | {"lifecycle": {"prevent_destroy": True}}
    cli.of("old", "hero", narrator=kept)
    cli.apply()
    cli.of("new", "hero", narrator=kept)
    assert cli.actions() == {"narrator": "update", "hero": "update"}
    cli.apply()


def test_another_endpoint_of_the_account_is_proven_by_what_it_shows(cli: TwoNames, kling: KlingService) -> None:
    through = {"type": "kling", "endpoint": kling.url.replace("127.0.0.1", "localhost")}
    entries = {a: voice(a) | {"provider": "new"} for a in ("narrator", "hero")}
    cli.write(entries, providers={"old": {"type": "kling", "endpoint": kling.url}, "new": through})
    assert cli.actions() == {"narrator": "update", "hero": "update"}
    cli.apply()
    assert cli.actions() == {}
    assert kling.count("create") == kling.count("delete") == 0


def test_other_inputs_are_a_new_voice_and_the_old_one_is_deleted_once(cli: TwoNames, kling: KlingService) -> None:
    old = cli.voice_id("narrator")
    cli.of("new", "hero", narrator=voice("narrator", voice_name="Better"))
    assert cli.actions() == {"narrator": "replace", "hero": "update"}
    cli.apply()
    assert (kling.count("create"), kling.count("delete")) == (1, 1)
    assert old not in kling.voices
    assert cli.voice_id("narrator") in kling.voices
    assert {provider for provider, *_ in cli.records()} == {"new"}


def test_the_generations_continue(cli: TwoNames, kling: KlingService) -> None:
    cli.apply("--replace", "narrator")
    cli.of("new", "narrator", "hero")
    cli.apply()
    cli.apply("--replace", "narrator")
    keys = [key for key, record in cli.state["records"].items() if record["address"] == "narrator"]
    assert sorted(key.rpartition("-")[2] for key in keys) == ["1", "2", "3"]


def test_an_interrupted_creation_is_found_under_the_other_name(cli: TwoNames, kling: KlingService) -> None:
    kling.task_seconds = 600
    cli.of("old", "narrator", "hero", villain=voice("villain"))
    process = cli.start("apply", "--auto-approve")
    while not kling.count("create"):
        pass
    process.kill()
    process.communicate()
    kling.task_seconds = 0
    for task in kling.tasks:
        task.seconds = 0.0
    cli.of("new", "narrator", "hero", "villain")
    assert cli.actions()["villain"] in ("recover", "resume")
    cli.apply()
    assert kling.bought == 1
    assert {provider for provider, *_ in cli.records()} == {"new"}


def test_a_failed_creation_is_not_bought_again_under_the_other_name(cli: TwoNames, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    cli.of("old", "narrator", "hero", "villain")
    cli.apply(code=1)
    cli.of("new", "narrator", "hero", "villain")
    told = cli.voicectl("plan", code=0).out
    assert "its creation failed: too noisy" in told
    assert "--retry villain" in told
    cli.apply(code=1)
    assert kling.bought == 1


def test_a_voice_removed_from_the_state_is_reused_under_the_other_name(cli: TwoNames, kling: KlingService) -> None:
    held = cli.voice_id("hero")
    cli.voicectl("state", "rm", "hero", code=0)
    cli.of("new", "narrator", "hero")
    assert cli.actions() == {"narrator": "update", "hero": "recover"}
    cli.apply()
    assert cli.voice_id("hero") == held
    assert kling.count("create") == kling.count("delete") == 0


def test_an_existing_voice_just_changes_its_name(cli: TwoNames, kling: KlingService) -> None:
    [voice_id] = kling.add_foreign("made elsewhere")
    guest = {"existing": {"voice_id": voice_id}}
    cli.of("old", "narrator", "hero", guest=guest)
    cli.apply()
    cli.of("new", "narrator", "hero", guest=guest)
    assert cli.actions()["guest"] == "update"
    cli.apply()
    assert ("new", "guest", "ready") in cli.records()
    assert voice_id in kling.voices


def test_an_official_voice_is_the_same_on_two_accounts(cli: TwoNames, theirs: KlingService) -> None:
    kept = {"preset": {"voice_id": OWEN}, "lifecycle": {"prevent_destroy": True}}
    cli.of("old", owen=kept)
    cli.apply("--allow-deletes", "2")
    cli.of("new", owen=kept)
    assert "an official voice, which new offers too" in cli.voicectl("plan", code=0).out
    cli.apply()
    assert cli.actions() == {}


# -- two accounts, or nobody can tell ----------------------------------------------------------------------------------


def test_two_accounts_at_one_endpoint_are_a_paid_replace(
    cli: TwoNames, kling: KlingService, theirs: KlingService
) -> None:
    cli.of("new", "narrator", "hero")
    told = cli.voicectl("plan", code=0).out
    assert "provider differs" in told
    assert "2 to replace; 2 paid calls" in told
    cli.apply("--allow-deletes", "2")
    assert (theirs.bought, kling.bought) == (2, 0)
    assert (kling.count("delete"), theirs.count("delete")) == (2, 0)
    assert kling.voices == {}
    assert cli.actions() == {}


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_hidden_owner_blocks_and_says_what_to_type(
    cli: TwoNames, kling: KlingService, other: KlingService, side: str
) -> None:
    other.tasks, other.hides_owner_from = kling.tasks, {THEIRS}
    account = {"type": "kling", "endpoint": kling.url}
    hiding = account | {"credentials": {"api_key_env": "NEW_KEY"}}
    entries = {a: voice(a) | {"provider": "new"} for a in ("narrator", "hero")}
    cli.write(entries, providers={"old": account, "new": account} | {side: hiding})
    told = cli.voicectl("plan", code=0).out
    assert f"{side} lists it without its owner" in told
    assert "voicectl state rebind new --from old" in told
    assert "voicectl apply --replace narrator" in told
    cli.apply(code=1)
    assert kling.count("create") == kling.count("delete") == other.count("create") == other.count("delete") == 0
    cli.write(entries, providers={"new": account})
    cli.voicectl("state", "rebind", "new", "--from", "old", code=0)
    assert cli.actions() == {}


def test_a_list_that_fails_blocks(cli: TwoNames, kling: KlingService, other: KlingService) -> None:
    other.tasks = kling.tasks
    other.refuse("list", 400, 1201, "no lists today", times=20)
    cli.of("new", "narrator", "hero")
    assert cli.actions() == {"narrator": "blocked", "hero": "blocked"}
    cli.apply(code=1)
    assert kling.count("create") == kling.count("delete") == other.count("create") == 0


def test_a_list_that_hides_one_of_them_blocks_that_one(cli: TwoNames, kling: KlingService, other: KlingService) -> None:
    other.tasks = [task for task in kling.tasks if task.name != "hero"]
    cli.of("new", "narrator", "hero")
    assert cli.actions() == {"narrator": "update", "hero": "blocked"}
    cli.apply(code=1)
    assert kling.count("create") == kling.count("delete") == other.count("create") == 0


def test_the_old_name_without_its_credentials_blocks(cli: TwoNames, kling: KlingService) -> None:
    cli.of("new", "narrator", "hero")
    del cli.env["KLING_ACCESS_KEY"], cli.env["KLING_SECRET_KEY"]
    cli.apply(code=1)
    assert kling.count("create") == kling.count("delete") == 0


# -- saved plans -------------------------------------------------------------------------------------------------------


def test_a_reviewed_move_is_applied(cli: TwoNames, kling: KlingService) -> None:
    cli.of("new", "narrator", "hero")
    cli.voicectl("plan", "--out", "plan.json", code=0)
    assert kling.api_key not in (cli.folder / "plan.json").read_text()
    cli.voicectl("apply", "plan.json", "--auto-approve", code=0)
    assert {provider for provider, *_ in cli.records()} == {"new"}


@pytest.mark.parametrize("names", [{"narrator": "narrator"}, {"narrator": "Better"}])
def test_a_reviewed_move_is_refused_once_the_credentials_are_of_another_account(
    cli: TwoNames, kling: KlingService, other: KlingService, names: Mapping[str, str]
) -> None:
    cli.env["NEW_KEY"] = kling.api_key
    cli.of("new", "hero", narrator=voice("narrator", voice_name=names["narrator"]))
    cli.voicectl("plan", "--out", "plan.json", code=0)
    cli.env["NEW_KEY"] = THEIRS
    refused = cli.voicectl("apply", "plan.json", "--auto-approve", code=4)
    assert "does not fit any more" in refused.err
    assert other.count("create") == kling.count("create") == kling.count("delete") == 0


def test_a_lost_reply_to_the_list_is_asked_again(cli: TwoNames, kling: KlingService) -> None:
    kling.spoil("list", Spoil.REPLY_LOST)
    cli.of("new", "narrator", "hero")
    assert cli.actions() == {"narrator": "update", "hero": "update"}


@pytest.fixture(autouse=True)
def _nothing_printed_is_secret(cli: TwoNames) -> Iterator[None]:
    yield
    assert THEIRS not in (cli.folder / "voices.state.json").read_text()
