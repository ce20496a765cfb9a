"""VOD's tasks of the last 72 hours: whose they are, how far they are, and what came of them.

There is no look-up by SessionId, so the list is scrolled, the newest first, and left as soon as all wanted are listed.
The list may be late, or lack whole kinds of tasks (no page of the vendor's says); a task's own page is believed.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from functools import partial
from itertools import islice

from reconciler.errors import CloudError, OutcomeUnknown
from reconciler.model.observed import Absent, Found, Observation, RemoteVoice, TaskStatus, Unknown, Unverifiable
from reconciler.model.state import Record, Status
from reconciler.protocols import Clock
from reconciler.providers.callbacks import BeforeRead, SecretsOf
from reconciler.providers.circuit_breaker import with_circuit_breaker
from reconciler.providers.http.client import retry_read
from reconciler.providers.listing import MARKER, MAX_LOOKUPS
from reconciler.providers.tencent.client import Client
from reconciler.providers.tencent.vod.schema import DetailReply, TaskLine, TasksReply

PAGE_SIZE = 100  # DescribeTasks, Limit: at most 100
MAX_PAGES = 1000  # far past any 72 hours; an endless list must end somewhere
READABLE = timedelta(hours=72)  # DescribeTasks, DescribeTaskDetail: tasks of the last three days
SURELY_LISTED = timedelta(hours=70)  # younger than this a task must be in the list, whatever the clocks say
LATEST_LISTING = timedelta(minutes=10)  # older than this a task that is not in the list never will be
TOLERANCE = timedelta(minutes=10)  # that a clock may be set back, and is none to wonder at
LIST_DELAY = 5.0  # seconds after a lost reply in which a list without its task proves nothing
_EXPIRED = "its task can't be read any more: VOD shows those of the last 72 hours"
_NOT_LISTED = "its task is not shown"
_INCOMPLETE_LIST = (
    "VOD's list of tasks does not show those that it accepted, so what is missing there may have been accepted too"
)
_TOO_EARLY = "the call may have been accepted a moment ago, and VOD's list of tasks may show it late"

Ask = Callable[[Record], Observation]


@dataclass(slots=True)
class TaskList:
    """What a read_list has listed. `whole`: to its end, so that what is missing was not in the list; else `why` not."""

    by_key: dict[str, list[TaskLine]] = field(default_factory=dict)  # the newest first
    by_task: dict[str, TaskLine] = field(default_factory=dict)
    whole: bool = False
    why: str = "the tasks were not read"

    def add(self, page: Iterable[TaskLine]) -> bool:
        """Whether there was news."""
        before = len(self.by_task)
        for line in page:
            if self.by_task.setdefault(line.task_id, line) is line and line.key is not None:
                self.by_key.setdefault(line.key, []).append(line)
        return len(self.by_task) > before

    def of(self, record: Record) -> list[TaskLine]:
        """Its own task if that is known, else all that carry its key. One that carries another's key is not its own."""
        known = self.by_task.get(record.task_id or "")
        if known is not None and known.key in (None, record.external_task_id):
            return [known]
        return self.by_key.get(record.external_task_id, [])


