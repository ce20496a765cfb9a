"""The Provider of Tencent Cloud TRTC: cloned voices of one application.

One synchronous call creates a voice. TRTC has no list, no look-up, no delete and no key, so after a lost reply nothing
shows whether a voice was created.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

from pydantic import StringConstraints

from reconciler.audio.converting import to_16k_mono_wav
from reconciler.audio.file import Unreadable
from reconciler.errors import Cause, CloudError, Rejected
from reconciler.model.base import Inputs
from reconciler.model.manifest import Voice
from reconciler.model.observed import (
    Absent,
    Found,
    Observation,
    Observations,
    RemoteVoice,
    TaskStatus,
    Unknown,
    Unverifiable,
)
from reconciler.model.state import Record, Status
from reconciler.model.variables import unset
from reconciler.protocols.clock import Clock
from reconciler.protocols.provider import Capabilities, Done, MethodCapabilities, ProbeCost, Unknowable
from reconciler.providers.local_files import bytes_of
from reconciler.providers.tencent import auth, client
from reconciler.providers.tencent.schema import Reply
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount

if TYPE_CHECKING:
    import httpx

CAPABILITIES = Capabilities(
    methods={"clone": MethodCapabilities(deletes=False, found=Unknowable(), batch=1)},
    probe=ProbeCost(call="TextToSpeech", price="one character is paid where the voice exists"),
)

_NO_LOOKUP = "TRTC has no list and no look-up of voices"
_SHORTEST_TEXT = "a"  # TextToSpeech, Text: 1 to 255 characters


class CloneReply(Reply):
    """The reply of VoiceClone."""

    voice_id: Annotated[str, StringConstraints(min_length=1)]


class TrtcProvider:
    """One TRTC application. Threads may share it."""

    capabilities = CAPABILITIES

    def __init__(
        self,
        account: TencentTrtcAccount,
        credentials: auth.Credentials,
        *,
        clock: Clock,
        environ: Mapping[str, str],
        transport: httpx.BaseTransport | None = None,
    ) -> None:
        """`environ` holds the APIKeys whose variables voices name. `transport` replaces the sockets."""
        self._sdk_app_id = account.sdk_app_id
        self._environ = environ
        self._client = client.Client(
            client.TRTC,
            credentials,
            clock=clock,
            timeouts=account.timeouts,
            endpoint=account.endpoint,
            region=account.region,
            transport=transport,
        )
        self.account = f"tencent-trtc {self._client.endpoint} {account.sdk_app_id}"

    # -- reads, which use the records only -----------------------------------------------------------------------------

    def observe(self, records: Sequence[Record], *, presets: bool = False) -> Observations:  # noqa: ARG002 - it has none
        return Observations(account=self.account, of={r.external_task_id: self._from_record(r) for r in records})

    def presets(self) -> Sequence[RemoteVoice]:
        return ()

    def voices(self) -> Sequence[RemoteVoice]:
        return ()

    def find(self, record: Record) -> Observation:  # noqa: ARG002 - TRTC has no look-up
        return Unverifiable(why=_NO_LOOKUP)

    def poll(self, pending: Sequence[Record]) -> Mapping[str, RemoteVoice]:  # noqa: ARG002 - TRTC has no tasks
        return {}

    def probe(self, records: Sequence[Record]) -> Mapping[str, Observation]:
        """Lets each voice speak one character. The call is paid if the voice exists."""
        return {r.external_task_id: self._probed(r) for r in records if r.voice_id and r.account == self.account}

    # -- writes --------------------------------------------------------------------------------------------------------

    def submit(self, voice: Voice, external_task_id: str) -> Done:  # noqa: ARG002 - VoiceClone takes no key
        inputs = voice.inputs
        body: dict[str, object] = {"SdkAppId": self._sdk_app_id, "VoiceName": inputs["voice_name"]}
        body["PromptAudio"] = base64.b64encode(_wav(voice)).decode()
        for key, name in (("prompt_text", "PromptText"), ("model", "Model"), ("language", "Language")):
            if key in inputs:
                body[name] = inputs[key]
        api_key = self._api_key(inputs)
        reply = self._client.call("VoiceClone", body | api_key, shape=CloneReply, secrets=api_key.values())
        made = RemoteVoice(status=TaskStatus.READY, voice_id=reply.voice_id, voice_name=inputs["voice_name"])
        return Done(remote=made)

    def delete(self, record: Record) -> None:
        raise Rejected(f"{record.voice_id}: TRTC has no call that deletes a voice")

    @property
    def calls(self) -> int:
        return self._client.calls

    def close(self) -> None:
        self._client.close()

    def _from_record(self, record: Record) -> Observation:
        if record.account != self.account:
            return Unknown(why=f"recorded on {record.account}")
        gone = record.status in {Status.DELETED, Status.FAILED}
        return Absent() if gone else Unverifiable(why=_NO_LOOKUP)

    def _probed(self, record: Record) -> Observation:
        body: dict[str, object] = {
            "Text": _SHORTEST_TEXT,
            "Voice": {"VoiceId": record.voice_id},
            "SdkAppId": self._sdk_app_id,
        }
        if "model" in record.sent:
            body["Model"] = record.sent["model"]
        try:
            api_key = self._api_key(record.sent)
            self._client.call("TextToSpeech", body | api_key, shape=Reply, secrets=api_key.values())
        except CloudError as error:
            if error.systemic:
                raise
            gone = isinstance(error, Rejected) and error.absent
            return Absent() if gone else Unknown(why=error.detail)
        return Found(
            remote=RemoteVoice(status=TaskStatus.READY, voice_id=record.voice_id, voice_name=record.voice_name)
        )

    def _api_key(self, inputs: Inputs) -> dict[str, str]:
        """The APIKey parameter, if the voice names a variable for it."""
        if "api_key_env" not in inputs:
            return {}
        name = str(inputs["api_key_env"])
        value = self._environ.get(name, "").strip()
        if not value:
            # Systemic, so that the intent is removed and no voice is marked as failed.
            raise Rejected(*unset("api_key_env", name, example="TRTC_API_KEY"), systemic=True)
        return {"APIKey": value}


def _wav(voice: Voice) -> bytes:
    """The sample in the format of VoiceClone: WAV, 16 kHz, one channel."""
    converted = to_16k_mono_wav(bytes_of(voice, "prompt_audio"))
    if isinstance(converted, Unreadable):
        raise Rejected(f"prompt_audio: {converted.why}", cause=Cause.SAMPLE)
    return converted
