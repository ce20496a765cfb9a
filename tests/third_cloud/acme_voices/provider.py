"""The Provider of Acme: four calls. A voice is made at once, and its labels carry our marker."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

from pydantic import BaseModel, TypeAdapter, ValidationError

from reconciler.adapter import BeforeRead, Surroundings
from reconciler.errors import CloudError, OutcomeUnknown, Rejected, Throttled
from reconciler.model.manifest import Voice
from reconciler.model.observed import Absent, Found, Observation, Observations, RemoteVoice, TaskStatus, Unknown
from reconciler.model.state import Record
from reconciler.protocols.provider import ByList, Capabilities, Done, MethodCapabilities
from reconciler.providers.http.client import HttpClient, retry_read
from reconciler.providers.listing import Listing, observe_records

from .account import AcmeAccount

VOICES = "/voices"
LABEL = "voicectl"
LAG = 0.5  # seconds until a list shows a new voice


class _Voice(BaseModel):
    id: str
    name: str
    labels: dict[str, str] = {}

    def remote(self) -> RemoteVoice:
        marker = self.labels.get(LABEL)
        return RemoteVoice(
            status=TaskStatus.READY, voice_id=self.id, task_id=self.id, voice_name=self.name, external_task_id=marker
        )


Shape = TypeVar("Shape")
_VOICE, _VOICES = TypeAdapter(_Voice), TypeAdapter(list[_Voice])


class AcmeProvider:
    """One account of Acme's. Threads may share it."""

    capabilities = Capabilities(methods={"create": MethodCapabilities(found=ByList(lag=LAG))})

    def __init__(
        self, account: AcmeAccount, endpoint: str, key: str, around: Surroundings, *, before_read: BeforeRead
    ) -> None:
        self.account = f"acme {endpoint}"
        self._key, self._clock, self._before_read = key, around.clock, before_read
        self._http = HttpClient(endpoint, account.timeouts, clock=around.clock, secrets=lambda: (key,))

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:
        calls = self.calls
        ours = [r for r in records if r.account == self.account]
        others = [r for r in records if r.account != self.account]
        of: dict[str, Observation] = {r.external_task_id: Unknown(why=f"recorded on {r.account}") for r in others}
        seen = observe_records(
            ours, foreign_records=others, read_list=self._list, find=self.find, look_up=self._look_up
        )
        return Observations(
            account=self.account, of=of | seen.of, marked=seen.marked, unlisted=seen.unlisted, calls=self.calls - calls
        )

    def presets(self) -> Sequence[RemoteVoice]:
        return ()

    def voices(self) -> Sequence[RemoteVoice]:
        return self._list().possible_voices

    def find(self, record: Record) -> Observation:
        try:
            found = self._list().matches([record]).get(record.external_task_id)
        except CloudError as error:
            if error.systemic:
                raise
            return Unknown(why=error.detail)
        return Absent() if found is None else Found(remote=found)

    def submit(self, voice: Voice, external_task_id: str) -> Done:
        body = {**voice.inputs, "labels": {LABEL: external_task_id}}
        return Done(remote=self._send("POST", VOICES, _VOICE, body).remote())

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:
        return {}

    def delete(self, record: Record) -> None:
        self._send("DELETE", f"{VOICES}/{record.voice_id}", TypeAdapter(dict[str, Any]))

    @property
    def calls(self) -> int:
        return self._http.calls

    def close(self) -> None:
        self._http.close()

    def _list(self) -> Listing:
        def read() -> Iterable[_Voice]:
            self._before_read("list")
            return self._send("GET", VOICES, _VOICES)

        return Listing({voice.id: voice.remote() for voice in retry_read(read, clock=self._clock)})

    def _look_up(self, record: Record) -> Observation | None:
        if record.voice_id is None:
            return None
        try:
            self._before_read("get")
            return Found(remote=self._send("GET", f"{VOICES}/{record.voice_id}", _VOICE).remote())
        except CloudError as error:
            if error.systemic:
                raise
            return Absent() if isinstance(error, Rejected) and error.absent else Unknown(why=error.detail)

    def _send(
        self, method: str, path: str, shape: TypeAdapter[Shape], body: Mapping[str, object] | None = None
    ) -> Shape:
        headers = {"Authorization": f"Bearer {self._key}", "Content-Type": "application/json"}
        content = None if body is None else json.dumps(body).encode()
        response = self._http.send(method, path, headers=headers, content=content)
        match response.status:
            case 200:
                try:
                    return shape.validate_json(response.body)
                except ValidationError:
                    raise OutcomeUnknown(f"{response.call}: the answer is not understood") from None
            case 401:
                raise Rejected(f"{response.call}: the key is not valid", systemic=True)
            case 404:
                raise Rejected(f"{response.call}: there is no such voice", absent=True)
            case 429:
                raise Throttled(f"{response.call}: too many calls", retry_after=response.retry_after)
            case status if status >= 500:
                raise OutcomeUnknown(f"{response.call}: {status}")
            case status:
                raise Rejected(f"{response.call}: {status}")
