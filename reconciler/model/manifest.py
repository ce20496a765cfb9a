"""What people declare, checked: accounts, voices, how plans treat them. The loader adds the positions, the planner the
meaning.

The shape of a voice's body depends on its provider's type and its method: see `bodies`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from reconciler.model import urls
from reconciler.model.accounts import Account
from reconciler.model.base import Frozen, Inputs
from reconciler.model.method import Origin
from reconciler.model.methods import METHODS, MethodInputsType, keyword_of
from reconciler.model.scalars import Duration, SigningParameters

_QUOTED = 20_000  # characters of a long text that somebody might quote


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
    signing_parameters: SigningParameters = ()
    lifecycle: Lifecycle = Lifecycle()


class AudioEntry(Frozen):
    """An entry of `audio:` as it stands in YAML: a sound that is no voice."""

    provider: str = Field(min_length=1, description="The name of one of the providers.")
    task: dict[str, Any] | None = None
    on_expiry: Literal["ignore", "recreate"] = Field(
        default="ignore", description="What to do once a Temporary file's 7 days are over."
    )
    labels: Labels = Field(default_factory=dict, description="Yours, kept in the state.")
    signing_parameters: SigningParameters = ()
    lifecycle: Lifecycle = Lifecycle()


AUDIO = "audio."  # before the name of an entry of `audio:` in its address


class Voice(Frozen):
    """One declared entry, checked; an entry of `audio:` too, whose address begins with `audio.`.

    `inputs` holds what was declared, secrets included: it is never kept or shown as it is. `files` says where the
    local files of the inputs lie: the inputs' key -> a path. `remarks` are the loader's own.
    """

    address: str
    provider: str
    type: str  # the provider's type, a key of METHODS
    method: str  # a key of METHODS[type]
    inputs: Inputs
    labels: dict[str, str] = Field(default_factory=dict)
    lifecycle: Lifecycle = Lifecycle()
    files: dict[str, str] = Field(default_factory=dict)
    signing_parameters: tuple[str, ...] = ()  # the entry's and its provider's, lower case, sorted
    remarks: tuple[str, ...] = ()

    @property
    def keyword(self) -> str:
        """What the method is called in a manifest and in a plan."""
        return keyword_of(self.method)

    @property
    def origin(self) -> Origin:
        return self.body.origin

    @property
    def secrets(self) -> tuple[str, ...]:
        """What nobody may be shown of its inputs, though a cloud may quote it: of links, and what is kept as a digest.

        Of a long text its beginning, which is what is quoted.
        """
        digested = (str(self.inputs[key])[:_QUOTED] for key in self.body.digested if key in self.inputs)
        return (*urls.secrets_in(self.inputs), *digested)

    @property
    def worth_knowing(self) -> tuple[str, ...]:
        """What is allowed, and a person should know before it is paid for."""
        return (*self.body.remarks(self.inputs), *self.remarks)

    @property
    def links(self) -> Iterator[tuple[str, str]]:
        """What its cloud opens: where it is declared, and the URL. `videos[1].url`, `https://…`."""
        for path, url in self.body.links_in(self.inputs):
            yield "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)[1:], url

    @property
    def body(self) -> MethodInputsType:
        return METHODS[self.type][self.method]


class Manifest(Frozen):
    """Everything declared under one name. `name` is the file's name, or "." for a folder: a state remembers it."""

    name: str
    providers: dict[str, Account] = {}
    voices: dict[str, Voice] = {}
    safety: Safety = Safety()
    sandbox: bool = False  # its clouds are the sandbox's, which open no link
    notes: tuple[str, ...] = ()  # what is allowed, and a person should know of the manifest as a whole
    protects: bool = False  # `defaults:` say prevent_destroy, so that a voice need not say it itself