class Tasks:
    """One application's tasks. Threads may share it."""

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

    def accepted(self, task_id: str) -> None:
        self._accepted.add(task_id)

    def lost(self, external_task_id: str) -> None:
        self._lost[external_task_id] = self._clock.monotonic()

    def read_list(self, wanted: Iterable[Record], *, stop_early: bool = False) -> TaskList:
        """Pages until each of these was listed. Raises systemic failures only.

        `stop_early`: left as well where asking for those still missing one by one is fewer calls than what was read.
        """
        listed = TaskList()
        missing = list(wanted)
        try:
            for number, page in enumerate(self._pages(listed), start=1):
                missing = [record for record in missing if not listed.of(record)]
                if not missing or (stop_early and len(missing) <= number and page):
                    listed.why = "the tasks were not read to their end"
                    return listed
        except CloudError as error:
            if error.systemic:
                raise
            listed.why = error.detail
            return listed
        listed.whole = True
        return listed

    def resolve(self, record: Record, listed: TaskList, known: Iterable[Record] = ()) -> Observation:
        """What an interrupted creation left.

        Absent only after a whole read_list that shows what it must (the tasks of `known` among it), and while the task
        would be shown.
        """
        lines = listed.of(record)
        if lines:
            return self._furthest_task(lines, record)
        if self.is_past(record):
            return Unverifiable(why=_EXPIRED)
        if not listed.whole:
            return Unknown(why=listed.why)
        if lacking := self._missing_known_tasks(listed, known):
            return lacking
        since = self._lost.get(record.external_task_id)
        if since is not None and self._clock.monotonic() - since < LIST_DELAY:
            return Unknown(why=_TOO_EARLY)
        return Absent()

    def observe_running(self, record: Record, listed: TaskList, *, ask: Ask | None = None) -> Observation:
        """How an accepted task is. Never Absent: it was accepted, so it was paid for. `ask` stands in for `detail`."""
        lines = listed.of(record)
        if lines and (not lines[0].over or record.task_id is None):
            return self._furthest_task(lines, record)
        if record.task_id is None:
            return Unverifiable(why=_NOT_LISTED) if self.is_past(record) else Unknown(why=_NOT_LISTED)
        return self.detail(record) if ask is None or self.is_past(record) else ask(record)

    def detail(self, record: Record) -> Observation:
        """The task itself, by its id. Raises systemic failures only."""
        observed = self._read(str(record.task_id), record)
        failed = isinstance(observed, Found) and observed.remote.status is TaskStatus.FAILED
        if failed and record.attempts > 1 and record.method != "task":
            # Two sendings of one key, and a cloud that took both: this may be the second, refused for the first's sake.
            lines = self.read_list(()).by_key.get(record.external_task_id, [])
            others = [line for line in lines if line.task_id != record.task_id]
            better = self._furthest_task(others, record) if others else observed
            return better if isinstance(better, Found) and better.remote.status is not TaskStatus.FAILED else observed
        return observed

    def poll(self, pending: Sequence[Record]) -> dict[str, RemoteVoice]:
        """In bulk, and each that is over once more for its result. Raises systemic failures only."""
        tasks: dict[str, RemoteVoice] = {}
        listed = self.read_list(pending, stop_early=True) if len(pending) > 1 else TaskList()
        ask = with_circuit_breaker(self.detail, failures=2)
        for record in pending:
            observed = self.observe_running(record, listed, ask=ask)
            if isinstance(observed, Found):
                tasks[record.external_task_id] = observed.remote
        return tasks

    def recent_tasks(self, known: Collection[str]) -> list[RemoteVoice]:
        """Of the tasks that carry a marker, and none of these keys: a voice, a task that runs, or a failure."""
        listed = TaskList()
        for _ in self._pages(listed):
            pass
        strange = {key: lines for key, lines in listed.by_key.items() if MARKER.match(key) and key not in known}
        asked = set(islice(strange, MAX_LOOKUPS))  # of the others it is enough that they are there
        return [
            min((self._result(line, key) if key in asked else _running(line) for line in lines), key=_rank).remote
            for key, lines in strange.items()
        ]

    def is_past(self, record: Record) -> bool:
        return self._age(record) > READABLE

    def _missing_known_tasks(self, listed: TaskList, known: Iterable[Record]) -> Unknown | Unverifiable | None:
        """A list that lacks a task which is known to be there proves nothing by what else it lacks."""
        ages = {r.task_id: self._age(r) for r in known if r.task_id and self._age(r) < SURELY_LISTED}
        surely = self._accepted | ages.keys()
        if surely <= listed.by_task.keys():
            return None
        blind = surely.isdisjoint(listed.by_task) and any(age > LATEST_LISTING for age in ages.values())
        return Unverifiable(why=_INCOMPLETE_LIST) if blind else Unknown(why=_INCOMPLETE_LIST)

    def _age(self, record: Record) -> timedelta:
        """By the cloud's clock, as far as it is known. One from the future has a wrong date: it may be of any age."""
        age = self._clock.now() + self._client.ahead - record.created_at
        return age if age > -TOLERANCE else timedelta.max

    def _furthest_task(self, lines: Sequence[TaskLine], record: Record) -> Observation:
        """Of several tasks with one key the one that came furthest: a voice before a task before a failure."""
        candidates = [self._read(line.task_id, record) if line.over else _running(line) for line in lines]
        return min(candidates, key=_rank)

    def _result(self, line: TaskLine, key: str) -> Found:
        """What can't be asked for now is there all the same."""
        if line.over:
            try:
                return Found(remote=self._detail(line.task_id, key).model_copy(update={"external_task_id": key}))
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
        """`key` is the external_task_id that it was made under."""
        reply = retry_read(partial(self._ask, task_id), clock=self._clock, within=self._operation_timeout)
        if reply.key not in (None, key):
            raise OutcomeUnknown(f"DescribeTaskDetail: {task_id} carries another's SessionId")
        redact = partial(self._client.redact, also=tuple(self._secrets_of(key)))
        return reply.remote(task_id, redact)

    def _ask(self, task_id: str) -> DetailReply:
        self._before_read("get")
        body = {"TaskId": task_id, "SubAppId": self._sub_app_id}
        return self._client.call("DescribeTaskDetail", body, shape=DetailReply)

    def _pages(self, listed: TaskList) -> Iterator[list[TaskLine]]:
        """Each page, once `listed` has it. A token that comes again is no end: some scrolls keep theirs."""
        token, before = "", {""}
        for _ in range(MAX_PAGES):
            reply = retry_read(partial(self._page, token), clock=self._clock, within=self._operation_timeout)
            news = listed.add(reply.task_set or [])
            yield reply.task_set or []
            token = reply.scroll_token or ""
            if not token:
                return
            if token in before and not news:
                raise OutcomeUnknown("DescribeTasks: the scroll goes round in a circle, so it can't be read whole")
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
    """Whether only its task can say what became of it."""
    return record.status in {Status.INTENDED, Status.UNCERTAIN, Status.RUNNING, Status.LAPSED} or (
        record.status in {Status.DEPOSED, Status.ABANDONED} and record.voice_id is None
    )


def _running(line: TaskLine) -> Found:
    return Found(remote=RemoteVoice(status=TaskStatus.RUNNING, task_id=line.task_id, external_task_id=line.key))


def _rank(observed: Observation) -> int:
    match observed:
        case Found(remote=remote):
            return {TaskStatus.READY: 0, TaskStatus.RUNNING: 1, TaskStatus.FAILED: 3}[remote.status]
        case Unknown() | Unverifiable() | Absent():  # it may be better than it can be listed to be
            return 2
