"""A list that suddenly shows nothing, half, or its first page only: nothing is bought and nothing deleted for it.

Each cloud has its list's lie, and its way of answering by id; many of them are one manifest's providers.
"""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import Any

import pytest

from tests.network.place import KEY, Place
from tests.support.cli_harness import voice
from tests.support.kling_rules import Refusal, Task
from tests.support.kling_service import KlingService
from tests.support.kling_socket import Hangup, HtmlAnswer, JsonAnswer


class ById(StrEnum):
    """How a cloud answers when it is asked for one voice."""

    WORKS = "works"
    NOT_FOUND = "not-found"
    NO_SUCH_ROUTE = "no-such-route"
    BROKEN = "broken"
    SILENT = "silent"


class Lying(KlingService):
    """Tells the truth until `shown` says how many of its voices the list still has, and `by_id` how it answers."""

    def __init__(self) -> None:
        super().__init__(api_key=KEY)
        self.shown: int | None = None
        self.by_id = ById.WORKS
        self.second_page_fails = False
        self.over = threading.Event()
        self.listing = self._listed

    def _listed(self, tasks: list[Task], page: int) -> list[Task]:
        return tasks if self.shown is None else tasks[: self.shown]

    def _answer(self, method: str, target: str, headers: Mapping[str, str], content: bytes) -> JsonAnswer | HtmlAnswer:
        if self.by_id is ById.SILENT and method == "GET" and "/custom-voices/" in target:
            self.over.wait(20)  # outside of the lock, which others need
            raise Hangup
        return super()._answer(method, target, headers, content)

    def _work(self, operation: str, named: str, query: dict[str, str], body: dict[str, Any]) -> JsonAnswer:
        if operation == "list" and self.second_page_fails and query.get("pageNum") == "2":
            raise Refusal(500, 5000, "internal error")
        if operation == "get":
            match self.by_id:
                case ById.NOT_FOUND:
                    raise Refusal(400, 1201, f"Task not found by id/external id: {named}")
                case ById.NO_SUCH_ROUTE:
                    raise Refusal(404, 404, "Not Found")
                case ById.BROKEN:
                    raise Refusal(500, 5000, "internal error")
                case ById.WORKS | ById.SILENT:
                    pass
        return super()._work(operation, named, query, body)


@dataclass(frozen=True)
class Account:
    """One provider's cloud: `held` voices, of which its list shows so many."""

    held: int
    shown: int
    by_id: ById

    @property
    def name(self) -> str:
        return f"shows-{self.shown}-of-{self.held}-{self.by_id}"


SHOWN = [(1, 0), (9, 0), (9, 5), (12, 0), (12, 6), (60, 0), (60, 30)]
ACCOUNTS = [Account(held, shown, by_id) for held, shown in SHOWN for by_id in ById if by_id is not ById.NOT_FOUND]

REASONS = {
    ById.WORKS: "the cloud's list is incomplete",
    ById.NO_SUCH_ROUTE: "HTTP 404, code 404: Not Found",
    ById.BROKEN: "HTTP 500, code 5000: internal error",
    ById.SILENT: "no answer within 0.5 s (timeouts.read)",
}


@dataclass(frozen=True)
class Told:
    """What a plan said, and what an apply did, while the lists lied."""

    clouds: dict[str, Lying]
    plan: dict[str, Any]
    events: list[dict[str, Any]]
    code: int

    def changes(self, account: Account) -> list[dict[str, Any]]:
        return [change for change in self.plan["changes"] if change["provider"] == account.name]

    def actions(self, account: Account) -> Counter[str]:
        return Counter(change["action"] for change in self.changes(account))

    def called(self, account: Account, operation: str) -> int:
        return self.clouds[account.name].count(operation)


@contextmanager
def lied_to(folder: Path, accounts: list[Account]) -> Iterator[Told]:
    """All their voices are made, the first one of each leaves the manifest, and the lists begin to lie."""
    with ExitStack() as stack:
        clouds = {account.name: stack.enter_context(Lying()) for account in accounts}
        place = Place(folder, next(iter(clouds.values())), "")
        timeouts = {"connect": "5s", "read": "0.5s", "operation": "2s"}
        providers = {n: {"type": "kling", "endpoint": c.url, "timeouts": timeouts} for n, c in clouds.items()}
        fast = {name: told | {"rate_limit": {"create": 500}} for name, told in providers.items()}
        voices = {
            f"v-{account.name}-{n}": voice(f"v{n}") | {"provider": account.name}
            for account in accounts
            for n in range(account.held)
        }
        place.cli.write(voices, providers=fast)
        place.apply(code=0)
        leaving = {f"v-{account.name}-0" for account in accounts if account.held > 1}
        place.cli.write({a: v for a, v in voices.items() if a not in leaving}, providers=providers)
        for account in accounts:
            cloud = clouds[account.name]
            stack.callback(cloud.over.set)
            cloud.calls.clear()
            cloud.shown, cloud.by_id = account.shown, account.by_id
        plan = place.run("plan", "--json", code=0).json
        applied = place.apply("--json")
        yield Told(clouds, plan, applied.events, applied.code)


