"""Reads VOD's tasks of the last 72 hours: their keys, their status and their results.

There is no look-up by SessionId, so the list is read, newest first, until all wanted tasks were seen. The list may be
late, or omit whole types of tasks (the docs don't say), so DescribeTaskDetail counts more than the list.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from itertools import islice

from reconciler.adapter import BeforeRead, SecretsOf
from reconciler.errors import CloudError, OutcomeUnknown
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Record, Status
from reconciler.protocols.clock import Clock
from reconciler.providers.circuit_breaker import with_circuit_breaker
from reconciler.providers.http.client import retry_read
from reconciler.providers.listing import MARKER, MAX_LOOKUPS
from reconciler.providers.tencent.client import Client
from reconciler.providers.tencent.vod.methods import TASKS_SHOWN_FOR
from reconciler.providers.tencent.vod.schema import DetailReply, TaskLine, TasksReply
from reconciler.providers.tencent.vod.task_list import MissingTasks, TaskList

PAGE_SIZE = 100  # DescribeTasks, Limit: at most 100
MAX_PAGES = 1000  # far more than 72 hours of tasks; stops an endless list
SURELY_LISTED = timedelta(hours=70)  # a younger task must be in the list, even if clocks differ
LATEST_LISTING = timedelta(minutes=10)  # an older task that is not in the list will never be listed
TOLERANCE = timedelta(minutes=10)  # how far a clock may be set back without the dates being wrong
LIST_DELAY = 5.0  # seconds; this soon after a lost reply, a list without the task proves nothing
_EXPIRED = "its task can't be read any more: VOD shows those of the last 72 hours"
_NOT_LISTED = "its task is not shown"
_INCOMPLETE_LIST = (
    "VOD's list of tasks does not show those that it accepted, so what is missing there may have been accepted too"
)
_TOO_EARLY = "the call may have been accepted a moment ago, and VOD's list of tasks may show it late"

Ask = Callable[[Record], Observation]


class Tasks:
    """The tasks of one application. Threads may share it."""

    def __init__(
        self,
        client: Client,
        sub_app_id: int,
        *,
        clock: Clock,
        operation_timeout: float,
        before_read: BeforeRead,
        secrets_of: SecretsOf,
    ) -> None:
        self._client = client
        self._sub_app_id = sub_app_id
        self._clock = clock
        self._operation_timeout = operation_timeout
        self._before_read = before_read
        self._secrets_of = secrets_of
        self._accepted: set[str] = set()  # task_ids of this run, which the list must show
        self._lost: dict[str, float] = {}  # external_task_id -> when its call's reply was lost, monotonic

    def remember_accepted(self, task_id: str) -> None:
        """Remembers a task that this run created. Lists must show it."""
        self._accepted.add(task_id)

    def remember_lost(self, external_task_id: str) -> None:
        """Remembers when the reply of a creation was lost."""
        self._lost[external_task_id] = self._clock.monotonic()

    def read_list(self, wanted: Iterable[Record], *, stop_early: bool = False) -> TaskList:
        """Reads pages until all these tasks were listed. Raises systemic failures only.

        `stop_early`: stops also when single look-ups of the missing tasks need fewer calls than the pages so far.
        """
        listed = TaskList()
        missing = MissingTasks(wanted)
        try:
            for number, page in enumerate(self._pages(listed), start=1):
                missing.look_in(page, listed)
                if not missing or (stop_early and len(missing) <= number and page):
                    listed.why = "the tasks were not read to their end"
                    return listed
        except CloudError as error:
            if error.systemic:
                raise
            listed.why = error.detail
            return listed
        listed.complete = True
        return listed

    def resolve(self, record: Record, listed: TaskList, known: Iterable[Record] = ()) -> Observation:
        """Resolves an interrupted creation.

        The result is Absent only if the whole list was read, it shows all tasks that it must (those of `known` too),
        and the task would still be shown.
        """
        lines = listed.of(record)
        if lines:
            return self._best_result(lines, record)
        if self.is_past(record):
            return Unverifiable(why=_EXPIRED)
        if not listed.complete:
            return Unknown(why=listed.why)
        if incomplete := self._check_completeness(listed, known):
            return incomplete
        since = self._lost.get(record.external_task_id)
        if since is not None and self._clock.monotonic() - since < LIST_DELAY:
            return Unknown(why=_TOO_EARLY)
        return Absent()

    def observe_running(self, record: Record, listed: TaskList, *, ask: Ask | None = None) -> Observation:
        """The status of an accepted task. Never Absent, because the task was paid for. `ask` replaces `detail`."""
        lines = listed.of(record)
        if lines and (not lines[0].ended or record.task_id is None):
            return self._best_result(lines, record)
        if record.task_id is None:
            return Unverifiable(why=_NOT_LISTED) if self.is_past(record) else Unknown(why=_NOT_LISTED)
        return self.detail(record) if ask is None or self.is_past(record) else ask(record)

    def detail(self, record: Record) -> Observation:
        """Looks up the task by its id. Raises systemic failures only."""
        observed = self._read(str(record.task_id), record)
        failed = isinstance(observed, Found) and observed.remote.status is TaskStatus.FAILED
        if failed and record.attempts > 1 and record.method != "task":
            # The key was sent twice, and the cloud accepted both. This may be the second task, refused as a duplicate.
            lines = self.read_list(()).by_key.get(record.external_task_id, [])
            others = [line for line in lines if line.task_id != record.task_id]
            better = self._best_result(others, record) if others else observed
            return better if isinstance(better, Found) and better.remote.status is not TaskStatus.FAILED else observed
        return observed

    def poll(self, pending: Sequence[Record]) -> dict[str, RemoteVoice]:
        """Reads the list, then the details of tasks that have ended. Raises systemic failures only."""
        tasks: dict[str, RemoteVoice] = {}
        listed = self.read_list(pending, stop_early=True) if len(pending) > 1 else TaskList()
        ask = with_circuit_breaker(self.detail, failures=2)
        for record in pending:
            observed = self.observe_running(record, listed, ask=ask)
            if isinstance(observed, Found):
                tasks[record.external_task_id] = observed.remote
        return tasks

    def recent_tasks(self, known: Collection[str]) -> list[RemoteVoice]:
        """The results of tasks with a voicectl marker that is not a known key: voices, running tasks and failures."""
        listed = TaskList()
        for _ in self._pages(listed):
            pass
        unknown = {key: lines for key, lines in listed.by_key.items() if MARKER.match(key) and key not in known}
        looked_up = set(islice(unknown, MAX_LOOKUPS))  # for the others, their existence is enough
        return [
            min((self._result(line, key) if key in looked_up else _running(line) for line in lines), key=_rank).remote
            for key, lines in unknown.items()
        ]

    def trial_link(self, record: Record) -> str | None:
        """The link to a recording of the record's voice, as its task shows it. Raises CloudError."""
        return self._reply(str(record.task_id), record.external_task_id).trial_link

    def is_past(self, record: Record) -> bool:
        """Whether VOD does not show the record's task any more."""
        return self._age(record) > TASKS_SHOWN_FOR

    def _check_completeness(self, listed: TaskList, known: Iterable[Record]) -> Unknown | Unverifiable | None:
        """An error if the list omits a task that must be in it. Then other missing tasks prove nothing."""
        ages = {r.task_id: self._age(r) for r in known if r.task_id and self._age(r) < SURELY_LISTED}
        expected = self._accepted | ages.keys()
        if expected <= listed.by_task.keys():
            return None
        shows_none = expected.isdisjoint(listed.by_task) and any(age > LATEST_LISTING for age in ages.values())
        return Unverifiable(why=_INCOMPLETE_LIST) if shows_none else Unknown(why=_INCOMPLETE_LIST)

    def _age(self, record: Record) -> timedelta:
        """The age by the cloud's clock, if known. A date in the future is wrong, so the record counts as very old."""
        age = self._clock.now() + self._client.ahead - record.created_at
        return age if age > -TOLERANCE else timedelta.max

    def _best_result(self, lines: Sequence[TaskLine], record: Record) -> Observation:
        """Of several tasks with one key, the best result: a voice, then a running task, then a failure."""
        candidates = [self._read(line.task_id, record) if line.ended else _running(line) for line in lines]
        return min(candidates, key=_rank)

    def _result(self, line: TaskLine, key: str) -> Found:
        """The result of a listed task. It counts as running if its details can't be read."""
        if line.ended:
            try:
                return Found(remote=replace(self._detail(line.task_id, key), external_task_id=key))
            except CloudError as error:
                if error.systemic:
                    raise
        return _running(line)

    def _read(self, task_id: str, record: Record) -> Observation:
        try:
            return Found(remote=self._detail(task_id, record.external_task_id))
        except CloudError as error:
            if error.systemic:
                raise
            return Unverifiable(why=_EXPIRED) if self.is_past(record) else Unknown(why=error.detail)

    def _detail(self, task_id: str, key: str) -> RemoteVoice:
        """Reads the details of a task. `key` is the external_task_id of its creation."""
        redact = partial(self._client.redact, also=tuple(self._secrets_of(key)))
        return self._reply(task_id, key).remote(task_id, redact)

    def _reply(self, task_id: str, key: str) -> DetailReply:
        reply = retry_read(partial(self._ask, task_id), clock=self._clock, within=self._operation_timeout)
        if reply.key not in (None, key):
            raise OutcomeUnknown(f"DescribeTaskDetail: {task_id} carries another's SessionId")
        return reply

    def _ask(self, task_id: str) -> DetailReply:
        self._before_read("get")
        body = {"TaskId": task_id, "SubAppId": self._sub_app_id}
        return self._client.call("DescribeTaskDetail", body, shape=DetailReply)

    def _pages(self, listed: TaskList) -> Iterator[list[TaskLine]]:
        """Reads pages and adds them to `listed`. A repeated token is not the end: some APIs keep one token."""
        token, before = "", {""}
        for _ in range(MAX_PAGES):
            reply = retry_read(partial(self._page, token), clock=self._clock, within=self._operation_timeout)
            has_new = listed.add(reply.task_set or [])
            yield reply.task_set or []
            token = reply.scroll_token or ""
            if not token:
                return
            if token in before and not has_new:
                raise OutcomeUnknown("DescribeTasks: the pages repeat, so the list can't be read completely")
            before.add(token)
        raise OutcomeUnknown(f"DescribeTasks: more than {MAX_PAGES} pages, so it can't be read whole")

    def _page(self, token: str) -> TasksReply:
        self._before_read("list")
        body: dict[str, object] = {
            "SubAppId": self._sub_app_id,
            "Limit": PAGE_SIZE,
            "Sort": {"Field": "CreateTime", "Order": "Desc"},
        }
        return self._client.call("DescribeTasks", body | ({"ScrollToken": token} if token else {}), shape=TasksReply)


def needs_its_task(record: Record) -> bool:
    """Whether only the task can show the result of this record."""
    return record.status in {Status.INTENDED, Status.UNCERTAIN, Status.RUNNING, Status.LAPSED} or (
        record.status in {Status.DEPOSED, Status.ABANDONED} and record.voice_id is None
    )


def recorded_voice(record: Record) -> RemoteVoice:
    """The voice as the record has it. Its task is still listed, so its result has not changed."""
    return RemoteVoice(
        status=TaskStatus.READY,
        voice_id=record.voice_id,
        voice_name=record.voice_name,
        task_id=record.task_id,
        url=record.url,
        file_id=record.file_id,
        expires_at=record.expires_at,
    )


def _running(line: TaskLine) -> Found:
    return Found(remote=RemoteVoice(status=TaskStatus.RUNNING, task_id=line.task_id, external_task_id=line.key))


def _rank(observed: Observation) -> int:
    match observed:
        case Found(remote=remote):
            return {TaskStatus.READY: 0, TaskStatus.RUNNING: 1, TaskStatus.FAILED: 3}[remote.status]
        case Unknown() | Unverifiable() | Absent():  # it may be better than a failure
            return 2
