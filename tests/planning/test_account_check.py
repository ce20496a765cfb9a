"""When an account is in doubt, and what dispels the doubt."""

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
from reconciler.planning.account_check import AccountProblem, doubt
from tests.planning.cases import record
from tests.support.hints import in_words

HERE = "kling https://api-singapore.klingai.com"
THERE = Found(remote=RemoteVoice(status=TaskStatus.READY, voice_id="1"))
GONE, UNKNOWN = Absent(), Unknown(why="HTTP 503")
NEVER = Unverifiable(why="this cloud lists nothing")


def _doubt(
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
    return doubt("kling", records, known, seen, missing=count, allow_recreates=allow)


def test_without_known_voices_there_is_no_doubt() -> None:
    assert _doubt() is None


def test_one_voice_that_is_there_proves_the_account() -> None:
    assert _doubt(GONE, GONE, UNKNOWN, THERE) is None
    assert _doubt(GONE, THERE, owners=frozenset({"999"})) is None


def test_none_found_is_a_doubt_that_names_the_number() -> None:
    found = _doubt(GONE, GONE, GONE)
    assert found == AccountProblem(
        why="none of the 3 known voices of kling can be found: is this the right account?",
        hint=hint("Check the credentials", way("or, if they are truly gone", "--allow-recreates", 3)),
    )


def test_the_exact_number_dispels_it_and_no_other() -> None:
    assert _doubt(GONE, GONE, GONE, allow=3) is None
    assert _doubt(GONE, GONE, GONE, allow=2) is not None
    assert _doubt(GONE, GONE, GONE, allow=4) is not None


def test_the_number_of_the_whole_plan_dispels_it_too() -> None:
    assert _doubt(GONE, GONE, missing=5, allow=5) is None
    assert _doubt(GONE, GONE, missing=5, allow=2) is None


def test_one_that_could_not_be_looked_at_leaves_the_doubt_whatever_the_number() -> None:
    for allow in (None, 1, 2, 3):
        assert _doubt(GONE, GONE, UNKNOWN, allow=allow) is not None


def test_a_cloud_that_can_never_be_asked_raises_no_doubt() -> None:
    assert _doubt(NEVER, NEVER) is None
    assert _doubt(NEVER, GONE) is not None


def test_another_endpoint_is_another_account() -> None:
    found = _doubt(THERE, account="kling https://api-beijing.klingai.com")
    assert found is not None
    assert found.elsewhere
    assert "state rebind kling" in in_words(found.hint)


def test_another_owner_is_another_account_and_no_number_helps() -> None:
    found = _doubt(GONE, owners=frozenset({"999"}), allow=1)
    assert found is not None
    assert found.elsewhere
    assert "belong to 1234567, and this account's to 999" in found.why


def test_the_same_owner_among_others_is_the_same_account() -> None:
    found = _doubt(GONE, owners=frozenset({"999", "1234567"}))
    assert found is not None
    assert not found.elsewhere
