"""Why a change was refused, decided on the row that the database holds."""

from __future__ import annotations

import pytest

from reconciler.backends.postgres.conflicts import Holding, Version, conflict, holder_of, taken_over, version_of
from reconciler.backends.postgres.statements import LookRow
from reconciler.errors import Fenced
from tests.support.holders import holder

BOB = LookRow(fence=7, lock_id="bbbb2222", lock_nonce="n7", lock_info=holder("bbbb2222", who="bob@b").model_dump_json())
OURS = Holding(6, "n6")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, Version(0, "")),
        ("12:ab", Version(12, "ab")),
        ("ab12", Version(-1, "")),
        ("*", Version(-1, "")),
        ("-1:", Version(-1, "")),
    ],
)
def test_a_version_is_read_from_its_text(text: str | None, version: Version) -> None:
    assert version_of(text) == version


def test_a_lock_that_is_ours_was_not_taken_over() -> None:
    assert taken_over("db", LookRow(fence=6, lock_nonce="n6"), OURS) is None


def test_the_new_holder_is_named() -> None:
    fenced = taken_over("db", BOB, OURS)
    assert isinstance(fenced, Fenced)
    assert (
        fenced.detail
        == "db: bob@b (pid 4711) took over the lock of this run, for apply. This run may not write any more."
    )


def test_a_broken_lock_names_nobody() -> None:
    fenced = taken_over("db", LookRow(fence=7), OURS)
    assert fenced is not None
    assert fenced.detail.startswith("db: the lock of this run was broken, or taken over by a run that has ended. ")


def test_two_servers_with_the_same_fence_are_told_apart() -> None:
    assert taken_over("db", BOB, Holding(7, "other")) is not None


def test_a_server_that_went_back_is_said_to_have_lost_changes() -> None:
    assert "the server has lost changes" in conflict("db", LookRow(head=3), Version(5, "n")).detail
    fenced = taken_over("db", LookRow(fence=5), OURS)
    assert fenced is not None
    assert "its lock had the number 6, and has 5 now" in fenced.detail


def test_a_change_by_another_run_is_a_conflict() -> None:
    assert "was changed by another run" in conflict("db", LookRow(head=5, nonce="x"), Version(5, "n")).detail
    assert "was made by another run" in conflict("db", LookRow(head=5, nonce="x"), Version()).detail


def test_a_holder_that_a_later_voicectl_wrote_is_still_a_holder() -> None:
    info = holder_of(LookRow(fence=7, lock_id="bbbb2222", lock_info='{"new": 1}', beat_at=1e9))
    assert info is not None
    assert (info.lock_id, info.who) == ("bbbb2222", "a run of another voicectl")
