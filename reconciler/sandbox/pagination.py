"""Reads the tasks of an account page by page, with a token for the next page. The same for every cloud."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from typing import Any

from reconciler.sandbox.task import SELECT, Stage, Task
from reconciler.values import value

Row = tuple[Any, ...]
Span = tuple[int | None, int | None]  # Unix seconds, both ends included; None: open

_ENDED = "CASE WHEN ended_at <= :now THEN ended_at ELSE 0 END"
_AT = {
    Stage.SUBMITTED: "started_at > :now",
    Stage.PROCESSING: "started_at <= :now AND (ended_at IS NULL OR ended_at > :now)",
    Stage.READY: "ended_at <= :now AND failure IS NULL",
    Stage.FAILED: "ended_at <= :now AND failure IS NOT NULL",
}


@value
class TaskQuery:
    """A query for tasks: a filter and an order."""

    since: int  # Unix milliseconds; older ones are not shown
    limit: int
    stages: tuple[Stage, ...] = tuple(Stage)
    created: Span = (None, None)
    ended: Span = (None, None)
    by_end: bool = False  # order by end, not by creation
    ascending: bool = False
    token: str = ""


@value
class Page:
    """One page of tasks. `token` is for the next page; empty: this is the last one."""

    creations: tuple[Task, ...]
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
    """The rows of one page and the token of the next one. Raises ValueError for an invalid token.

    `until` is the latest creation time that is shown. A page starts after the last task of the page before, so new
    tasks move nothing. With `shuffle`, it starts after the number of tasks that were shown.
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
    last_one = Task(*page[-1])
    ended = last_one.ended_at if last_one.ended_at is not None and last_one.ended_at <= now else 0
    return page, f"{ended if wanted.by_end else last_one.created_at}.{last_one.number}.{seen + len(page)}"


def _position(token: str) -> tuple[int, int, int]:
    at, number, seen = (int(part) for part in (token or "0.0.0").split("."))
    return at, number, seen
