"""Asks about records one by one, and knows when to stop: what can't be asked costs all its tries and timeouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.model.observed import Observation, Unknown, Unverifiable
from reconciler.model.state import Record

T = TypeVar("T", Observation, Observation | None)


def while_answered(ask: Callable[[Record], T], *, failures: int) -> Callable[[Record], T | Unknown]:
    """`ask`, until it could not tell so many times in a row: from then on nobody is asked, and that is the reason.

    More than one where a single record's answer may be what can't be read, and the others' can.
    """
    failed: list[Unknown | Unverifiable] = []

    def asked(record: Record) -> T | Unknown:
        if len(failed) >= failures:
            return Unknown(why=f"not asked for, because others could not be: {failed[-1].why}")
        answer = ask(record)
        if isinstance(answer, Unknown | Unverifiable):
            failed.append(answer)
        else:
            failed.clear()
        return answer

    return asked
