"""What people declare. Every limit stands here with its source; the loader adds the positions, the planner the meaning.

The shape of a voice's body depends on its provider's type and its method, so it is data: `METHODS[type][method]` is
the model of that body. A new cloud adds its account to `Provider` and its bodies to `METHODS`.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from enum import StrEnum
from typing import Annotated, Any, ClassVar, Literal, Self
from urllib.parse import urlsplit

from pydantic import AfterValidator, BeforeValidator, Field, StringConstraints, model_validator

from reconciler.model.base import Frozen, Inputs

ADDRESS = r"^[A-Za-z][A-Za-z0-9_-]{0,62}$"
LONGEST_ADDRESS = 63
ADDRESS_LIMIT = f"a letter, then at most {LONGEST_ADDRESS - 1} letters, digits, - or _"
DIGITS = r"^[0-9]{1,64}$"
ENV_NAME = r"^[A-Za-z_][A-Za-z0-9_]*$"
_ADDRESS = re.compile(ADDRESS.removesuffix("$"))  # in Python, $ would let a line break through
_PLAIN_URL = re.compile(r"(?i)https?://[a-z0-9][a-z0-9.-]*/[!-~]*")
_DURATION = re.compile(r"([0-9]+(?:\.[0-9]+)?)\s*([smhd]?)")
_LONGEST_DAYS = 3650  # past any use, and before dates run out
_UNIT_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}
_AUDIO_SUFFIXES = (".mp3", ".wav", ".mp4", ".mov")  # Kling, custom-voices, voice_url


def is_address(text: str) -> bool:
    return _ADDRESS.fullmatch(text) is not None


def _seconds(value: object) -> object:
    if not isinstance(value, str):
        return value
    found = _DURATION.fullmatch(value.strip())
    if found is None:
        raise ValueError("not a duration: write seconds, or a number with s, m, h or d, such as 24h")
    seconds = float(found[1]) * _UNIT_SECONDS[found[2]]
    if seconds > _LONGEST_DAYS * 86400:
        raise ValueError(f"too long, at most {_LONGEST_DAYS}d")
    return seconds


def _http(url: str) -> str:
    if _PLAIN_URL.fullmatch(url):
        return url
    refused = ValueError("not an http(s) URL, such as https://cdn.example.com/voice.mp3")
    if not re.fullmatch(r"(?i)https?://[^\s/?#]+[^\s]*", url):
        raise refused
    try:
        parts = urlsplit(url)
        if not parts.hostname or parts.port == 0:
            raise refused
    except ValueError:  # a port out of range, a bracket that never closes
        raise refused from None
    return url


def _audio_suffix(url: str) -> str:
    if url.endswith(_AUDIO_SUFFIXES) and "?" not in url and "#" not in url:
        return url
    name = url.split("?")[0].split("#")[0].rpartition("/")[2]
    dot = name.rfind(".")
    if (
        dot > 0
        and re.fullmatch(r"\.[A-Za-z][A-Za-z0-9]{1,4}", name[dot:])
        and name[dot:].lower() not in _AUDIO_SUFFIXES
    ):
        raise ValueError(f"the file's suffix should be one of {', '.join(_AUDIO_SUFFIXES)}")  # may be secret: not told
    return url


Duration = Annotated[
    float,
    Field(ge=0),
    BeforeValidator(
        _seconds,
        json_schema_input_type=Annotated[float, Field(ge=0)] | Annotated[str, Field(pattern=f"^{_DURATION.pattern}$")],
    ),
    Field(description="Seconds, or 30s, 5m, 24h, 7d."),
]
Url = Annotated[
    str,
    StringConstraints(strip_whitespace=False, min_length=1, max_length=8192),
    AfterValidator(_http),
    Field(json_schema_extra={"pattern": "^[Hh][Tt][Tt][Pp][Ss]?://[^/?#]"}),
]
AudioUrl = Annotated[Url, AfterValidator(_audio_suffix)]
Digits = Annotated[str, StringConstraints(pattern=DIGITS)]
EnvName = Annotated[str, StringConstraints(pattern=ENV_NAME)]


class KeyClass(StrEnum):
    """What a change of a key means."""

    IDENTITY = "identity"  # what the voice is made from: a replace
    UPDATABLE = "updatable"  # an update, where the cloud can
    REQUEST_ONLY = "request-only"  # said once, at creation: no difference
    OURS = "ours"  # kept in the state only: no call


class Body(Frozen):
    """The inside of a method. Every key is identity unless named here."""

    request_only: ClassVar[frozenset[str]] = frozenset()
    updatable: ClassVar[frozenset[str]] = frozenset()

    @classmethod
    def class_of(cls, key: str) -> KeyClass:
        if key in cls.request_only:
            return KeyClass.REQUEST_ONLY
        return KeyClass.UPDATABLE if key in cls.updatable else KeyClass.IDENTITY

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:  # noqa: ARG003  most bodies ask nothing of their keys together
        """What is wrong with these keys standing together. Apart, so that it is told beside what is wrong in them."""
        return None

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        fault = self.fault([key for key in self.model_fields_set if getattr(self, key) is not None])
        if fault is not None:
            raise ValueError(fault)
        return self


class KlingCreate(Body):
    """POST /v1/general/custom-voices. Limits: Kling, Create Custom Voice."""

    request_only: ClassVar[frozenset[str]] = frozenset({"callback_url"})

    voice_name: str = Field(min_length=1, max_length=20, description="1 to 20 characters.")
    voice_url: AudioUrl | None = Field(
        default=None, description="A public .mp3, .wav, .mp4 or .mov of 5 to 30 seconds with one clean voice."
    )
    video_id: str | None = Field(
        default=None, min_length=1, max_length=256, description="A video made with V2.6 and sound, Avatar or Lip-Sync."
    )
    callback_url: Url | None = Field(default=None, description="Where Kling reports the task. Said once, at creation.")

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:
        if ("voice_url" in given) != ("video_id" in given):
            return None
        both = "both are given" if "voice_url" in given else "neither is given"
        return f"exactly one of voice_url and video_id is needed, {both}"


class Preset(Body):
    """An official voice: checked to exist, exported, never created or deleted."""

    voice_id: Digits = Field(description="Decimal digits; quote it.")


class Existing(Body):
    """A voice made elsewhere, managed from now on: watched, deleted when it leaves the manifest, never created."""

    voice_id: Digits = Field(description="Decimal digits; quote it.")


BodyType = type[Body]  # inside Voice, `type` is a field

METHODS: Mapping[str, Mapping[str, BodyType]] = {
    "kling": {"create": KlingCreate, "preset": Preset, "existing": Existing},
}
METHOD_NAMES = ("create", "clone", "preset", "existing")  # exactly one stands in a voice


class Timeouts(Frozen):
    """How long a call, and a task, may take."""

    connect: Duration = Field(default=10.0, gt=0, description="To open a connection: seconds, or 10s, 1m.")
    read: Duration = Field(default=60.0, gt=0, description="For a reply: seconds, or 60s, 5m.")
    operation: Duration = Field(default=600.0, gt=0, description="From a voice's first call until its task has ended.")


class KlingCredentials(Frozen):
    """The names of environment variables, never their values."""

    api_key_env: EnvName | None = None
    access_key_env: EnvName | None = None
    secret_key_env: EnvName | None = None

    @model_validator(mode="after")
    def _pair(self) -> Self:
        if (self.access_key_env is None) != (self.secret_key_env is None):
            raise ValueError("access_key_env and secret_key_env go together")
        return self


Rate = Annotated[float, Field(gt=0, le=1000)]


class KlingAccount(Frozen):
    """A named Kling account."""

    type: Literal["kling"] = Field(description="Which cloud the account is with.")
    region: Literal["singapore", "beijing"] = Field(
        default="singapore", description="Where the account is: singapore (kling.ai) or beijing (klingai.com)."
    )
    endpoint: Url | None = Field(default=None, description="A base URL instead of the region's; a path prefix is fine.")
    credentials: KlingCredentials = KlingCredentials()
    timeouts: Timeouts = Timeouts()
    rate_limit: dict[Literal["create", "delete", "list", "get"], Rate] = Field(
        default={}, description="Calls a second for each action; 20 unless said."
    )
    max_in_flight: int | None = Field(
        default=None, ge=1, le=10_000, description="Tasks running at once; learned if not said."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if self.endpoint is not None and "region" in self.model_fields_set:
            raise ValueError("region and endpoint exclude each other")
        if self.endpoint is not None and re.search(r"[?#@]", self.endpoint):
            raise ValueError("endpoint is a base URL: no query, fragment or credentials")
        return self


Account = KlingAccount  # a union once there are more clouds, told apart by `type`
ACCOUNTS: Mapping[str, type[Account]] = {"kling": KlingAccount}  # every `type` that a provider may have


class Lifecycle(Frozen):
    """How plans treat a voice."""

    prevent_destroy: bool = Field(
        default=False, description="Refuse every plan that would delete or replace this voice."
    )
    create_before_destroy: bool = Field(default=True, description="On replace, make the new voice first.")
    ignore_changes: tuple[str, ...] = Field(default=(), description="Keys whose change is no difference.")
    keep_old: Duration | None = Field(
        default=None, description="How long a replaced voice is kept before it is deleted."
    )


class Safety(Frozen):
    """How large a change may be before it must be asked for by its number."""

    max_delete_percent: float = Field(
        default=30.0, ge=0, le=100, description="Of 10 or more recorded voices: deleted, replaced or forgotten."
    )
    max_recreate_percent: float = Field(
        default=30.0, ge=0, le=100, description="Of 10 or more recorded voices: gone and made again."
    )


LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
LabelValue = Annotated[str, StringConstraints(max_length=1024)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=64)]


class Entry(Frozen):
    """A voice's entry as it stands in YAML, before its body is read by its provider's type."""

    provider: str = Field(min_length=1, description="The name of one of the providers.")
    create: dict[str, Any] | None = None
    clone: dict[str, Any] | None = None
    preset: dict[str, Any] | None = None
    existing: dict[str, Any] | None = None
    labels: Labels = Field(
        default_factory=dict, description="Yours, kept in the state."
    )  # a literal {} would be copied deeply each time
    lifecycle: Lifecycle = Lifecycle()


class Voice(Frozen):
    """One declared entry, checked.

    `inputs` holds what was declared, secrets included: it is never kept or shown as it is.
    """

    address: str
    provider: str
    type: str  # the provider's type, a key of METHODS
    method: str  # a key of METHODS[type]
    inputs: Inputs
    labels: dict[str, str] = Field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()

    @property
    def body(self) -> BodyType:
        return METHODS[self.type][self.method]


class Manifest(Frozen):
    """Everything declared under one name. `name` is the file's name, or "." for a folder: a state remembers it."""

    name: str
    providers: dict[str, Account] = {}
    voices: dict[str, Voice] = {}
    safety: Safety = Safety()
    protects: bool = False  # `defaults:` say prevent_destroy, so that a voice need not say it itself
