"""VOD's tasks of the last 72 hours: whose they are, how far they are, and what came of them.

There is no look-up by SessionId, so the list is scrolled, the newest first, and left as soon as all sought are seen.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from typing import Literal

from reconciler.errors import CloudError, OutcomeUnknown, Rejected
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record, Status
from reconciler.protocols import Clock
from reconciler.providers.tencent import Client
from reconciler.providers.transport import persistently
from reconciler.providers.vod_wire import DetailReply, TaskLine, TasksReply

PAGE_SIZE = 100  # DescribeTasks, Limit: at most 100
MOST_PAGES = 1000  # far past any 72 hours; a scroll that never ends must
READABLE = timedelta(hours=72)  # DescribeTasks, DescribeTaskDetail: tasks of the last three days
_OVER = "its task can't be read any more: VOD shows those of the last 72 hours"

Pace = Callable[[Literal["list", "get"]], None]


@dataclass(slots=True)
class Scrolled:
    """What a scroll has seen. `whole`: to its end, so that what is missing was never there."""

    by_key: dict[str, TaskLine] = field(default_factory=dict)
    by_task: dict[str, TaskLine] = field(default_factory=dict)
    whole: bool = False

    def of(self, record: Record) -> TaskLine | None:
        return self.by_key.get(record.external_task_id) or self.by_task.get(record.task_id or "")


class Tasks:
    """One application's tasks. Threads may share it."""

    def __init__(self, client: Client, sub_app_id: int, *, clock: Clock, patience: float, pace: Pace) -> None:
        self._client = client
        self._sub_app_id = sub_app_id
        self._clock = clock
        self._patience = patience
        self._pace = pace

    def scroll(self, sought: Iterable[Record]) -> Scrolled:
        """Pages until each of these was seen. Raises what a read raises."""
        seen = Scrolled()
        missing = list(sought)
        for page in self._pages():
            for line in page:
                seen.by_task[line.task_id] = line
                if line.key is not None:
                    seen.by_key.setdefault(line.key, line)
            missing = [record for record in missing if seen.of(record) is None]
            if not missing:
                return seen
        seen.whole = True
        return seen

    def settled(self, record: Record, seen: Scrolled) -> Observation:
        """What an interrupted creation left. Absent only after a whole scroll, and while its task would be shown."""
        line = seen.of(record)
        if line is not None:
            return self._told(line)
        if not seen.whole:
            return Unknown(why="the tasks could not be read to their end")
        if self.is_past(record):
            return Unknown(why=_OVER, by_nature=True)
        return Absent()

    def running(self, record: Record, seen: Scrolled) -> Observation:
        """How an accepted task is. Never Absent: it was accepted, so it was paid for."""
        line = seen.of(record)
        if line is not None:
            return self._told(line)
        if record.task_id is None:
            return Unknown(why="its task is not shown", by_nature=self.is_past(record))
        return self.detail(record)

    def detail(self, record: Record) -> Observation:
        """The task itself, by its id. Raises systemic failures only."""
        try:
            return Found(remote=self._detail(str(record.task_id)))
        except CloudError as error:
            if error.systemic:
                raise
            if isinstance(error, Rejected) and error.absent and self.is_past(record):
                return Unknown(why=_OVER, by_nature=True)
            return Unknown(why=error.detail)

    def poll(self, pending: Sequence[Record]) -> dict[str, RemoteVoice]:
        """In bulk, and each that is over once more for its result; a few are asked for one by one."""
        ended: Sequence[Record] = pending
        if len(pending) > 2:
            seen = self.scroll(pending)
            ended = [r for r in pending if (line := seen.of(r)) is None or line.over]
        told: dict[str, RemoteVoice] = {}
        for record in ended:
            observed = self.detail(record) if record.task_id else Unknown(why="")
            if isinstance(observed, Found):
                told[record.external_task_id] = observed.remote
        return told

    def is_past(self, record: Record) -> bool:
        return self._clock.now() - record.created_at > READABLE

    def _told(self, line: TaskLine) -> Observation:
        if not line.over:
            return Found(remote=RemoteVoice(status=TaskStatus.RUNNING, task_id=line.task_id, external_task_id=line.key))
        try:
            return Found(remote=self._detail(line.task_id))
        except CloudError as error:
            if error.systemic:
                raise
            return Unknown(why=error.detail)

    def _detail(self, task_id: str) -> RemoteVoice:
        reply = persistently(partial(self._ask, task_id), clock=self._clock, within=self._patience)
        return reply.remote(task_id, self._client.scrubbed)

    def _ask(self, task_id: str) -> DetailReply:
        self._pace("get")
        body = {"TaskId": task_id, "SubAppId": self._sub_app_id}
        return self._client.call("DescribeTaskDetail", body, shape=DetailReply)

    def _pages(self) -> Iterator[list[TaskLine]]:
        token, before = "", set[str]()
        for _ in range(MOST_PAGES):
            reply = persistently(partial(self._page, token), clock=self._clock, within=self._patience)
            yield reply.task_set or []
            before.add(token)
            token = reply.scroll_token if isinstance(reply.scroll_token, str) else ""
            if not token:
                return
            if token in before:
                raise OutcomeUnknown("DescribeTasks: the scroll goes round in a circle, so it can't be read whole")
        raise OutcomeUnknown(f"DescribeTasks: more than {MOST_PAGES} pages, so it can't be read whole")

    def _page(self, token: str) -> TasksReply:
        self._pace("list")
        body: dict[str, object] = {
            "SubAppId": self._sub_app_id,
            "Limit": PAGE_SIZE,
            "Sort": {"Field": "CreateTime", "Order": "Desc"},
        }
        return self._client.call("DescribeTasks", body | ({"ScrollToken": token} if token else {}), shape=TasksReply)


def needs_its_task(record: Record) -> bool:
    """Whether only its task can say what became of it."""
    return record.status in {Status.INTENDED, Status.UNCERTAIN, Status.RUNNING, Status.LAPSED} or (
        record.status is Status.DEPOSED and record.voice_id is None
    )
