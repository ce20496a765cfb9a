"""A walk through an account's tasks, page by page, and where the last page ended. Knows no cloud's wire."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from reconciler.sandbox.task import SELECT, Creation, Stage

Row = tuple[Any, ...]
Span = tuple[int | None, int | None]  # Unix seconds, both ends belong to it; None: open

_ENDED = "CASE WHEN ended_at <= :now THEN ended_at ELSE 0 END"
_AT = {
    Stage.SUBMITTED: "started_at > :now",
    Stage.PROCESSING: "started_at <= :now AND (ended_at IS NULL OR ended_at > :now)",
    Stage.READY: "ended_at <= :now AND failure IS NULL",
    Stage.FAILED: "ended_at <= :now AND failure IS NOT NULL",
}


@dataclass(frozen=True, slots=True)
class TaskQuery:
    """Which tasks, and in which order."""

    since: int  # Unix milliseconds; older ones are not shown
    limit: int
    stages: tuple[Stage, ...] = tuple(Stage)
    created: Span = (None, None)
    ended: Span = (None, None)
    by_end: bool = False  # instead of by the beginning
    ascending: bool = False
    token: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """`token` leads on to the next one; empty: this is the last."""

    creations: tuple[Creation, ...]
    token: str


def page_of(
    db: sqlite3.Connection,
    wanted: TaskQuery,
    *,
    account: str,
    now: int,
    until: int | None,
    shuffle: Callable[[list[Row]], None] | None,
) -> tuple[list[Row], str]:
    """The rows of one page and the token of the next. Raises ValueError when the token is none of ours.

    `until` is the latest beginning that is shown. A page goes on behind the last task of the one before, so that new
    tasks move nothing; when it is shuffled, behind as many as were shown.
    """
    order = _ENDED if wanted.by_end else "created_at"
    way, beyond = ("ASC", ">") if wanted.ascending else ("DESC", "<")
    where = ["account = :account", "created_at > :since", f"({' OR '.join(f'({_AT[s]})' for s in wanted.stages)})"]
    values: dict[str, int | str] = {"account": account, "now": now, "since": wanted.since, "most": wanted.limit + 1}
    if until is not None:
        where.append("created_at <= :until")
        values["until"] = until
    for name, column, (first, last) in (("c", "created_at", wanted.created), ("e", _ENDED, wanted.ended)):
        if first is not None:
            where.append(f"({column}) / 1000 >= :{name}_first")
            values[f"{name}_first"] = first
        if last is not None:
            where.append(f"({column}) / 1000 <= :{name}_last")
            values[f"{name}_last"] = last
    at, number, seen = _position(wanted.token)
    if wanted.token and shuffle is None:
        where.append(f"({order}, number) {beyond} (:at, :number)")
        values |= {"at": at, "number": number}
    query = f"{SELECT} {' AND '.join(where)} ORDER BY {order} {way}, number {way}"
    if shuffle is None:
        rows = db.execute(f"{query} LIMIT :most", values).fetchall()
    else:
        rows = db.execute(query, values).fetchall()
        shuffle(rows)
        rows = rows[seen : seen + wanted.limit + 1]
    page = rows[: wanted.limit]
    if len(rows) <= wanted.limit:
        return page, ""
    last_one = Creation(*page[-1])
    ended = last_one.ended_at if last_one.ended_at is not None and last_one.ended_at <= now else 0
    return page, f"{ended if wanted.by_end else last_one.created_at}.{last_one.number}.{seen + len(page)}"


def _position(token: str) -> tuple[int, int, int]:
    at, number, seen = (int(part) for part in (token or "0.0.0").split("."))
    return at, number, seen
