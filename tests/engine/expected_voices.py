"""The sandbox's books in the oracle's words: who was paid for what, which voice a record means, and who could tell."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from reconciler.model.account import Account
from reconciler.model.manifest import Voice
from reconciler.model.state import Record
from reconciler.planning import markers
from reconciler.providers.kling.account import KlingAccount
from reconciler.providers.tencent.trtc.account import TencentTrtcAccount
from reconciler.providers.tencent.vod.account import TencentVodAccount
from reconciler.sandbox.task import Task
from reconciler.sandbox.tencent.auth import SECRET_ID
from tests.engine.oracle import Fate, What

KLING_KEYS = {"singapore": "sandbox-default", "beijing": "sandbox-other"}  # an account each

# What a call is named on its wire, as `SimulatedRun` hears it.
MAKING = frozenset(
    {
        *("create", "CreateAigcCustomVoice", "CreateAigcAudioClone", "CloneVoiceAsync"),
        *("VoiceClone", "CreateAigcAudioTask"),
    }
)
DELETING = frozenset({"delete", "DeleteVoice"})
USING = frozenset({"TextToSpeechSync"})
KEYLESS = frozenset({"VoiceClone", "AigcAudioTask"})  # these take no key from us: the cloud can't be queried for one
SOUND, MINIMAX = "AigcAudioTask", "CloneVoiceAsync"
LISTED = "listed"  # what `listed_cloud` makes: its marker is no key, so that two voices may have the same one
_WEEK = 7 * 86_400_000  # milliseconds that a Temporary file lasts, and a MiniMax voice that nobody used
TRACED = 70 * 3_600_000  # milliseconds that VOD shows a task at least, where somebody looks for it
_UNLISTED = frozenset({"CreateAigcCustomVoice", "CreateAigcAudioClone", *KEYLESS})


class ExpectedVoices:
    def __init__(self, accounts: Mapping[str, Account]) -> None:
        self._accounts = accounts
        self._meant: dict[tuple[str, str], What] = {}  # of what takes no key: account, what it is made from -> it
        self._told: dict[int, What] = {}  # by the number of a creation: a name changes
        self._made_from: dict[str, str] = {}  # digest in a key, which is of an address too -> digest of inputs alone

    def declared(self, voice: Voice) -> What:
        digest = markers.digest_of(voice)
        self._made_from[digest] = markers.digest_of(replace(voice, address=""))
        what = self.meant(voice.address, digest, voice.provider)
        self._meant[what.account, str(voice.inputs.get("prompt") or voice.inputs.get("voice_name"))] = what
        return what

    def meant(self, address: str, digest: str, provider: str) -> What:
        return What(address, self._made_from[digest], self.account(provider))

    def of(self, record: Record) -> What | None:
        """None: the record keeps nothing of what it was made from."""
        known = record.digest in self._made_from
        return self.meant(record.address, record.digest, record.provider) if known else None

    def moved(self, creation: Task, what: What) -> None:
        """Its entry was renamed, which its marker does not say."""
        self._told[creation.number] = what

    def account(self, provider: str) -> str:
        """As the world calls it."""
        match self._accounts[provider]:
            case KlingAccount(region=region):
                return f"kling:{KLING_KEYS[region]}"
            case TencentVodAccount(sub_app_id=number):
                return f"tencent:{SECRET_ID}/vod/{number}"
            case TencentTrtcAccount(sdk_app_id=number):
                return f"tencent:{SECRET_ID}/trtc/{number}"
            case other:
                raise AssertionError(other)

    def what(self, creation: Task) -> What:
        if creation.number not in self._told:
            self._told[creation.number] = self._first_look(creation)
        return self._told[creation.number]

    def called_for(self, body: Mapping[str, Any]) -> What:
        """What a call that takes no key is to make."""
        if "SdkAppId" in body:
            return self._meant[f"tencent:{SECRET_ID}/trtc/{body['SdkAppId']}", body["VoiceName"]]
        return self._meant[f"tencent:{SECRET_ID}/vod/{body['SubAppId']}", body["Prompt"]]

    def key_meant(self, record: Record, made: Iterable[Task]) -> str:
        """How the oracle calls what a record means."""
        creation = self.creation_meant(record, made)
        if creation is None:
            return _called(record.external_task_id, self.account(record.provider))
        return str(key_of(creation))

    def creation_meant(self, record: Record, made: Iterable[Task]) -> Task | None:
        """The one under its key before one with its voice_id, which a person may choose twice."""
        account = self.account(record.provider)
        meant = (c for c in made if c.account == account and _is_meant(record, c))
        return max(meant, key=lambda c: c.key == record.external_task_id, default=None)

    def _first_look(self, creation: Task) -> What:
        marker = markers.read(creation.key)
        if marker is not None:
            return What(marker.address, self._made_from[marker.digest], creation.account)
        prompt = creation.details["input"]["Prompt"] if creation.action == SOUND else creation.voice_name
        return self._meant[creation.account, prompt]


def has_key(voice: Voice) -> bool:
    """Whether the call that makes it carries a key of ours."""
    return voice.type != "tencent-trtc" and voice.method != "task"


def key_of(creation: Task) -> str | None:
    """How the oracle calls it. None: nobody bought it through us."""
    keyless = creation.action in KEYLESS or (creation.action == LISTED and creation.key is not None)
    if keyless or creation.key is None:
        return f"number {creation.number}" if keyless else None
    return _called(creation.key, creation.account)


def _called(key: str, account: str) -> str:
    """Two accounts may have taken one key: that of a state that was lost between."""
    return f"{key} at {account}"


def fate_of(creation: Task) -> Fate:
    return Fate.NONE if creation.ended_at is None else Fate.FAILURE if creation.failure else Fate.VOICE


def is_listed(creation: Task) -> bool:
    """Whether its cloud shows it to somebody who knows nothing of it; what it never shows it does not delete either."""
    return creation.action not in _UNLISTED and (creation.action != MINIMAX or creation.used_at is not None)


def expires_at(creation: Task) -> float | None:
    """Unix milliseconds. None: it lasts, or it was not made yet."""
    if creation.ended_at is None:
        return None
    unused = creation.action == MINIMAX and creation.used_at is None
    return creation.ended_at + _WEEK if unused or creation.action == SOUND else None


def _is_meant(record: Record, creation: Task) -> bool:
    match creation.action:
        case "VoiceClone":
            return creation.voice_id == record.voice_id
        case "AigcAudioTask":
            file_id = creation.details["file_id"]
            return creation.task_id == record.task_id or file_id == record.file_id or file_id in (record.url or "")
        case "listed" if record.task_id is not None:
            return creation.task_id == record.task_id
        case _:
            if record.voice_id is not None and creation.voice_id is not None:
                return creation.voice_id == record.voice_id  # one that was imported has another key
            return creation.key == record.external_task_id
