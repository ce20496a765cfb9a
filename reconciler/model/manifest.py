"""The manifest, validated: accounts, voices, and how plans treat them.

The shape of a voice's body depends on its provider's type and its method: see `methods`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, StringConstraints

from reconciler.model import urls
from reconciler.model.account import Account
from reconciler.model.base import Frozen, Inputs
from reconciler.model.cloud_types import cloud_type
from reconciler.model.consent import Consent
from reconciler.model.method import Origin
from reconciler.model.methods import MethodInputsType, keyword_of, origin_of
from reconciler.model.scalars import Duration, SigningParameters
from reconciler.values import value

if TYPE_CHECKING:
    from reconciler.model.output_files import OutputFile
    from reconciler.model.policy import Rule
    from reconciler.model.state_settings import StateSettings

_FOR_EACH = 'An instance for each key, at the address NAME["KEY"]. The loader replaces it before it checks an entry.'
_QUOTED = 20_000  # characters; a cloud's message quotes at most the beginning of a long text


class Lifecycle(Frozen):
    """How plans treat a voice."""

    prevent_destroy: bool = Field(
        default=False, description="Refuse every plan that would delete or replace this voice."
    )
    create_before_destroy: bool = Field(default=True, description="On replace, make the new voice first.")
    ignore_changes: tuple[str, ...] = Field(default=(), description="Keys whose changes are ignored.")
    keep_old: Duration | None = Field(
        default=None, description="How long a replaced voice is kept before it is deleted."
    )
    replace: Literal["automatic", "review"] = Field(
        default="automatic",
        description="review: apply makes the new voice beside the old one, and `accept` or `reject` decides.",
    )


DEFAULT_LIFECYCLE = Lifecycle.model_construct()  # constructed: the model is built at its first use


class Safety(Frozen):
    """Safety thresholds: a plan that changes more needs an explicit option."""

    max_delete_percent: float = Field(
        default=30.0, ge=0, le=100, description="Of 10 or more recorded voices: deleted, replaced or forgotten."
    )
    max_recreate_percent: float = Field(
        default=30.0, ge=0, le=100, description="Of 10 or more recorded voices: gone and made again."
    )


DEFAULT_SAFETY = Safety.model_construct()
NO_LABELS: dict[str, str] = {}  # one mapping for all entries and records without labels; it is never changed

LabelKey = Annotated[str, StringConstraints(min_length=1, max_length=128)]
LabelValue = Annotated[str, StringConstraints(max_length=1024)]
Labels = Annotated[dict[LabelKey, LabelValue], Field(max_length=64)]


class Entry(Frozen):
    """A voice's entry as written in YAML, before its body is validated for its provider's type."""

    provider: str = Field(min_length=1, description="The name of one of the providers.")
    create: dict[str, Any] | None = None
    clone: dict[str, Any] | None = None
    preset: dict[str, Any] | None = None
    existing: dict[str, Any] | None = None
    for_each: Any = Field(default=None, description=_FOR_EACH)
    labels: Labels = Field(
        default_factory=dict, description="Yours, kept in the state."
    )  # pydantic would deep-copy a literal {} for each entry
    signing_parameters: SigningParameters = ()
    consent: Consent | None = Field(default=None, description="Of the person whose voice it is.")
    lifecycle: Lifecycle = Field(default=DEFAULT_LIFECYCLE, description="How plans treat this voice.")


class AudioEntry(Frozen):
    """An entry of `audio:` as written in YAML: a generated sound, not a voice."""

    provider: str = Field(min_length=1, description="The name of one of the providers.")
    task: dict[str, Any] | None = None
    for_each: Any = Field(default=None, description=_FOR_EACH)
    on_expiry: Literal["ignore", "recreate"] = Field(
        default="ignore", description="What to do once a Temporary file's 7 days are over."
    )
    labels: Labels = Field(default_factory=dict, description="Yours, kept in the state.")
    signing_parameters: SigningParameters = ()
    consent: Consent | None = Field(default=None, description="Of the person whose voice it is.")
    lifecycle: Lifecycle = Field(default=DEFAULT_LIFECYCLE, description="How plans treat this sound.")


AUDIO = "audio."  # the prefix of the address of an entry of `audio:`


@value
class Voice:
    """One declared entry, validated. Also an entry of `audio:`; its address begins with `audio.`.

    `inputs` holds the declared values, secrets included: redact them before they are saved or shown. `files` are the
    local files of the inputs: key -> path. `remarks` come from the loader.
    """

    address: str
    provider: str
    type: str  # the provider's type, a name of `cloud_types`
    method: str  # one of its `methods`
    inputs: Inputs
    labels: dict[str, str] = field(default_factory=dict)
    lifecycle: Lifecycle = DEFAULT_LIFECYCLE
    files: dict[str, str] = field(default_factory=dict)
    signing_parameters: tuple[str, ...] = ()  # the entry's and its provider's, lower case, sorted
    consent: Consent | None = None
    remarks: tuple[str, ...] = ()

    @property
    def keyword(self) -> str:
        """The method's keyword in a manifest and in a plan."""
        return keyword_of(self.method)

    @property
    def origin(self) -> Origin:
        """Where the voice comes from: made by voicectl, official, or made elsewhere."""
        return origin_of(self.method)

    @property
    def secrets(self) -> tuple[str, ...]:
        """Texts of the inputs that must be redacted where a cloud quotes them.

        They are the secrets of links, and the inputs that are kept as a digest only; of a long text its beginning.
        """
        digested = (str(self.inputs[key])[:_QUOTED] for key in self.body.digested if key in self.inputs)
        return (*urls.secrets_in(self.inputs), *digested)

    @property
    def all_remarks(self) -> tuple[str, ...]:
        """Remarks on valid inputs that the user should read before the voice is paid for."""
        return (*self.body.remarks(self.inputs), *self.remarks)

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """The links that its cloud opens: where each is declared, and its URL. `videos[1].url`, `https://…`."""
        for path, url in self.body.links_in(self.inputs):
            yield "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:], url

    @property
    def body(self) -> MethodInputsType:
        """The model of the method's inputs."""
        return cloud_type(self.type).methods[self.method]


@value
class Manifest:
    """All declarations of one manifest. `name` is the file's name, or "." for a folder; the state holds it too."""

    name: str
    providers: dict[str, Account] = field(default_factory=dict)
    voices: dict[str, Voice] = field(default_factory=dict)
    safety: Safety = DEFAULT_SAFETY
    policy: tuple[Rule, ...] = ()
    state: StateSettings | None = None  # where its state is stored; None: beside the manifest
    outputs: tuple[OutputFile, ...] = ()  # the files that apply writes for applications
    sandbox: bool = False  # its clouds are the sandbox's, which open no links
    notes: tuple[str, ...] = ()  # remarks on the manifest as a whole; it is valid
    moved: Mapping[str, str] = field(default_factory=dict)  # former address -> the address of the same entry now
    released: frozenset[str] = frozenset()  # addresses of removed entries whose voices stay in their accounts
    files: tuple[str, ...] = field(default=(), compare=False)  # what it was read from, without the samples
    protects: bool = False  # `defaults:` set prevent_destroy, so voices need not set it themselves
