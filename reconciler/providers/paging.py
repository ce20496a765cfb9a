"""Reads a list that reports no total, page by page. If the cloud is far away, the next page is requested ahead."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType
from typing import Generic, Self, TypeVar

from reconciler import waits
from reconciler.errors import OutcomeUnknown, Rejected
from reconciler.protocols.clock import Clock

FAR = 0.1  # seconds for one page; from then on, two pages are read at the same time

Entry = TypeVar("Entry")


def pages(
    read: Callable[[int], Sequence[Entry]],
    *,
    name: Callable[[Entry], str],
    size: int,
    last: int,
    clock: Clock,
    confirm_end: bool = True,
) -> Iterator[Sequence[Entry]]:
    """Reads pages until a page is empty or has no new entries. `read` takes the number of a page; threads may share it.

    A page shorter than `size`, the size in the request, is not proof of the end: a server may limit its pages and not
    say so. `confirm_end=False` saves one call where an incomplete list does little harm, unless the page looks limited.
    If the list moves while pages are read ahead, it is read again from its first page, one page after the other.
    Raises OutcomeUnknown beyond page `last`.
    """
    known: set[str] = set()
    number, short = 0, False
    with _Reader(read, clock) as reader:
        while number < last:
            number += 1
            try:
                page = reader.page(number, ahead=number < last and not short)
            except Rejected as refused:
                if short and not refused.systemic:
                    return  # the list ended with the page before: this call only confirmed it
                raise
            names = set(map(name, page))
            if reader.ahead and not known.isdisjoint(names):  # the list has moved, perhaps beyond a page that was read
                reader.stop_reading_ahead()
                known, number, short = set(), 0, False
                continue
            if names <= known:  # the end, or a server that ignores the page's number
                return
            known |= names
            yield page
            short = len(page) < size
            if short and not confirm_end and not _looks_capped(len(page)):
                return
    raise OutcomeUnknown(f"the list has more than {last} pages, so it can't be read whole")


class _Reader(Generic[Entry]):
    """Reads one page after the other. Once one took long, requests each next page ahead."""

    def __init__(self, read: Callable[[int], Sequence[Entry]], clock: Clock) -> None:
        self._read = read
        self._clock = clock
        self.ahead = False  # pages are requested ahead
        self._allowed = True
        self._requested: dict[int, Future[Sequence[Entry]]] = {}
        self._pool: ThreadPoolExecutor | None = None

    def page(self, number: int, *, ahead: bool) -> Sequence[Entry]:
        """The page, and with `ahead` requests the next one too. Raises what `read` raises for this page."""
        if not self.ahead:
            began = self._clock.monotonic()
            page = self._read(number)
            self.ahead = self._allowed and self._clock.monotonic() - began > FAR
            return page
        requested = self._request(number)
        if ahead:
            self._request(number + 1)
        page = waits.result(requested)
        del self._requested[number]
        return page

    def stop_reading_ahead(self) -> None:
        self.ahead = self._allowed = False
        self._requested.clear()

    def _request(self, number: int) -> Future[Sequence[Entry]]:
        if self._pool is None:
            self._pool = ThreadPoolExecutor(2, "page")
        if number not in self._requested:
            self._requested[number] = self._pool.submit(self._read, number)
        return self._requested[number]

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        if self._pool is not None:
            self._pool.shutdown(wait=False, cancel_futures=True)  # a page beyond the end is of no interest


def _looks_capped(length: int) -> bool:
    """Whether this is a likely page limit of a server: a multiple of 10 or 25, or a power of two."""
    return length % 10 == 0 or length % 25 == 0 or (length >= 16 and length & (length - 1) == 0)
