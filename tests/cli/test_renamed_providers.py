"""A voice moves from one provider name to another: one account, two accounts, and where that can't be told."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from tests.support.desk import Desk, voice
from tests.support.kling_service import OWEN, KlingService, Spoil

NO_CALL = "in the state only, no call: same account under another name"
THEIRS = "kling-api-key-of-another-account"


class TwoNames(Desk):
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
def desk(tmp_path: Path, kling: KlingService) -> TwoNames:
    desk = TwoNames(tmp_path, kling)
    desk.of("old", "narrator", "hero")
    desk.apply()
    kling.calls.clear()
    return desk


@pytest.fixture
def other(desk: TwoNames, kling: KlingService) -> Iterator[KlingService]:
    """What the endpoint answers to the API key that `new` has from now on: an empty account, unless a test says."""
    desk.env["NEW_KEY"] = THEIRS
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


def test_the_voice_stays_and_no_call_but_lists_is_made(desk: TwoNames, kling: KlingService) -> None:
    held = desk.voice_id("narrator"), desk.voice_id("hero")
    desk.of("new", "narrator", "hero")
    told = desk.voicectl("plan", code=0).out
    assert f"~ update narrator (new): {NO_CALL}" in told
    assert '"old" -> "new"' in told
    assert "Plan: 2 to update." in told
    desk.apply()
    assert (desk.voice_id("narrator"), desk.voice_id("hero")) == held
    assert {call.operation for call in kling.calls} == {"list"}
    assert desk.records() == [("new", "hero", "ready"), ("new", "narrator", "ready")]


def test_the_second_apply_has_nothing_to_do_and_the_old_name_may_go(desk: TwoNames, kling: KlingService) -> None:
    desk.of("new", "narrator", "hero")
    desk.apply()
    assert "No changes." in desk.apply().out
    desk.of("new", "narrator", "hero", old=False)
    assert "No changes." in desk.voicectl("plan", "--detailed-exitcode", code=0).out
    assert "No drift." in desk.voicectl("drift", code=0).out
    assert kling.count("create") == kling.count("delete") == 0


def test_one_entry_moves_and_the_others_stay(desk: TwoNames) -> None:
    desk.of("old", "narrator", hero=voice("hero"))
    manifest = desk.folder / "voices.yaml"
    told = json.loads(manifest.read_text())
    told["voices"]["hero"]["provider"] = "new"
    manifest.write_text(json.dumps(told))
    assert desk.actions() == {"hero": "update"}
    desk.apply()
    assert desk.records() == [("new", "hero", "ready"), ("old", "narrator", "ready")]
    assert desk.actions() == {}


def test_there_and_back_costs_nothing(desk: TwoNames, kling: KlingService) -> None:
    for provider in ("new", "old", "new"):
        desk.of(provider, "narrator", "hero")
        desk.apply()
    assert kling.count("create") == kling.count("delete") == 0


def test_fifty_voices_of_a_renamed_provider_take_one_list_for_each_name(tmp_path: Path, kling: KlingService) -> None:
    desk = TwoNames(tmp_path, kling)
    addresses = [f"v{number:02}" for number in range(50)]
    desk.of("old", *addresses)
    desk.apply()
    kling.calls.clear()
    desk.of("new", *addresses)
    desk.apply()
    assert [provider for provider, _, status in desk.records() if status == "ready"] == ["new"] * 50
    assert {call.operation for call in kling.calls} == {"list"}
    assert kling.count("list") <= 4  # a page of each name, and an empty one after it


def test_an_entry_renamed_at_the_same_time_keeps_its_voice(desk: TwoNames, kling: KlingService) -> None:
    held = desk.voice_id("hero")
    desk.of("new", "narrator", heroine=voice("hero"))
    assert desk.actions() == {"narrator": "update", "heroine": "move"}
    desk.apply()
    assert desk.voice_id("heroine") == held
    assert desk.records() == [("new", "heroine", "ready"), ("new", "narrator", "ready")]
    assert "No changes." in desk.apply().out
    assert {call.operation for call in kling.calls} == {"list"}


def test_prevent_destroy_has_nothing_to_prevent(desk: TwoNames) -> None:
    kept = voice("narrator") | {"lifecycle": {"prevent_destroy": True}}
    desk.of("old", "hero", narrator=kept)
    desk.apply()
    desk.of("new", "hero", narrator=kept)
    assert desk.actions() == {"narrator": "update", "hero": "update"}
    desk.apply()


def test_another_endpoint_of_the_account_is_proven_by_what_it_shows(desk: TwoNames, kling: KlingService) -> None:
    through = {"type": "kling", "endpoint": kling.url.replace("127.0.0.1", "localhost")}
    entries = {a: voice(a) | {"provider": "new"} for a in ("narrator", "hero")}
    desk.write(entries, providers={"old": {"type": "kling", "endpoint": kling.url}, "new": through})
    assert desk.actions() == {"narrator": "update", "hero": "update"}
    desk.apply()
    assert desk.actions() == {}
    assert kling.count("create") == kling.count("delete") == 0


def test_other_inputs_are_a_new_voice_and_the_old_one_is_deleted_once(desk: TwoNames, kling: KlingService) -> None:
    old = desk.voice_id("narrator")
    desk.of("new", "hero", narrator=voice("narrator", voice_name="Better"))
    assert desk.actions() == {"narrator": "replace", "hero": "update"}
    desk.apply()
    assert (kling.count("create"), kling.count("delete")) == (1, 1)
    assert old not in kling.voices
    assert desk.voice_id("narrator") in kling.voices
    assert {provider for provider, *_ in desk.records()} == {"new"}


def test_the_generations_go_on_counting(desk: TwoNames, kling: KlingService) -> None:
    desk.apply("--replace", "narrator")
    desk.of("new", "narrator", "hero")
    desk.apply()
    desk.apply("--replace", "narrator")
    keys = [key for key, record in desk.state["records"].items() if record["address"] == "narrator"]
    assert sorted(key.rpartition("-")[2] for key in keys) == ["1", "2", "3"]


def test_an_interrupted_creation_is_found_under_the_other_name(desk: TwoNames, kling: KlingService) -> None:
    kling.task_seconds = 600
    desk.of("old", "narrator", "hero", villain=voice("villain"))
    process = desk.start("apply", "--auto-approve")
    while not kling.count("create"):
        pass
    process.kill()
    process.communicate()
    kling.task_seconds = 0
    for task in kling.tasks:
        task.seconds = 0.0
    desk.of("new", "narrator", "hero", "villain")
    assert desk.actions()["villain"] in ("recover", "resume")
    desk.apply()
    assert kling.bought == 1
    assert {provider for provider, *_ in desk.records()} == {"new"}


def test_a_failed_creation_is_not_bought_again_under_the_other_name(desk: TwoNames, kling: KlingService) -> None:
    kling.failing["villain"] = "too noisy"
    desk.of("old", "narrator", "hero", "villain")
    desk.apply(code=1)
    desk.of("new", "narrator", "hero", "villain")
    told = desk.voicectl("plan", code=0).out
    assert "its creation failed: too noisy" in told
    assert "--retry villain" in told
    desk.apply(code=1)
    assert kling.bought == 1


def test_a_voice_let_go_by_hand_is_taken_back_under_the_other_name(desk: TwoNames, kling: KlingService) -> None:
    held = desk.voice_id("hero")
    desk.voicectl("state", "rm", "hero", code=0)
    desk.of("new", "narrator", "hero")
    assert desk.actions() == {"narrator": "update", "hero": "recover"}
    desk.apply()
    assert desk.voice_id("hero") == held
    assert kling.count("create") == kling.count("delete") == 0


def test_an_existing_voice_just_changes_its_name(desk: TwoNames, kling: KlingService) -> None:
    [voice_id] = kling.add_foreign("made elsewhere")
    guest = {"existing": {"voice_id": voice_id}}
    desk.of("old", "narrator", "hero", guest=guest)
    desk.apply()
    desk.of("new", "narrator", "hero", guest=guest)
    assert desk.actions()["guest"] == "update"
    desk.apply()
    assert ("new", "guest", "ready") in desk.records()
    assert voice_id in kling.voices


def test_an_official_voice_is_the_same_on_two_accounts(desk: TwoNames, theirs: KlingService) -> None:
    kept = {"preset": {"voice_id": OWEN}, "lifecycle": {"prevent_destroy": True}}
    desk.of("old", owen=kept)
    desk.apply("--allow-deletes", "2")
    desk.of("new", owen=kept)
    assert "an official voice, which new offers too" in desk.voicectl("plan", code=0).out
    desk.apply()
    assert desk.actions() == {}


# -- two accounts, or nobody can tell ----------------------------------------------------------------------------------


def test_two_accounts_at_one_endpoint_are_a_paid_replace(
    desk: TwoNames, kling: KlingService, theirs: KlingService
) -> None:
    desk.of("new", "narrator", "hero")
    told = desk.voicectl("plan", code=0).out
    assert "provider differs" in told
    assert "2 to replace; 2 paid calls" in told
    desk.apply("--allow-deletes", "2")
    assert (theirs.bought, kling.bought) == (2, 0)
    assert (kling.count("delete"), theirs.count("delete")) == (2, 0)
    assert kling.voices == {}
    assert desk.actions() == {}


@pytest.mark.parametrize("side", ["old", "new"])
def test_a_hidden_owner_blocks_and_says_what_to_type(
    desk: TwoNames, kling: KlingService, other: KlingService, side: str
) -> None:
    other.tasks, other.hides_owner_from = kling.tasks, {THEIRS}
    account = {"type": "kling", "endpoint": kling.url}
    hiding = account | {"credentials": {"api_key_env": "NEW_KEY"}}
    entries = {a: voice(a) | {"provider": "new"} for a in ("narrator", "hero")}
    desk.write(entries, providers={"old": account, "new": account} | {side: hiding})
    told = desk.voicectl("plan", code=0).out
    assert f"{side} lists it without its owner" in told
    assert "voicectl state rebind new --from old" in told
    assert "voicectl apply --replace narrator" in told
    desk.apply(code=1)
    assert kling.count("create") == kling.count("delete") == other.count("create") == other.count("delete") == 0
    desk.write(entries, providers={"new": account})
    desk.voicectl("state", "rebind", "new", "--from", "old", code=0)
    assert desk.actions() == {}


def test_a_list_that_fails_blocks(desk: TwoNames, kling: KlingService, other: KlingService) -> None:
    other.tasks = kling.tasks
    other.refuse("list", 400, 1201, "no lists today", times=20)
    desk.of("new", "narrator", "hero")
    assert desk.actions() == {"narrator": "blocked", "hero": "blocked"}
    desk.apply(code=1)
    assert kling.count("create") == kling.count("delete") == other.count("create") == 0


def test_a_list_that_hides_one_of_them_blocks_that_one(
    desk: TwoNames, kling: KlingService, other: KlingService
) -> None:
    other.tasks = [task for task in kling.tasks if task.name != "hero"]
    desk.of("new", "narrator", "hero")
    assert desk.actions() == {"narrator": "update", "hero": "blocked"}
    desk.apply(code=1)
    assert kling.count("create") == kling.count("delete") == other.count("create") == 0


def test_the_old_name_without_its_credentials_blocks(desk: TwoNames, kling: KlingService) -> None:
    desk.of("new", "narrator", "hero")
    del desk.env["KLING_ACCESS_KEY"], desk.env["KLING_SECRET_KEY"]
    desk.apply(code=1)
    assert kling.count("create") == kling.count("delete") == 0


# -- saved plans -------------------------------------------------------------------------------------------------------


def test_a_reviewed_move_is_applied(desk: TwoNames, kling: KlingService) -> None:
    desk.of("new", "narrator", "hero")
    desk.voicectl("plan", "--out", "plan.json", code=0)
    assert kling.api_key not in (desk.folder / "plan.json").read_text()
    desk.voicectl("apply", "plan.json", "--auto-approve", code=0)
    assert {provider for provider, *_ in desk.records()} == {"new"}


@pytest.mark.parametrize("names", [{"narrator": "narrator"}, {"narrator": "Better"}])
def test_a_reviewed_move_is_refused_once_the_credentials_are_of_another_account(
    desk: TwoNames, kling: KlingService, other: KlingService, names: Mapping[str, str]
) -> None:
    desk.env["NEW_KEY"] = kling.api_key
    desk.of("new", "hero", narrator=voice("narrator", voice_name=names["narrator"]))
    desk.voicectl("plan", "--out", "plan.json", code=0)
    desk.env["NEW_KEY"] = THEIRS
    refused = desk.voicectl("apply", "plan.json", "--auto-approve", code=1)
    assert "is not what is needed now" in refused.err
    assert other.count("create") == kling.count("create") == kling.count("delete") == 0


def test_a_lost_reply_to_the_list_is_asked_again(desk: TwoNames, kling: KlingService) -> None:
    kling.spoil("list", Spoil.REPLY_LOST)
    desk.of("new", "narrator", "hero")
    assert desk.actions() == {"narrator": "update", "hero": "update"}


@pytest.fixture(autouse=True)
def _nothing_printed_is_secret(desk: TwoNames) -> Iterator[None]:
    yield
    assert THEIRS not in (desk.folder / "voices.state.json").read_text()
