"""A list that suddenly shows nothing, half, or only its first page causes no creation and no deletion.

Each cloud has its own wrong list and its own behaviour for look-ups by id; they are the providers of one manifest.
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

from tests.network.place import KEY, NetworkHarness
from tests.support.cli_harness import voice
from tests.support.kling_rules import Refusal, Task
from tests.support.kling_service import KlingService
from tests.support.kling_socket import Hangup, HtmlAnswer, JsonAnswer


class ById(StrEnum):
    """How a cloud answers a look-up by id."""

    WORKS = "works"
    NOT_FOUND = "not-found"
    NO_SUCH_ROUTE = "no-such-route"
    BROKEN = "broken"
    SILENT = "silent"


class LyingKling(KlingService):
    """A simulated Kling whose list shows only the first `shown` voices, if set; `by_id` sets its look-ups."""

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
            self.over.wait(20)  # without the lock, which other calls need
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
    """The cloud of one provider: it holds `held` voices, and its list shows `shown` of them."""

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
class Outcome:
    """The results of a plan and an apply while the lists were wrong."""

    clouds: dict[str, LyingKling]
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
def with_lying_lists(folder: Path, accounts: list[Account]) -> Iterator[Outcome]:
    """Creates all voices, removes the first of each account from the manifest, makes the lists wrong, and applies."""
    with ExitStack() as stack:
        clouds = {account.name: stack.enter_context(LyingKling()) for account in accounts}
        harness = NetworkHarness(folder, next(iter(clouds.values())), "")
        timeouts = {"connect": "5s", "read": "0.5s", "operation": "2s"}
        providers = {n: {"type": "kling", "endpoint": c.url, "timeouts": timeouts} for n, c in clouds.items()}
        fast = {name: provider | {"rate_limit": {"create": 500}} for name, provider in providers.items()}
        voices = {
            f"v-{account.name}-{n}": voice(f"v{n}") | {"provider": account.name}
            for account in accounts
            for n in range(account.held)
        }
        harness.cli.write(voices, providers=fast)
        harness.apply(code=0)
        leaving = {f"v-{account.name}-0" for account in accounts if account.held > 1}
        harness.cli.write({a: v for a, v in voices.items() if a not in leaving}, providers=providers)
        for account in accounts:
            cloud = clouds[account.name]
            stack.callback(cloud.over.set)
            cloud.calls.clear()
            cloud.shown, cloud.by_id = account.shown, account.by_id
        plan = harness.run("plan", "--json", code=0).json
        applied = harness.apply("--json")
        yield Outcome(clouds, plan, applied.events, applied.code)


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    with with_lying_lists(tmp_path_factory.mktemp("lying"), ACCOUNTS) as outcome:
        yield outcome


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_nothing_is_bought_because_of_a_wrong_list(outcome: Outcome, account: Account) -> None:
    assert outcome.actions(account).keys() <= {"blocked", "delete"}
    assert outcome.called(account, "create") == 0


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_only_what_left_the_manifest_and_is_seen_is_deleted(outcome: Outcome, account: Account) -> None:
    seen = account.held > 1 and (account.shown > 0 or account.by_id is ById.WORKS)
    assert outcome.actions(account)["delete"] == outcome.called(account, "delete") == (1 if seen else 0)


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_what_could_not_be_seen_is_blocked_with_the_reason(outcome: Outcome, account: Account) -> None:
    hidden = account.held - account.shown
    unseen = max(0, hidden - 50) if account.by_id is ById.WORKS else hidden  # at most 50 are looked up by id
    assert outcome.actions(account)["blocked"] == unseen
    blocked = [change["reason"] for change in outcome.changes(account) if change["action"] == "blocked"]
    assert [reason for reason in blocked if REASONS[account.by_id] not in reason] == []


@pytest.mark.slow
@pytest.mark.parametrize("account", ACCOUNTS, ids=lambda account: account.name)
def test_look_ups_by_id_are_given_up_if_none_is_answered(outcome: Outcome, account: Account) -> None:
    hidden = min(50, account.held - account.shown)
    tries = {ById.WORKS: hidden, ById.NO_SUCH_ROUTE: min(2, hidden), ById.BROKEN: min(2, hidden) * 3, ById.SILENT: 0}
    assert outcome.called(account, "get") == 2 * tries[account.by_id]  # by the plan and by the apply


@pytest.mark.slow
def test_an_apply_with_something_blocked_exits_with_1(outcome: Outcome) -> None:
    assert outcome.code == 1
    assert outcome.events[-1]["blocked"] == outcome.plan["summary"]["blocked"] > 0
    assert outcome.events[-1]["failed"] == outcome.events[-1]["left"] == 0


# -- the list and the look by id agree ---------------------------------------------------------------------------------

AGREED = {
    (1, 0): "the one known voice of shows-0-of-1-not-found can't be found: is this the right account?",
    (9, 0): "none of the 9 known voices of shows-0-of-9-not-found can be found: is this the right account?",
    (12, 0): "none of the 12 known voices of shows-0-of-12-not-found can be found: is this the right account?",
    (12, 6): "gone: 6 of 12 recorded voices would be created and paid again, and the limit is 30 %",
    (60, 30): "gone: 30 of 60 recorded voices would be created and paid again, and the limit is 30 %",
}


@pytest.mark.parametrize("case", AGREED, ids="{0[1]} of {0[0]}".format)
def test_too_many_that_both_miss_are_blocked_with_the_question(tmp_path: Path, case: tuple[int, int]) -> None:
    account = Account(*case, ById.NOT_FOUND)
    with with_lying_lists(tmp_path, [account]) as outcome:
        blocked = [change["reason"] for change in outcome.changes(account) if change["action"] == "blocked"]
        assert set(blocked) == {AGREED[case]}
        assert len(blocked) == account.held - account.shown
        assert outcome.called(account, "create") == 0
        assert outcome.code == 1


@pytest.mark.parametrize(("held", "shown"), [(9, 5), (12, 9)])
def test_few_that_both_miss_are_gone_and_made_again(tmp_path: Path, held: int, shown: int) -> None:
    account = Account(held, shown, ById.NOT_FOUND)
    with with_lying_lists(tmp_path, [account]) as outcome:
        assert outcome.actions(account) == {"create": held - shown, "delete": 1}
        assert outcome.called(account, "create") == held - shown


# -- pages -------------------------------------------------------------------------------------------------------------


def test_a_list_whose_second_page_fails_changes_nothing(tmp_path: Path) -> None:
    with LyingKling() as cloud:
        harness = NetworkHarness(tmp_path, cloud, cloud.url, timeouts={"operation": "1s"})
        harness.declare("narrator", "hero")
        harness.apply(code=0)
        cloud.add_foreign(*(f"theirs-{n}" for n in range(998)))  # a whole page
        harness.declare("narrator", "newcomer")
        cloud.second_page_fails = True
        assert set(harness.actions().values()) == {"blocked"}
        ran = harness.apply(code=1)
        assert "GET /v1/general/custom-voices: HTTP 500, code 5000: internal error" in ran.out
        assert (cloud.count("create"), cloud.count("delete")) == (2, 0)


@pytest.mark.parametrize("by_id", [ById.WORKS, ById.BROKEN])
def test_a_list_that_ends_after_its_first_page_changes_nothing(tmp_path: Path, by_id: ById) -> None:
    with LyingKling() as cloud:
        harness = NetworkHarness(tmp_path, cloud, cloud.url, timeouts={"operation": "1s"})
        cloud.add_foreign(*(f"theirs-{n}" for n in range(1000)))
        harness.declare("narrator", "hero")
        harness.apply(code=0)
        cloud.shown, cloud.by_id = 1000, by_id
        actions = harness.actions()
        assert actions == ({} if by_id is ById.WORKS else {"narrator": "blocked", "hero": "blocked"})
        harness.apply(code=0 if by_id is ById.WORKS else 1)
        assert (cloud.count("create"), cloud.count("delete")) == (2, 0)
