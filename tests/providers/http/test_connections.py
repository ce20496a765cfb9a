"""Which connection a call takes, and which ones are closed."""

from __future__ import annotations

import time

import httpcore
import pytest

from reconciler.providers.http.connections import EXPIRY, MOST, MOST_IDLE, Connections


class Pool(httpcore.ConnectionPool):
    """Counts how often it was closed."""

    closed = 0

    def close(self) -> None:
        self.closed += 1
        super().close()


@pytest.fixture
def made() -> list[Pool]:
    return []


@pytest.fixture
def used(made: list[Pool]) -> Connections:
    def make() -> Pool:
        made.append(Pool(max_connections=1))
        return made[-1]

    return Connections(make)


def test_calls_one_after_another_share_a_connection(used: Connections, made: list[Pool]) -> None:
    for _ in range(10):
        used.give_back(used.take(1.0))
    assert len(made) == 1


def test_calls_at_the_same_time_have_each_their_own(used: Connections, made: list[Pool]) -> None:
    assert len({id(used.take(1.0)) for _ in range(24)}) == len(made) == 24


def test_the_one_that_was_used_last_is_used_next(used: Connections) -> None:
    first, second = used.take(1.0), used.take(1.0)
    used.give_back(first)
    used.give_back(second)
    assert [used.take(1.0), used.take(1.0)] == [second, first]


def test_no_more_than_the_most_are_taken_at_once(used: Connections) -> None:
    taken = [used.take(1.0) for _ in range(MOST)]
    with pytest.raises(httpcore.PoolTimeout):
        used.take(0.01)
    used.give_back(taken.pop())
    used.take(0.01)


def test_the_longest_idle_ones_are_closed_if_there_are_many(used: Connections, made: list[Pool]) -> None:
    taken = [used.take(1.0) for _ in range(MOST_IDLE + 4)]
    for each in taken:
        used.give_back(each)
    assert [pool.closed for pool in made] == [1] * 4 + [0] * MOST_IDLE


def test_idle_ones_are_closed_after_a_while(
    used: Connections, made: list[Pool], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [used.take(1.0) for _ in range(3)]
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for each in taken:
        used.give_back(each)
    now += EXPIRY + 1
    used.give_back(used.take(1.0))
    assert [pool.closed for pool in made] == [1, 1, 0]


def test_close_ends_those_that_are_in_use_too(used: Connections, made: list[Pool]) -> None:
    used.give_back(used.take(1.0))
    used.take(1.0), used.take(1.0)
    used.close()
    assert [pool.closed for pool in made] == [1, 1]
