"""The reference model complains of what must not be, and of nothing else."""

from __future__ import annotations

import pytest

from tests.engine.oracle import (
    Asked,
    Began,
    Bought,
    Declared,
    Deleted,
    Event,
    Fate,
    Lost,
    Moved,
    Refused,
    Released,
    Seen,
    Twins,
    What,
    complaints,
)

A1 = What("a", "11111111", "kling:one")
A2 = What("a", "22222222", "kling:one")
ELSEWHERE = What("a", "11111111", "kling:two")
B1 = What("b", "11111111", "kling:one")  # a, renamed
WANTED, BEGUN = Declared(frozenset({A1})), Began()
HELD = Seen(held={"a": "k1"}, ready=frozenset({"k1"}), living=frozenset({"k1"}))
NOTHING = Seen(held={}, ready=frozenset(), living=frozenset())
REPLACED: tuple[Event, ...] = (WANTED, BEGUN, Bought("k1", A1), Declared(frozenset({A2})), BEGUN, Bought("k2", A2))


@pytest.mark.parametrize(
    ("story", "seen"),
    [
        ((), NOTHING),
        ((WANTED, BEGUN, Bought("k1", A1)), HELD),
        ((WANTED, BEGUN, Bought("k1", A1, Fate.FAILURE)), NOTHING),
        ((Declared(frozenset({A1}), refused=frozenset({A1})), BEGUN), NOTHING),
        ((WANTED, BEGUN, Bought("k1", A1), Declared(frozenset()), BEGUN, Deleted("k1")), NOTHING),
        ((*REPLACED, Deleted("k1")), Seen({"a": "k2"}, frozenset({"k2"}), frozenset({"k2"}))),
        ((WANTED, BEGUN, Bought("k1", A1), Deleted("k1", outside=True), Bought("k1b", A1)),
         Seen({"a": "k1b"}, frozenset({"k1b"}), frozenset({"k1b"}))),
        ((WANTED, BEGUN, Bought("k1", A1), Lost(frozenset({"k1"})), Bought("k2", A1, hidden=frozenset({"k1"}))),
         Seen({"a": "k2"}, frozenset({"k2"}), frozenset({"k1", "k2"}))),
        ((*REPLACED, Bought("k0", A1, Fate.FAILURE, deposed=frozenset({"k1"})), Deleted("k1"), WANTED),
         Seen({}, frozenset(), frozenset({"k2"}), open=frozenset({"k2"}))),
        ((WANTED, BEGUN, Refused(A1)), NOTHING),
        (REPLACED, Seen({"a": "k2"}, frozenset({"k2"}), frozenset({"k1", "k2"}), kept=frozenset({"k1"}))),
        ((WANTED, BEGUN, Bought("k0", ELSEWHERE, late=True), Bought("k1", A1), Deleted("k0")), HELD),
        ((WANTED, BEGUN, Bought("k1", A1), Declared(frozenset({B1})), BEGUN, Moved("k1", B1)),
         Seen({"b": "k1"}, frozenset({"k1"}), frozenset({"k1"}))),
        ((WANTED, BEGUN, Bought("k1", A1), Declared(frozenset({A1, B1})), BEGUN, Bought("k2", B1)),
         Seen({"a": "k1", "b": "k2"}, frozenset({"k1", "k2"}), frozenset({"k1", "k2"}))),
        ((WANTED, BEGUN, Bought("k1", A1), Released("k1"), Bought("k2", A1)),
         Seen({"a": "k2"}, frozenset({"k2"}), frozenset({"k1", "k2"}))),
        ((*REPLACED, Bought("k3", A1, forgotten=frozenset({"k1"}))),
         Seen({"a": "k2"}, frozenset({"k2"}), frozenset({"k2"}), kept=frozenset({"k1"}))),
        ((WANTED, BEGUN, Bought("k1", A1), Bought("k2", A2), Twins(frozenset({"k1"})), Bought("k3", A1)),
         Seen({"a": "k3"}, frozenset({"k3"}), frozenset({"k1", "k3"}), open=frozenset({"k2"}))),
    ],
)  # fmt: skip
def test_a_story_that_ended_well_has_no_complaint(story: tuple[Event, ...], seen: Seen) -> None:
    assert complaints(story, seen) == []


@pytest.mark.parametrize(
    ("story", "seen", "told"),
    [
        ((WANTED, BEGUN), NOTHING, "a holds None, and should hold a voice"),
        ((WANTED, BEGUN, Bought("k1", A1)), NOTHING, "a holds None, and should hold k1"),
        ((WANTED, BEGUN, Bought("k1", A1)), Seen({"a": "k1"}, frozenset(), frozenset({"k1"})),
         "a holds k1, and should hold k1"),
        ((WANTED, BEGUN, Bought("k1", A1), Bought("k2", A1)), HELD, "k2 was bought, and k1 was there"),
        ((*REPLACED, Bought("k3", A1)), NOTHING, "k3 was bought, and k1 was there"),
        ((WANTED, BEGUN, Bought("k1", A1), Lost(frozenset({"k1"})), Bought("k2", A1)), HELD,
         "k2 was bought, and k1 was there"),
        ((WANTED, BEGUN, Bought("k1", A1), Bought("k2", A1, hidden=frozenset({"k1"}))), HELD,
         "k2 was bought, and k1 was there"),
        ((WANTED, BEGUN, Bought("k1", A1), Bought("k2", A1, forgotten=frozenset({"k1"}))), HELD,
         "k2 was bought, and k1 was there"),
        ((WANTED, BEGUN, Bought("k1", A1), Deleted("k1")), NOTHING, "k1 was deleted, and it was wanted"),
        ((Deleted(None),), NOTHING, "a voice was deleted that is not ours"),
        (REPLACED, Seen({"a": "k2"}, frozenset({"k2"}), frozenset({"k1", "k2"})), "k1 lives, and nobody holds it"),
        ((Declared(frozenset()),), HELD, "a holds k1, undeclared"),
        ((WANTED, BEGUN, Bought("k1", A1)),
         Seen({"a": "k1"}, frozenset({"k1"}), frozenset({"k1"}), unsettled=frozenset({"a"})), "a is not settled"),
        ((WANTED, BEGUN, Bought("k1", A1), Declared(frozenset({B1})), BEGUN, Bought("k2", B1)), NOTHING,
         "k2 was bought, and k1 of an entry that was renamed was there"),
        ((WANTED, BEGUN, Bought("k1", A1), Declared(frozenset({B1})), BEGUN, Deleted("k1")), NOTHING,
         "k1 was deleted, and it was wanted"),
        ((WANTED, BEGUN, Bought("k1", A1), Moved("k1", What("b", "22222222", "kling:one"))), NOTHING,
         "k1 was moved to b, which is made from other inputs"),
        ((WANTED, BEGUN, Bought("k1", A1), Lost(frozenset({"k1"})), Lost(frozenset()), Deleted("k1")), NOTHING,
         "k1 was deleted, and it was wanted"),
        ((WANTED, BEGUN, Asked(A1), Bought("k1", A1)), HELD, "a was left to a person, and could have been settled"),
    ],
)  # fmt: skip
def test_a_broken_promise_is_reported(story: tuple[Event, ...], seen: Seen, told: str) -> None:
    assert told in complaints(story, seen)
