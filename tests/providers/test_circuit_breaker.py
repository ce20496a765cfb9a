"""Single look-ups stop after repeated failures."""

from __future__ import annotations

from reconciler.model.observed import Absent, Observation, Unknown
from reconciler.model.state import Record, Status
from reconciler.providers.circuit_breaker import with_circuit_breaker
from tests.providers.support import answer, kling_body, record, scripted, task

SIX = [record(Status.READY, key=f"vc-0123abcd-v{n}-deadbeef-1") for n in range(6)]


def asked(answers: list[Observation], *, failures: int) -> tuple[int, list[type[Observation]]]:
    """How many records were looked up, and the type of each result."""
    asked_records: list[Record] = []

    def ask(each: Record) -> Observation:
        asked_records.append(each)
        return answers[len(asked_records) - 1]

    asking = with_circuit_breaker(ask, failures=failures)
    came = [type(asking(each)) for each in SIX]
    return len(asked_records), came


def test_after_one_failed_look_up_no_more_are_made() -> None:
    assert asked([Absent(), Unknown(why="HTTP 500")], failures=1) == (2, [Absent] + [Unknown] * 5)


def test_a_failed_look_between_others_is_allowed() -> None:
    one: list[Observation] = [
        Absent(),
        Unknown(why="another task"),
        Absent(),
        Unknown(why="another task"),
        Absent(),
        Absent(),
    ]
    assert asked(one, failures=2) == (6, [type(each) for each in one])


def test_the_reason_is_that_of_the_last_one_asked() -> None:
    asking = with_circuit_breaker(lambda _: Unknown(why="HTTP 500"), failures=1)
    assert [asking(each) for each in SIX[:2]] == [
        Unknown(why="HTTP 500"),
        Unknown(why="not asked for, because others could not be: HTTP 500"),
    ]


def test_after_two_failed_look_ups_no_more_are_made() -> None:
    empty, broken = answer(200, kling_body(0, data=[])), answer(500, kling_body(5000, "internal error"))
    provider, script = scripted(empty, empty, *[broken] * 8, answer(200, kling_body(0, data=task())))
    observed = provider.observe(SIX)
    assert [type(each) for each in observed.of.values()] == [Unknown] * 6
    assert len(script.requests) == 2 + 2 * 4
