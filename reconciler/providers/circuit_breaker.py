"""Stops single look-ups after repeated failures, because each failed one takes all its retries and timeouts."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from reconciler.model.observed import Observation, Unknown, Unverifiable
from reconciler.model.state import Record

T = TypeVar("T", Observation, Observation | None)


def with_circuit_breaker(ask: Callable[[Record], T], *, failures: int) -> Callable[[Record], T | Unknown]:
    """Wraps `ask`. After so many failures in a row it makes no more calls and returns Unknown.

    Use more than one failure where a single record's answer may be unreadable while others can be read.
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
