"""Reading a list page by page: where it ends, and which page is requested ahead."""

from __future__ import annotations

import threading
from collections.abc import Sequence

import pytest

from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.providers.paging import FAR, pages
from tests.support.clock import FakeClock

SIZE = 2


class Script:
    """A list of so many entries, read in pages of two. Each page takes `seconds` on the clock."""

    def __init__(self, entries: int, *, seconds: float = 0.0) -> None:
        self.clock = FakeClock()
        self.numbers: list[int] = []
        self._entries = [str(number) for number in range(entries)]
        self._seconds = seconds
        self._lock = threading.Lock()

    def read(self, number: int) -> Sequence[str]:
        with self._lock:
            self.numbers.append(number)
            self.clock.sleep(self._seconds)
        return self._entries[(number - 1) * SIZE : number * SIZE]

    def whole(self, *, last: int = 100) -> list[str]:
        read = pages(self.read, name=str, size=SIZE, last=last, clock=self.clock)
        return [entry for page in read for entry in page]


def test_a_cloud_that_is_near_gets_one_call_a_page_and_one_for_the_end() -> None:
    script = Script(6)
    assert script.whole() == ["0", "1", "2", "3", "4", "5"]
    assert script.numbers == [1, 2, 3, 4]


def test_a_cloud_that_is_far_away_gets_at_most_one_call_more() -> None:
    script = Script(6, seconds=2 * FAR)
    assert script.whole() == ["0", "1", "2", "3", "4", "5"]
    assert script.numbers[0] == 1
    assert sorted(set(script.numbers) - {5}) == [1, 2, 3, 4]  # page 5 was requested, and perhaps not sent yet
    assert len(script.numbers) <= 5


def test_after_a_short_page_nothing_is_requested_ahead() -> None:
    script = Script(5, seconds=2 * FAR)
    assert script.whole() == ["0", "1", "2", "3", "4"]
    assert sorted(script.numbers) == [1, 2, 3, 4]


def test_two_pages_are_read_at_the_same_time() -> None:
    """Page 2 is answered only after page 3 was requested, and so on; one at a time would never end."""
    script = Script(8, seconds=2 * FAR)
    requested = [threading.Event() for _ in range(8)]

    def read(number: int) -> Sequence[str]:
        requested[number].set()
        if 2 <= number <= 4:
            assert requested[number + 1].wait(10)
        return script.read(number)

    found = [entry for page in pages(read, name=str, size=SIZE, last=100, clock=script.clock) for entry in page]
    assert found == [str(number) for number in range(8)]


def test_an_error_beyond_the_end_is_of_no_interest() -> None:
    script = Script(4, seconds=2 * FAR)

    def read(number: int) -> Sequence[str]:
        if number > 3:
            raise OutcomeUnknown("no such page")
        return script.read(number)

    assert len(list(pages(read, name=str, size=SIZE, last=100, clock=script.clock))) == 2


def test_an_error_of_a_page_that_was_requested_ahead_is_raised_in_its_turn() -> None:
    script = Script(8, seconds=2 * FAR)

    def read(number: int) -> Sequence[str]:
        if number == 3:
            raise Rejected("HTTP 403")
        return script.read(number)

    seen: list[str] = []
    with pytest.raises(Rejected, match="HTTP 403"):
        for page in pages(read, name=str, size=SIZE, last=100, clock=script.clock):
            seen += page
    assert seen == ["0", "1", "2", "3"]


def test_no_page_beyond_the_last_is_requested() -> None:
    script = Script(9, seconds=2 * FAR)
    with pytest.raises(OutcomeUnknown, match="more than 3 pages"):
        script.whole(last=3)
    assert sorted(script.numbers) == [1, 2, 3]


def test_a_list_that_moves_while_pages_are_read_ahead_is_read_again() -> None:
    """The newest voice is listed first. One is created after page 3 was read and before page 2 is."""
    entries = [f"old-{number}" for number in range(6)]
    clock, numbers, moved = FakeClock(), list[int](), threading.Event()
    third = threading.Event()

    def read(number: int) -> Sequence[str]:
        if number == 2 and not moved.is_set():
            assert third.wait(10)
            entries.insert(0, "new")
            moved.set()
        clock.sleep(2 * FAR)
        numbers.append(number)
        page = entries[(number - 1) * SIZE : number * SIZE]
        if number == 3:
            third.set()
        return page

    found = {entry for page in pages(read, name=str, size=SIZE, last=100, clock=clock) for entry in page}
    assert found == {"new", *(f"old-{number}" for number in range(6))}
