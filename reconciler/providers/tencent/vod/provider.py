"""The Provider of Tencent Cloud VOD: custom voices, clones and sounds of one application.

It makes no decisions. VOD shows tasks and their results for 72 hours (`tasks`). After that it lists only MiniMax's
voices, and of those only the ones that were used.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from reconciler.adapter import BeforeRead, SecretsOf, no_secrets, unpaced
from reconciler.errors import CloudError, OutcomeUnknown
from reconciler.model.manifest import Voice
from reconciler.model.observed import (
    Absent,
    Found,
    Observation,
    Observations,
    RemoteVoice,
    Unknown,
    Unverifiable,
)
from reconciler.model.state import Activation, Record, Status
from reconciler.protocols.clock import Clock
from reconciler.protocols.provider import Accepted, Trials
from reconciler.providers.circuit_breaker import with_circuit_breaker
from reconciler.providers.http.client import retry_read
from reconciler.providers.listing import Listing, ListResult, observe_records
from reconciler.providers.tencent import auth as tencent_auth
from reconciler.providers.tencent import client as tencent
from reconciler.providers.tencent.schema import Reply
from reconciler.providers.tencent.vod import requests
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.providers.tencent.vod.capabilities import CAPABILITIES, LISTED_METHODS
from reconciler.providers.tencent.vod.schema import AcceptedReply, VoiceLine, VoicesReply
from reconciler.providers.tencent.vod.task_list import TaskList
from reconciler.providers.tencent.vod.tasks import Ask, Tasks, needs_its_task, recorded_voice

if TYPE_CHECKING:
    import httpx

_NOT_SHOWN = "VOD shows a cloned voice only after its first use"
_NO_LIST = "VOD has no list of these, and tasks are shown for 72 hours"
_NO_KEY = "CreateAigcAudioTask carries no key that it could be found by"


class VodProvider:
    """One VOD application. Threads may share it."""

    capabilities = CAPABILITIES

    def __init__(
        self,
        account: TencentVodAccount,
        credentials: tencent_auth.Credentials,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        before_read: BeforeRead = unpaced,
        secrets_of: SecretsOf = no_secrets,
        listed: bool = True,
    ) -> None:
        """`transport` replaces the sockets (for the sandbox).

        `listed`: the manifest declares voices that DescribeVoices lists, so the list is read even without records.
        """
        self._listed = listed
        self._known: Sequence[Record] = ()  # the records of the last `observe`, whose tasks a list must show
        self._clock = clock
        self._operation_timeout = account.timeouts.operation
        self._before_read = before_read
        self._sub_app_id = account.sub_app_id
        self._client = tencent.Client(
            tencent.VOD,
            credentials,
            clock=clock,
            timeouts=account.timeouts,
            endpoint=account.endpoint,
            transport=transport,
        )
        self.account = f"tencent-vod {self._client.endpoint} {account.sub_app_id}"
        self._tasks = Tasks(
            self._client,
            account.sub_app_id,
            clock=clock,
            operation_timeout=account.timeouts.operation,
            before_read=before_read,
            secrets_of=secrets_of,
        )

    # -- reads ---------------------------------------------------------------------------------------------------------

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        calls = self.calls
        ours = [r for r in records if r.account == self.account]
        of: dict[str, Observation] = {
            r.external_task_id: Unknown(why=f"recorded on {r.account}") for r in records if r.account != self.account
        }
        self._known = ours
        task_list = self._read_tasks(ours)
        ask = with_circuit_breaker(self._tasks.detail, failures=2)

        def by_task(record: Record) -> Observation:
            return self._by_task(record, task_list, known=ours, ask=ask)

        of |= {r.external_task_id: by_task(r) for r in ours if r.method not in LISTED_METHODS}
        list_result = self._observe_listed([r for r in ours if r.method in LISTED_METHODS], records, by_task)
        return Observations(
            account=self.account,
            of=of | list_result.of,
            marked=list_result.marked,
            presets={v.voice_id: v.voice_name or "" for v in self.presets() if v.voice_id} if presets else None,
            ahead=self._client.ahead.total_seconds(),
            calls=self.calls - calls,
        )

    def presets(self) -> Sequence[RemoteVoice]:
        return self._voices("system")

    def voices(self) -> Sequence[RemoteVoice]:
        """The cloned voices that were used. VOD lists no others."""
        return self._voices("clone")

    def recent_tasks(self, known: Collection[str]) -> Sequence[RemoteVoice]:
        return self._tasks.recent_tasks(known)

    def find(self, record: Record) -> Observation:
        if record.method == "task":
            return self._tasks.detail(record) if record.task_id else Unverifiable(why=_NO_KEY)
        if record.method in LISTED_METHODS and not needs_its_task(record):
            return self._look_up(record) or Unverifiable(why=_NOT_SHOWN)
        return self._by_task(record, self._tasks.read_list([record]), known=self._known)

    def trials(self, records: Sequence[Record]) -> Trials:
        """One call for each voice of the last 72 hours, and one list for the voices that VOD lists."""
        from reconciler.providers.tencent.vod import trials  # only for a page

        return trials.read(records, self.account, self._tasks, partial(self._voice_lines, "clone"))

    # -- writes --------------------------------------------------------------------------------------------------------

    def submit(self, voice: Voice, external_task_id: str) -> Accepted:
        body = requests.creation(voice, external_task_id, sub_app_id=self._sub_app_id)
        try:
            reply = self._client.call(requests.ACTIONS[voice.method], body, shape=AcceptedReply, secrets=voice.secrets)
        except OutcomeUnknown:
            self._tasks.remember_lost(external_task_id)
            raise
        if voice.method != "task":
            self._tasks.remember_accepted(reply.task_id)
        return Accepted(task_id=reply.task_id)

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        return self._tasks.poll(pending)

    def update(self, record: Record, fields: Mapping[str, Any]) -> None:
        body = {"VoiceFields": requests.changes(record.sent, fields, marker=record.external_task_id)}
        self._client.call("UpdateVoice", self._voice_parameters(record) | body, shape=Reply)

    def activate(self, record: Record, text: str) -> None:
        self._client.call("TextToSpeechSync", self._voice_parameters(record) | {"Text": text}, shape=Reply)

    def delete(self, record: Record) -> None:
        self._client.call("DeleteVoice", self._voice_parameters(record), shape=Reply)

    @property
    def calls(self) -> int:
        return self._client.calls

    def close(self) -> None:
        self._client.close()

    # -- tasks ---------------------------------------------------------------------------------------------------------

    def _read_tasks(self, ours: Sequence[Record]) -> TaskList:
        """Reads the list of tasks as far as needed. Empty if no record needs a task of the last 72 hours."""
        recent = [r for r in ours if r.method != "task" and not self._tasks.is_past(r)]
        unlisted = (
            r for r in recent if r.status in {Status.READY, Status.CANDIDATE} and r.method not in LISTED_METHODS
        )
        sought = [*(r for r in recent if needs_its_task(r)), *unlisted]
        # Whether a file has expired depends on the clock. One call shows whether the local clock is right.
        expired = any(r.status is Status.READY and r.expires_at and r.expires_at <= self._clock.now() for r in ours)
        return self._tasks.read_list(sought) if sought or expired else TaskList()

    def _by_task(
        self, record: Record, task_list: TaskList, *, known: Sequence[Record] = (), ask: Ask | None = None
    ) -> Observation:
        """The observation of a record by its tasks. VOD shows no tasks older than 72 hours."""
        match record.status:
            case Status.DELETED | Status.FAILED:
                return Unverifiable(why=_NO_LIST) if record.key_was_used else Absent()
            case _ if record.voice_id or record.url or record.file_id:  # also a voice that the user named
                return Found(remote=recorded_voice(record)) if task_list.of(record) else Unverifiable(why=_NO_LIST)
            case _ if record.method == "task" and record.task_id is None:
                return Unverifiable(why=_NO_KEY)
            case Status.ABANDONED if record.task_id is None:
                return self._resolve(record, task_list, known)
            case Status.RUNNING | Status.DEPOSED | Status.READY | Status.CANDIDATE | Status.ABANDONED:
                return self._tasks.observe_running(record, task_list, ask=ask)
            case Status.INTENDED | Status.UNCERTAIN | Status.LAPSED if record.method == "task":
                return self._tasks.detail(record)
            case Status.INTENDED | Status.UNCERTAIN | Status.LAPSED:
                return self._resolve(record, task_list, known)

    def _resolve(self, record: Record, task_list: TaskList, known: Sequence[Record]) -> Observation:
        ours = [r for r in known if r.attempts > 0 and r.method != "task"]
        accepted = [r for r in ours if r.status is not Status.DELETED]  # the task of a deleted voice may be deleted too
        return self._tasks.resolve(record, task_list, known=accepted)

    # -- MiniMax's voices, which are listed after their first use ------------------------------------------------------

    def _observe_listed(
        self, records: Sequence[Record], all_records: Sequence[Record], by_task: Callable[[Record], Observation]
    ) -> ListResult:
        """Observes MiniMax's voices by the list. A voice may be missing there only because it was never used."""
        if not records and not self._listed:
            return ListResult({})
        used = [r for r in records if _should_be_listed(r)]
        unused = [r for r in records if not _should_be_listed(r)]
        shown: list[Listing] = []

        def read() -> Listing:
            shown.append(self._listing(records))
            return shown[-1]

        def unseen(record: Record) -> Observation:
            return by_task(record) if needs_its_task(record) else Unverifiable(why=_NOT_SHOWN)

        looked_for = {r.external_task_id for r in used}
        foreign_records = [r for r in all_records if r.external_task_id not in looked_for]
        try:
            list_result = observe_records(
                used, foreign_records=foreign_records, read_list=read, find=by_task, look_up=self._look_up
            )
        except CloudError as error:
            if error.systemic or not unused:
                raise
            failed = Unknown(why=error.detail)
            return ListResult({r.external_task_id: by_task(r) if needs_its_task(r) else failed for r in unused})
        listed = {key: voice for listing in shown for key, voice in listing.matches(unused).items()}
        found = {key: Found(remote=voice) for key, voice in listed.items()}
        others = {r.external_task_id: unseen(r) for r in unused if r.external_task_id not in found}
        return ListResult(list_result.of | found | others, list_result.marked)

    def _listing(self, records: Sequence[Record]) -> Listing:
        """The list of cloned voices. A marker of a record whose voice_id is known is ignored on other voices.

        Markers are labels, and users can copy labels to other voices.
        """
        markers = {r.voice_id: r.external_task_id for r in records if r.voice_id is not None}
        known = set(markers.values())
        listed = {str(v.voice_id): v for v in self._voices("clone")}
        for voice_id, voice in listed.items():
            marker = markers.get(voice_id) or (voice.external_task_id if voice.external_task_id not in known else None)
            listed[voice_id] = replace(voice, external_task_id=marker)
        return Listing(listed)

    def _look_up(self, record: Record) -> Observation | None:
        if record.voice_id is None:
            return None
        try:
            found = [v for v in self._voices("clone", voice_id=record.voice_id) if v.voice_id == record.voice_id]
        except CloudError as error:
            if error.systemic:
                raise
            return Unknown(why=error.detail)
        if found:
            return Found(remote=found[0])
        return Absent() if record.activation is Activation.DONE else Unverifiable(why=_NOT_SHOWN)

    def _voices(self, kind: str, *, voice_id: str | None = None) -> list[RemoteVoice]:
        return [line.remote() for line in self._voice_lines(kind, voice_id=voice_id)]

    def _voice_lines(self, kind: str, *, voice_id: str | None = None) -> Sequence[VoiceLine]:
        body = {"SubAppId": str(self._sub_app_id), "VoiceType": kind}
        asked = body | ({"VoiceId": voice_id} if voice_id is not None else {})
        reply = retry_read(partial(self._describe_voices, asked), clock=self._clock, within=self._operation_timeout)
        return reply.voices or []

    def _describe_voices(self, body: Mapping[str, object]) -> VoicesReply:
        self._before_read("list")
        return self._client.call("DescribeVoices", body, shape=VoicesReply)

    def _voice_parameters(self, record: Record) -> dict[str, object]:
        if record.voice_id is None:
            raise ValueError(f"{record.external_task_id} has no voice_id")
        return {"VoiceId": record.voice_id, "SubAppId": str(self._sub_app_id)}


def _should_be_listed(record: Record) -> bool:
    """Whether the list shows this voice if it exists. A voice that another run made with its key may be unused."""
    ended = record.status in {Status.DELETED, Status.FAILED} and not record.key_was_used
    return record.activation is Activation.DONE or ended
