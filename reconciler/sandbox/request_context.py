"""The database operations of one request, inside its transaction. The rules of a cloud are in its own modules.

Random numbers depend on the world's seed, the account, the action and the number of such calls before. So the result
of the n-th create does not depend on the number of lists between.
"""

from __future__ import annotations

import json
import random
import sqlite3
from collections.abc import Mapping
from dataclasses import replace
from uuid import UUID

from reconciler.sandbox.faults import DeletedVoice, Faults
from reconciler.sandbox.pagination import Page, Row, TaskQuery, page_of
from reconciler.sandbox.task import LIVING, SELECT, Task

_QUEUED_SHARE = 0.2  # the part of a task's time in which it is queued


class RequestContext:
    """One request: its account, its time, the faults and the database. `now` is Unix milliseconds."""

    def __init__(
        self, db: sqlite3.Connection, account: str, *, action: str, now: int, seed: int, faults: Faults
    ) -> None:
        self.account = account
        self.now = now
        self.faults = faults
        self._db = db
        self._caller = account
        self._action = action
        db.execute(
            "INSERT INTO turns (account, action, tokens, refilled_at) VALUES (?, ?, ?, ?)"
            " ON CONFLICT DO UPDATE SET calls = calls + 1",
            (account, action, max(1.0, faults.calls_per_second), now),
        )
        row = db.execute("SELECT calls FROM turns WHERE account = ? AND action = ?", (account, action)).fetchone()
        self._calls: int = row[0]
        self._call_seed = f"{seed}/{account}/{action}/{self._calls}"

    def enter(self, part: str) -> None:
        """Limits this context to a part of the account, such as an application. All parts share one rate limit."""
        self.account = f"{self._caller}/{part}"

    def happens(self, what: str, probability: float) -> bool:
        """Whether a random event happens. Each `what` has its own generator: settings don't affect each other."""
        return probability > 0 and self._rng(what).random() < probability

    @property
    def stormy(self) -> bool:
        """Whether a storm is on. Storms depend on the wall clock and are the same in every world."""
        return self.now % round(self.faults.storm_every * 1000) < round(self.faults.storm_seconds * 1000)

    def new_id(self, what: str) -> str:
        """A new id of 18 digits, as Kling's are; a double can't hold it. One for each `what` in a request."""
        return str(self._rng(what).randrange(10**17, 10**18))

    def new_hex(self, what: str, digits: int) -> str:
        return f"{self._rng(what).getrandbits(4 * digits):0{digits}x}"

    def new_letters(self, what: str, number: int) -> str:
        rng = self._rng(what)
        return "".join(rng.choice("abcdefghijklmnopqrstuvwxyz") for _ in range(number))

    def request_id(self) -> str:
        return str(UUID(int=self._rng("request").getrandbits(128), version=4))

    def within_rate(self, *, times: float = 1) -> bool:
        """Takes a token from the bucket of this account and action. False: the rate limit is exceeded.

        The bucket holds the calls of one second and is refilled continuously. `times` multiplies the rate.
        """
        rate = self.faults.calls_per_second * times
        place = (self._caller, self._action)
        tokens, refilled_at = self._db.execute(
            "SELECT tokens, refilled_at FROM turns WHERE account = ? AND action = ?", place
        ).fetchone()
        elapsed = max(0, self.now - refilled_at)  # the clock may jump back
        full = max(1.0, rate)
        tokens = full if self._calls == 1 else min(full, tokens + elapsed * rate / 1000)
        granted = bool(tokens >= 1)
        self._db.execute(
            "UPDATE turns SET tokens = ?, refilled_at = ? WHERE account = ? AND action = ?",
            (tokens - granted, self.now, *place),
        )
        return granted

    def begin(
        self,
        voice_name: str,
        *,
        key: str | None,
        seconds: float | None,
        failure: str | None = None,
        task_id: str | None = None,
        voice_id: str | None = None,
        action: str = "",
        details: Mapping[str, object] | None = None,
    ) -> Task:
        """Creates a task. `seconds` None: it never ends. `failure` is the reason why it will end without a voice.

        An id that is None gets a random value. `voice_id` is empty for a task that makes no voice.
        """
        lasts = round((seconds or 0) * 1000)
        values = (
            self.account,
            task_id or self.new_id("task"),
            key,
            self.new_id("voice") if voice_id is None else voice_id,
            voice_name,
            self.now,
            self.now + round(lasts * _QUEUED_SHARE),
            None if seconds is None else self.now + lasts,
            failure,
        )
        details_json = json.dumps(details or {}, ensure_ascii=False)
        cursor = self._db.execute(
            "INSERT INTO creations (account, task_id, key, voice_id, voice_name, created_at, started_at, ended_at,"
            " failure, action, told) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (*values, action, details_json),
        )
        assert cursor.lastrowid is not None
        return Task(cursor.lastrowid, *values, deleted_at=None, action=action, details_json=details_json)

    def in_flight(self) -> int:
        """The number of the account's running tasks."""
        query = "SELECT count(*) FROM creations WHERE account = ? AND (ended_at IS NULL OR ended_at > ?)"
        row: tuple[int] = self._db.execute(query, (self.account, self.now)).fetchone()
        return row[0]

    def shows(self, creation: Task) -> bool:
        """Whether the task can be looked up by its ids."""
        if creation.deleted_at is not None and self.faults.deleted_voice is DeletedVoice.VANISHES:
            return False
        return not self.is_late(creation)

    def is_late(self, creation: Task) -> bool:
        """Whether it is too early to look up the task by its ids."""
        late = round(self.faults.late_by_id * 1000)
        return late > 0 and creation.created_at > self.now - late  # the clock may jump back

    def with_key(self, key: str, *, since: int = 0) -> Task | None:
        """The latest task with this key since `since` (Unix milliseconds), deleted and failed ones too."""
        return self._find_one("key = :key AND created_at > :since ORDER BY number DESC", key=key, since=since)

    def with_task(self, task_id: str) -> Task | None:
        """The task with this id."""
        return self._find_one("task_id = :task", task=task_id)

    def living(self, voice_id: str) -> Task | None:
        """The voice with this id, if it exists now."""
        return self._find_one(f"voice_id = :voice AND {LIVING}", voice=voice_id)

    def name_in_use(self, voice_name: str) -> bool:
        """Whether a voice, or a task that will make one, has this name."""
        return (
            self._find_one("voice_name = :name AND deleted_at IS NULL AND failure IS NULL", name=voice_name) is not None
        )

    def id_in_use(self, voice_id: str) -> bool:
        """Whether a voice, or a task that will make one, has this id."""
        return (
            self._find_one("voice_id = :voice AND deleted_at IS NULL AND failure IS NULL", voice=voice_id) is not None
        )

    def voices(self, action: str) -> list[Task]:
        """The voices that this action made, newest first. The faults for lists apply."""
        if self.faults.empty_list:
            return []
        query = f"{SELECT} account = :account AND action = :action AND {LIVING} ORDER BY number DESC"
        rows = self._db.execute(query, {"account": self.account, "action": action, "now": self.now}).fetchall()
        if self.faults.shuffle_list:
            self._rng("shuffle").shuffle(rows)
        return [Task(*row) for row in self._without_hidden(rows)]

    def list_tasks(self, wanted: TaskQuery) -> Page:
        """A page of the account's tasks by a token. The faults for lists apply."""
        if self.faults.empty_list:
            return Page((), "")
        late = max(self.faults.late_visibility, self.faults.late_by_id)
        shuffle = self._rng("shuffle").shuffle if self.faults.shuffle_list else None
        until = self.now - round(late * 1000) if late else None
        rows, token = page_of(self._db, wanted, account=self.account, now=self.now, until=until, shuffle=shuffle)
        return Page(tuple(Task(*row) for row in self._without_hidden(rows)), token)

    def use(self, creation: Task) -> None:
        """Records the first use of a voice."""
        self._db.execute(
            "UPDATE creations SET used_at = coalesce(used_at, ?) WHERE number = ?", (self.now, creation.number)
        )

    def set_details(self, creation: Task, details: Mapping[str, object], *, voice_name: str) -> Task:
        """Replaces the details and the name."""
        details_json = json.dumps(details, ensure_ascii=False)
        self._db.execute(
            "UPDATE creations SET told = ?, voice_name = ? WHERE number = ?",
            (details_json, voice_name, creation.number),
        )
        return replace(creation, details_json=details_json, voice_name=voice_name)

    def delete(self, creation: Task) -> None:
        self._db.execute("UPDATE creations SET deleted_at = ? WHERE number = ?", (self.now, creation.number))

    def rename(self, creation: Task, voice_name: str) -> None:
        self._db.execute("UPDATE creations SET voice_name = ? WHERE number = ?", (voice_name, creation.number))

    def page(self, number: int, size: int) -> list[Task]:
        """A page of the account's tasks by its number, newest first. The faults for lists apply."""
        if self.faults.empty_list:
            return []
        where = "account = ?"
        values: list[str | int] = [self.account]
        if self.faults.deleted_voice is DeletedVoice.VANISHES:
            where += " AND deleted_at IS NULL"
        late = max(self.faults.late_visibility, self.faults.late_by_id)
        if late:
            where += " AND created_at <= ?"
            values.append(self.now - round(late * 1000))
        query = f"{SELECT} {where} ORDER BY number DESC"
        skipped = (number - 1) * size
        if number > 1 and self.happens("shift", self.faults.shift_list):
            skipped += self._rng("shift where").choice((-1, 1))
        if self.faults.shuffle_list:
            rows = self._db.execute(query, values).fetchall()
            self._rng("shuffle").shuffle(rows)
            rows = rows[skipped : skipped + size]
        else:
            rows = self._db.execute(f"{query} LIMIT ? OFFSET ?", (*values, size, skipped)).fetchall()
        return [Task(*row) for row in self._without_hidden(rows)]

    def _without_hidden(self, rows: list[Row]) -> list[Row]:
        if not self.faults.hide:
            return rows
        rng = self._rng("hide")
        return [row for row in rows if rng.random() >= self.faults.hide]

    def _find_one(self, where: str, **values: str | int) -> Task | None:
        row = self._db.execute(
            f"{SELECT} account = :account AND {where}", {"account": self.account, "now": self.now, **values}
        ).fetchone()
        return None if row is None else Task(*row)

    def _rng(self, what: str) -> random.Random:
        return random.Random(f"{self._call_seed}/{what}")  # noqa: S311 - the sandbox must be repeatable, not secret
