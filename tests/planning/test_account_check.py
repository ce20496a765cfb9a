"""Tests for `check_account`: when an account has a problem, and what resolves it."""

from __future__ import annotations

from reconciler.hints import hint, way
from reconciler.model.observed import (
    Absent,
    Found,
    Observation,
    Observations,
    RemoteVoice,
    TaskStatus,
    Unknown,
    Unverifiable,
)
from reconciler.planning.account_check import AccountProblem, check_account
from tests.planning.cases import record
from tests.support.hints import in_words

HERE = "kling https://api-singapore.klingai.com"
THERE = Found(remote=RemoteVoice(status=TaskStatus.READY, voice_id="1"))
GONE, UNKNOWN = Absent(), Unknown(why="HTTP 503")
NEVER = Unverifiable(why="this cloud lists nothing")


def _check(
    *observed: Observation,
    account: str = HERE,
    owners: frozenset[str] = frozenset(),
    missing: int | None = None,
    allow: int | None = None,
) -> AccountProblem | None:
    records = [record({"records": {f"v{n}@1": "ready"}}, f"v{n}@1") for n in range(len(observed))]
    count = sum(isinstance(o, Absent) for o in observed) if missing is None else missing
    seen = Observations(account=account, owners=owners)
    known = list(zip(records, observed, strict=True))
    return check_account("kling", records, known, seen, missing=count, allow_recreates=allow)


def test_without_known_voices_there_is_no_problem() -> None:
    assert _check() is None


def test_one_voice_that_exists_proves_the_account() -> None:
    assert _check(GONE, GONE, UNKNOWN, THERE) is None
    assert _check(GONE, THERE, owners=frozenset({"999"})) is None


def test_if_no_voice_is_found_the_hint_names_their_number() -> None:
    found = _check(GONE, GONE, GONE)
    assert found == AccountProblem(
        why="none of the 3 known voices of kling can be found: is this the right account?",
        hint=hint("Check the credentials", way("or, if they are really deleted", "--allow-recreates", 3)),
    )


def test_only_the_exact_number_resolves_it() -> None:
    assert _check(GONE, GONE, GONE, allow=3) is None
    assert _check(GONE, GONE, GONE, allow=2) is not None
    assert _check(GONE, GONE, GONE, allow=4) is not None


def test_the_number_of_the_whole_plan_resolves_it_too() -> None:
    assert _check(GONE, GONE, missing=5, allow=5) is None
    assert _check(GONE, GONE, missing=5, allow=2) is None


def test_no_number_resolves_it_if_a_voice_could_not_be_observed() -> None:
    for allow in (None, 1, 2, 3):
        assert _check(GONE, GONE, UNKNOWN, allow=allow) is not None


def test_a_cloud_that_can_not_be_queried_raises_no_problem() -> None:
    assert _check(NEVER, NEVER) is None
    assert _check(NEVER, GONE) is not None


def test_another_endpoint_is_another_account() -> None:
    found = _check(THERE, account="kling https://api-beijing.klingai.com")
    assert found is not None
    assert found.elsewhere
    assert "state rebind kling" in in_words(found.hint)


def test_another_owner_is_another_account_and_no_number_helps() -> None:
    found = _check(GONE, owners=frozenset({"999"}), allow=1)
    assert found is not None
    assert found.elsewhere
    assert "belong to 1234567, and this account's to 999" in found.why


def test_the_same_owner_among_others_is_the_same_account() -> None:
    found = _check(GONE, owners=frozenset({"999", "1234567"}))
    assert found is not None
    assert not found.elsewhere