@pytest.fixture(scope="module")
def told(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Told]:
    with lied_to(tmp_path_factory.mktemp("lying"), ACCOUNTS) as told:
        yield told


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_nothing_is_bought_for_a_list_that_lies(told: Told, account: Account) -> None:
    assert told.actions(account).keys() <= {"blocked", "delete"}
    assert told.called(account, "create") == 0


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_only_what_left_the_manifest_and_is_seen_is_deleted(told: Told, account: Account) -> None:
    seen = account.held > 1 and (account.shown > 0 or account.by_id is ById.WORKS)
    assert told.actions(account)["delete"] == told.called(account, "delete") == (1 if seen else 0)


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_what_could_not_be_seen_is_blocked_with_the_reason(told: Told, account: Account) -> None:
    hidden = account.held - account.shown
    unseen = max(0, hidden - 50) if account.by_id is ById.WORKS else hidden  # 50 at most are asked for by id
    assert told.actions(account)["blocked"] == unseen
    blocked = [change["reason"] for change in told.changes(account) if change["action"] == "blocked"]
    assert [reason for reason in blocked if REASONS[account.by_id] not in reason] == []


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_asking_by_id_is_given_up_where_nobody_answers(told: Told, account: Account) -> None:
    hidden = min(50, account.held - account.shown)
    tries = {ById.WORKS: hidden, ById.NO_SUCH_ROUTE: min(2, hidden), ById.BROKEN: min(2, hidden) * 3, ById.SILENT: 0}
    assert told.called(account, "get") == 2 * tries[account.by_id]  # by the plan and by the apply


@pytest.mark.slow
def test_an_apply_with_something_blocked_exits_with_1(told: Told) -> None:
    assert told.code == 1
    assert told.events[-1]["blocked"] == told.plan["summary"]["blocked"] > 0
    assert told.events[-1]["failed"] == told.events[-1]["left"] == 0


# -- the list and the look by id agree ---------------------------------------------------------------------------------

AGREED = {
    (1, 0): "the one known voice of shows-0-of-1-not-found can't be found: is this the right account?",
    (9, 0): "none of the 9 known voices of shows-0-of-9-not-found can be found: is this the right account?",
    (12, 0): "none of the 12 known voices of shows-0-of-12-not-found can be found: is this the right account?",
    (12, 6): "gone, and 6 of 12 recorded voices would be bought again, over 30 %",
    (60, 30): "gone, and 30 of 60 recorded voices would be bought again, over 30 %",
}


@pytest.mark.parametrize("case", AGREED, ids="{0[1]} of {0[0]}".format)
def test_too_many_that_both_miss_are_blocked_with_the_question(tmp_path: Path, case: tuple[int, int]) -> None:
    account = Account(*case, ById.NOT_FOUND)
    with lied_to(tmp_path, [account]) as told:
        blocked = [change["reason"] for change in told.changes(account) if change["action"] == "blocked"]
        assert set(blocked) == {AGREED[case]}
        assert len(blocked) == account.held - account.shown
        assert told.called(account, "create") == 0
        assert told.code == 1


@pytest.mark.parametrize(("held", "shown"), [(9, 5), (12, 9)])
def test_few_that_both_miss_are_gone_and_made_again(tmp_path: Path, held: int, shown: int) -> None:
    account = Account(held, shown, ById.NOT_FOUND)
    with lied_to(tmp_path, [account]) as told:
        assert told.actions(account) == {"create": held - shown, "delete": 1}
        assert told.called(account, "create") == held - shown


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_list_whose_second_page_fails_changes_nothing(tmp_path: Path) -> None:
    with Lying() as cloud:
        place = Place(tmp_path, cloud, cloud.url, timeouts={"operation": "1s"})
        place.declare("narrator", "hero")
        place.apply(code=0)
        cloud.add_foreign(*(f"theirs-{n}" for n in range(998)))  # a whole page
        place.declare("narrator", "newcomer")
        cloud.second_page_fails = True
        assert set(place.actions().values()) == {"blocked"}
        ran = place.apply(code=1)
        assert "GET /v1/general/custom-voices: HTTP 500, code 5000: internal error" in ran.out
        assert (cloud.count("create"), cloud.count("delete")) == (2, 0)


@pytest.mark.parametrize("by_id", [ById.WORKS, ById.BROKEN])
def test_a_list_that_ends_after_its_first_page_changes_nothing(tmp_path: Path, by_id: ById) -> None:
    with Lying() as cloud:
        place = Place(tmp_path, cloud, cloud.url, timeouts={"operation": "1s"})
        cloud.add_foreign(*(f"theirs-{n}" for n in range(1000)))
        place.declare("narrator", "hero")
        place.apply(code=0)
        cloud.shown, cloud.by_id = 1000, by_id
        told = place.actions()
        assert told == ({} if by_id is ById.WORKS else {"narrator": "blocked", "hero": "blocked"})
        place.apply(code=0 if by_id is ById.WORKS else 1)
        assert (cloud.count("create"), cloud.count("delete")) == (2, 0)
