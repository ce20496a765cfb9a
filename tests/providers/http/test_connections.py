"""Which connection a call takes, and which ones are closed."""

from __future__ import annotations

import time

import httpcore
import pytest

from reconciler.providers.http.connections import EXPIRY, MOST, MOST_IDLE, Connections

ORIGIN = httpcore.Origin(b"https", b"cloud.example.com", 443)


class Connection(httpcore.ConnectionInterface):
    """Counts how often it was closed."""

    def __init__(self, origin: httpcore.Origin) -> None:
        self.origin = origin
        self.closed = 0
        self.expired = False  # or the server closed it
        self.usable = True  # its last answer was read to the end

    def can_handle_request(self, origin: httpcore.Origin) -> bool:
        return origin == self.origin

    def has_expired(self) -> bool:
        return self.expired

    def is_available(self) -> bool:
        return self.usable

    def close(self) -> None:
        self.closed += 1


@pytest.fixture
def made() -> list[Connection]:
    return []


@pytest.fixture
def used(made: list[Connection]) -> Connections:
    def make(origin: httpcore.Origin) -> Connection:
        made.append(Connection(origin))
        return made[-1]

    return Connections(make)


def test_calls_one_after_another_share_a_connection(used: Connections, made: list[Connection]) -> None:
    for _ in range(10):
        used.give_back(used.take(ORIGIN, 1.0))
    assert len(made) == 1


def test_calls_at_the_same_time_have_each_their_own(used: Connections, made: list[Connection]) -> None:
    assert len({id(used.take(ORIGIN, 1.0)) for _ in range(24)}) == len(made) == 24


def test_the_one_that_was_used_last_is_used_next(used: Connections) -> None:
    first, second = used.take(ORIGIN, 1.0), used.take(ORIGIN, 1.0)
    used.give_back(first)
    used.give_back(second)
    assert [used.take(ORIGIN, 1.0), used.take(ORIGIN, 1.0)] == [second, first]


def test_no_more_than_the_most_are_taken_at_once(used: Connections) -> None:
    taken = [used.take(ORIGIN, 1.0) for _ in range(MOST)]
    with pytest.raises(httpcore.PoolTimeout):
        used.take(ORIGIN, 0.01)
    used.give_back(taken.pop())
    used.take(ORIGIN, 0.01)


def test_the_longest_idle_ones_are_closed_if_there_are_many(used: Connections, made: list[Connection]) -> None:
    taken = [used.take(ORIGIN, 1.0) for _ in range(MOST_IDLE + 4)]
    for each in taken:
        used.give_back(each)
    assert [each.closed for each in made] == [1] * 4 + [0] * MOST_IDLE


def test_idle_ones_are_closed_after_a_while(
    used: Connections, made: list[Connection], monkeypatch: pytest.MonkeyPatch
) -> None:
    taken = [used.take(ORIGIN, 1.0) for _ in range(3)]
    now = 100.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    for each in taken:
        used.give_back(each)
    now += EXPIRY + 1
    used.give_back(used.take(ORIGIN, 1.0))
    assert [each.closed for each in made] == [1, 1, 0]


def test_close_ends_those_that_are_in_use_too(used: Connections, made: list[Connection]) -> None:
    used.give_back(used.take(ORIGIN, 1.0))
    used.take(ORIGIN, 1.0), used.take(ORIGIN, 1.0)
    used.close()
    assert [each.closed for each in made] == [1, 1]


def test_one_that_expired_or_cannot_be_used_again_is_closed(used: Connections, made: list[Connection]) -> None:
    first, second = used.take(ORIGIN, 1.0), used.take(ORIGIN, 1.0)
    made[1].usable = False
    used.give_back(second)
    used.give_back(first)
    made[0].expired = True
    assert used.take(ORIGIN, 1.0) not in (first, second)
    assert [each.closed for each in made] == [1, 1, 0]


def test_one_to_another_server_is_not_taken(used: Connections, made: list[Connection]) -> None:
    used.give_back(used.take(ORIGIN, 1.0))
    other = httpcore.Origin(b"https", b"other.example.com", 443)
    used.give_back(used.take(other, 1.0))
    assert [(each.origin, each.closed) for each in made] == [(ORIGIN, 1), (other, 0)]


def test_one_that_cannot_be_used_again_makes_room_for_another(used: Connections, made: list[Connection]) -> None:
    taken = [used.take(ORIGIN, 1.0) for _ in range(MOST)]
    for number in range(MOST):
        made[number].usable = False
        used.give_back(taken[number])
    assert len({id(used.take(ORIGIN, 0.01)) for _ in range(MOST)}) == MOST
