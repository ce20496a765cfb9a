"""Sections of a Markdown document: a heading with its count, and a table. Fits them into the size of a comment.

A row is written whole or not at all. A section that lacks rows says how many.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from reconciler.values import value

# GitHub takes 65,536 characters in a comment. In bytes of UTF-8, with room for a line that a bot adds.
LARGEST = 65_000
_URGENT = 2 / 3  # of the room, for sections that a reviewer has to read
_TABLE = "| Voice | Provider | Reason | Changes |\n| --- | --- | --- | --- |"


@value
class Section:
    heading: str  # without its count
    rows: tuple[str, ...]
    urgent: bool = False  # to be read first, so it is not folded


def fitted(sections: Sequence[Section], document: Callable[[Sequence[str], bool], str]) -> str:
    """The document around these sections, with as many of their rows as fit.

    `document` gets the rendered sections, and whether all rows are in them.
    """
    none = document([_rendered(section, 0) for section in sections], False)
    room = LARGEST - size(none) - sum(size(_TABLE) + 4 for _ in sections)
    counts = _counts(sections, room)
    complete = all(count == len(section.rows) for section, count in zip(sections, counts, strict=True))
    return document([_rendered(section, count) for section, count in zip(sections, counts, strict=True)], complete)


def size(text: str) -> int:
    """Bytes of UTF-8, which are never fewer than characters or UTF-16 units."""
    return len(text) if text.isascii() else len(text.encode())


def _rendered(section: Section, count: int) -> str:
    total, left = len(section.rows), len(section.rows) - count
    table = [f"{_TABLE}\n" + "\n".join(section.rows[:count])] if count else []
    more = [f"... and {left} more" if count else f"{left} not shown here"] if left else []
    heading = f"{section.heading} ({total})"
    if section.urgent:
        return "\n\n".join([f"### {heading}", *table, *more])
    return "\n\n".join([f"<details>\n<summary>{heading}</summary>", *table, *more, "</details>"])


def _counts(sections: Sequence[Section], room: int) -> list[int]:
    """How many rows of each section are written: first those of urgent sections, but not only those."""
    sizes = [_sizes(section, room) for section in sections]
    urgent = [index for index, section in enumerate(sections) if section.urgent]
    others = [index for index, section in enumerate(sections) if not section.urgent]
    counts = [0] * len(sections)
    used = _fill(urgent, sizes, counts, int(room * _URGENT) if others else room)
    used = _fill(others, sizes, counts, room - used)
    _fill(urgent, sizes, counts, room - used)
    return counts


def _sizes(section: Section, room: int) -> list[int]:
    """The bytes of each row with its line end, as long as they fit into the room at all."""
    sizes: list[int] = []
    for row in section.rows:
        sizes.append(size(row) + 1)
        room -= sizes[-1]
        if room < 0:
            break
    return sizes


def _fill(indices: Sequence[int], sizes: Sequence[Sequence[int]], counts: list[int], room: int) -> int:
    """Shares the room equally; what a small section does not need is for the larger ones. Returns what is used."""
    used = 0
    smallest_first = sorted(indices, key=lambda index: sum(sizes[index]))
    for position, index in enumerate(smallest_first):
        share = (room - used) // (len(smallest_first) - position)
        counts[index] = 0
        for row in sizes[index]:
            if row > share:
                break
            share -= row
            used += row
            counts[index] += 1
    return used
