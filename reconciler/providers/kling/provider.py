"""The Provider of Kling: five calls of its Custom Voice API.

It makes no decisions and remembers only the number of pages of the list. `schema` has the shapes of the answers,
`listing` looks up missing voices.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING
from urllib.parse import quote

from reconciler.adapter import BeforeRead, SecretsOf, no_secrets, unpaced
from reconciler.errors import CloudError, OutcomeUnknown, Rejected
from reconciler.model import urls
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record, Status
from reconciler.protocols.clock import Clock
from reconciler.protocols.provider import Accepted, Capabilities, MethodCapabilities, ProbeCost, Trials
from reconciler.providers.circuit_breaker import with_circuit_breaker
from reconciler.providers.http.client import HttpClient, HttpResponse, retry_read
from reconciler.providers.kling import auth, errors, schema, unified_tasks
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.kling.methods import KlingCreate
from reconciler.providers.kling.page import Entry, Parse, listing_of, parse_page, parse_tasks, remotes, task_id_of
from reconciler.providers.listing import Listing, observe_records
from reconciler.providers.paging import pages

if TYPE_CHECKING:
    import httpx

VOICES = "/v1/general/custom-voices"
PRESETS = "/v1/general/presets-voices"
DELETE = "/v1/general/delete-voices"
PAGE_SIZE = 1000  # Kling, Query Custom Voice (List), pageSize: 1 to 1000
LAST_PAGE = 1000  # Kling, Query Custom Voice (List), pageNum: 1 to 1000

CAPABILITIES = Capabilities(
    methods={
        "create": MethodCapabilities(),
        "preset": MethodCapabilities(deletes=False),
        "existing": MethodCapabilities(),
    },
)

# Not with access keys: Kling, GET /tasks, answers them with 1002.
CAPABILITIES_WITH_API_KEY = replace(
    CAPABILITIES, probe=ProbeCost(call=f"GET {unified_tasks.TASKS}", voices=unified_tasks.TASKS_PER_CALL)
)


class KlingProvider:
    """One Kling account. Threads may share it."""

    def __init__(
        self,
        account: KlingAccount,
        credentials: auth.Credentials,
        *,
        clock: Clock,
        transport: httpx.BaseTransport | None = None,
        before_read: BeforeRead = unpaced,
        secrets_of: SecretsOf = no_secrets,
    ) -> None:
        """`transport` replaces the sockets (for the sandbox)."""
        endpoint = auth.endpoint(account)
        self.account = f"kling {endpoint}"
        self.capabilities = CAPABILITIES_WITH_API_KEY if isinstance(credentials, auth.ApiKey) else CAPABILITIES
        self._clock = clock
        self._operation_timeout = account.timeouts.operation
        self._before_read = before_read
        self._signer = auth.Signer(credentials, clock=clock)
        self._http = HttpClient(endpoint, account.timeouts, clock=clock, secrets=self._signer.secrets, mount=transport)
        self._redact = self._http.redact
        self._secrets_of = secrets_of
        self._pages = 1  # number of pages of the last complete list

    # -- reads ---------------------------------------------------------------------------------------------------------

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        calls = self.calls
        ours = [r for r in records if r.account == self.account]
        foreign_records = [r for r in records if r.account != self.account]
        official = [r for r in ours if r.method == "preset"]
        made = [r for r in ours if r.method != "preset"]

        of: dict[str, Observation] = {
            r.external_task_id: Unknown(why=f"recorded on {r.account}") for r in foreign_records
        }
        list_result = observe_records(
            made,
            foreign_records=[*foreign_records, *official],
            read_list=self._listing,
            find=with_circuit_breaker(self.find, failures=2),
            look_up=with_circuit_breaker(self._look_up, failures=2),
        )
        of |= list_result.of
        offered: dict[str, RemoteVoice] | None = None
        if presets or official:
            try:
                offered = {v.voice_id: v for v in self.presets() if v.voice_id}
            except CloudError as error:
                if error.systemic:
                    raise
                of |= {r.external_task_id: Unknown(why=error.detail) for r in official}
            else:
                of |= {r.external_task_id: _preset_observation(offered.get(r.voice_id or "")) for r in official}
        return Observations(
            account=self.account,
            of=of,
            marked=list_result.marked,
            owners=list_result.owners - {KlingAccount.official_owner},
            unlisted=list_result.unlisted,
            presets=None if offered is None else {voice_id: v.voice_name or "" for voice_id, v in offered.items()},
            calls=self.calls - calls,
        )

    def presets(self) -> Sequence[RemoteVoice]:
        offered: dict[str, RemoteVoice] = {}
        for page in self._paged(PRESETS, confirm_end=False):  # a preset that is missing is blocked, never created
            offered |= {str(v.task_id): v for v in remotes(page, self._redact_message)}
        return [v for v in offered.values() if v.status is TaskStatus.READY]

    def voices(self) -> Sequence[RemoteVoice]:
        return self._listing().possible_voices

    def find(self, record: Record) -> Observation:
        return self._observe_task(record, record.external_task_id)

    def _look_up(self, record: Record) -> Observation | None:
        """Looks up by our key if it was sent to Kling. The key of an imported voice was not, so its task_id is used."""
        named = record.external_task_id if record.attempts > 0 else record.task_id
        return self._observe_task(record, named) if named else None

    def _observe_task(self, record: Record, named: str) -> Observation:
        try:
            task = self._get(named)
        except CloudError as error:
            if error.systemic:
                raise
            gone = isinstance(error, Rejected) and error.absent
            return Absent() if gone else Unknown(why=error.detail)
        match record.status:
            case Status.READY | Status.CANDIDATE | Status.DEPOSED if task.deleted or task.emptied:
                return Absent()
            case Status.READY | Status.CANDIDATE | Status.DEPOSED if task.voiceless:
                return Unknown(why="its task has succeeded, and its answer lacks the voice_id")
            case Status.RUNNING if task.deleted:
                return Absent()
            case _:  # an interrupted call; a voice deleted since counts as failed, because its key can't be used again
                return Found(remote=task.remote(self._redact_message))

    def probe(self, records: Sequence[Record]) -> Mapping[str, Observation]:
        """Asks Kling's newer task API whether these voices were deleted."""
        return unified_tasks.probed([r for r in records if r.account == self.account], self._unified)

    def trials(self, records: Sequence[Record]) -> Trials:
        from reconciler.providers.kling import trials  # only for a page

        return trials.read(records, self.account, partial(self._paged, parse=parse_tasks), (VOICES, PRESETS))

    # -- writes --------------------------------------------------------------------------------------------------------

    def submit(self, voice: Voice, external_task_id: str) -> Accepted:
        if voice.method != "create":
            raise ValueError(f"Kling makes voices by create, not by {voice.method}")
        body = {k: v for k, v in voice.inputs.items() if k in KlingCreate.model_fields and v is not None}
        answer = self._signed("POST", VOICES, content=_json_bytes(body | {"external_task_id": external_task_id}))
        patterns = errors.creation_patterns(external_task_id)
        redact = partial(self._redact, also=tuple(urls.secrets_in(body)))
        envelope = errors.parse_response(answer, schema.AcceptedEnvelope, redact=redact, patterns=patterns)
        return Accepted(task_id=str(envelope.data.task_id))

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        """Reads a list or single tasks, whichever needs fewer calls. Stops the list once all tasks were seen."""
        seen: dict[str, RemoteVoice] = {}
        if len(pending) <= self._pages:
            for record in pending:
                with _skip_failures():
                    seen[record.external_task_id] = self._get(record.external_task_id).remote(self._redact_message)
            return seen

        keys = {r.external_task_id for r in pending}
        key_of = {r.task_id: r.external_task_id for r in pending if r.task_id}
        with _skip_failures():
            for number, page in enumerate(self._paged(VOICES), start=1):
                self._pages = max(self._pages, number)
                for remote in remotes(page, self._redact_message):
                    # By task_id only if the entry has no key: a wrong task_id would match the voice of another record.
                    key = remote.external_task_id or key_of.get(remote.task_id or "")
                    if key in keys:
                        seen[key] = remote
                if len(seen) == len(keys):
                    break
        return seen

    def delete(self, record: Record) -> None:
        if record.voice_id is None:
            raise ValueError(f"{record.external_task_id} has no voice_id to delete")
        answer = self._signed("POST", DELETE, content=_json_bytes({"voice_id": record.voice_id}))
        # `data` is ignored: the docs show a short form; a full task and nothing at all were seen.
        errors.parse_response(answer, schema.Envelope, redact=self._redact, patterns=errors.DELETING)

    @property
    def calls(self) -> int:
        return self._http.calls

    def close(self) -> None:
        self._http.close()

    def _redact_message(self, external_task_id: str | None, words: object) -> str:
        """Removes secrets from a message about a creation. The message may quote the sample's signed URL."""
        return self._redact(words, also=self._secrets_of(external_task_id) if external_task_id else ())

    # -- requests ------------------------------------------------------------------------------------------------------

    def _get(self, named: str) -> schema.Task:
        task = retry_read(partial(self._task, named), clock=self._clock, within=self._operation_timeout)
        if named not in (str(task.task_id), task.key or named):
            raise OutcomeUnknown(f"GET {VOICES}/{named}: the answer is about another task")
        return task

    def _task(self, named: str) -> schema.Task:
        self._before_read("get")
        answer = self._signed("GET", f"{VOICES}/{quote(named, safe='')}")
        shape, patterns, redact = schema.TaskEnvelope, errors.GETTING, partial(self._redact_message, named)
        return errors.parse_response(answer, shape, redact=redact, patterns=patterns).data

    def _unified(self, task_ids: str) -> unified_tasks.UnifiedEnvelope:
        def read() -> unified_tasks.UnifiedEnvelope:
            self._before_read("get")
            answer = self._signed("GET", unified_tasks.TASKS, query={"task_ids": task_ids})
            return errors.parse_response(answer, unified_tasks.UnifiedEnvelope, redact=self._redact)

        return retry_read(read, clock=self._clock, within=self._operation_timeout)

    def _listing(self) -> Listing:
        listing, pages_read = listing_of(self._paged(VOICES), self._redact_message)
        self._pages = max(pages_read, 1)
        return listing

    def _paged(self, path: str, *, confirm_end: bool = True, parse: Parse = parse_page) -> Iterator[Sequence[Entry]]:
        def read(number: int) -> Sequence[Entry]:
            return retry_read(
                partial(self._page, path, number, parse), clock=self._clock, within=self._operation_timeout
            )

        return pages(read, name=task_id_of, size=PAGE_SIZE, last=LAST_PAGE, clock=self._clock, confirm_end=confirm_end)

    def _page(self, path: str, number: int, parse: Parse) -> Sequence[Entry]:
        self._before_read("list")
        answer = self._signed("GET", path, query={"pageNum": number, "pageSize": PAGE_SIZE})
        return parse(answer, redact=self._redact)

    def _signed(
        self, method: str, path: str, *, query: Mapping[str, str | int] | None = None, content: bytes | None = None
    ) -> HttpResponse:
        """Sends one call. Sends it again only if the token was refused as too early or expired, so nothing happened."""
        authorization = self._signer.authorization()
        answer = self._send(method, path, authorization, query=query, content=content)
        if answer.status == 401 and errors.refuses_the_time(answer):
            renewed = self._signer.renewed(authorization, server_time=answer.server_time)
            if renewed is not None:
                return self._send(method, path, renewed, query=query, content=content)
        return answer

    def _send(
        self,
        method: str,
        path: str,
        authorization: str,
        *,
        query: Mapping[str, str | int] | None,
        content: bytes | None,
    ) -> HttpResponse:
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        return self._http.send(method, path, headers=headers, query=query, content=content)


@contextmanager
def _skip_failures() -> Iterator[None]:
    """Skips what can't be read. Raises an error only if every other call would fail in the same way."""
    try:
        yield
    except CloudError as error:
        if error.systemic:
            raise


def _preset_observation(voice: RemoteVoice | None) -> Observation:
    return Absent() if voice is None else Found(remote=voice)


def _json_bytes(body: Mapping[str, object]) -> bytes:
    return json.dumps(body, separators=(",", ":")).encode()
