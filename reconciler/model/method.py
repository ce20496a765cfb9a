"""The base class of all method bodies: the class of each key, and rules about combinations. Knows no cloud."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from datetime import timedelta
from enum import Enum, StrEnum, auto
from typing import ClassVar, Self

from pydantic import model_validator

from reconciler.model.base import Frozen, Inputs


class KeyClass(StrEnum):
    """What a changed key means for the plan."""

    IDENTITY = "identity"  # the voice is made from it: replaces the voice
    UPDATABLE = "updatable"  # updates the voice in place, where the cloud supports that
    REQUEST_ONLY = "request-only"  # sent once, at creation: no change
    OURS = "ours"  # kept in the state only: an update without a call


class Origin(Enum):
    """Where the voice of a method comes from."""

    MADE = auto()  # voicectl creates it with a paid call
    OFFICIAL = auto()  # the cloud offers it to all users: never created, never deleted
    ELSEWHERE = auto()  # made outside voicectl and managed from now on: deleted, never created


class MethodInputs(Frozen):
    """The body of a method. Every key is an identity key unless it is listed here."""

    clones: ClassVar[bool] = False  # the voice is cloned from a speaker; plans show the action `clone`
    request_only: ClassVar[frozenset[str]] = frozenset()
    updatable: ClassVar[frozenset[str]] = frozenset()
    ours: ClassVar[frozenset[str]] = frozenset()
    digested: ClassVar[frozenset[str]] = frozenset()  # saved and shown as a digest only
    watched: ClassVar[bool] = True  # its cloud can always say whether the voice still exists
    proven_for: ClassVar[timedelta] = timedelta()  # if not `watched`: how long a new voice counts as proven to exist
    samples: ClassVar[tuple[str, ...]] = ()  # the recordings of the voice; two voices rarely share one on purpose
    links: ClassVar[tuple[str, ...]] = ()  # keys that hold a URL which the cloud opens, a Source, or a list of these
    always: ClassVar[frozenset[str]] = frozenset()  # saved and shown even where the default is used
    patterns: ClassVar[Mapping[str, str]] = {}  # a pattern of a key -> what the value should be, in messages
    variables: ClassVar[str] = ""  # as in `Account`, where the body itself names a variable with a key
    keys_go: ClassVar[str] = ""

    @classmethod
    def class_of(cls, key: str) -> KeyClass:
        """The class of the key: what its change means."""
        if key in cls.request_only:
            return KeyClass.REQUEST_ONLY
        if key in cls.ours:
            return KeyClass.OURS
        return KeyClass.UPDATABLE if key in cls.updatable else KeyClass.IDENTITY

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:  # noqa: ARG003 - most methods allow every combination
        """What is wrong with this combination of keys. Separate, so that it is reported beside errors in the values."""
        return None

    @classmethod
    def remarks(cls, inputs: Inputs) -> tuple[str, ...]:  # noqa: ARG003 - most methods have no remarks
        """Remarks on valid inputs that the user should read before the voice is paid for."""
        return ()

    @classmethod
    def links_in(cls, inputs: Inputs) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Each link that its cloud opens, with its path: `("videos", 1, "url")`. The inputs need not be valid."""
        for key in cls.links:
            for path, each in _each(key, inputs.get(key)):
                if isinstance(each, str):
                    yield path, each
                elif isinstance(each, dict) and isinstance(each.get("url"), str):
                    yield (*path, "url"), each["url"]

    @model_validator(mode="after")
    def _keys_fit(self) -> Self:
        fault = self.fault([key for key in self.model_fields_set if getattr(self, key) is not None])
        if fault is not None:
            raise ValueError(fault)
        return self


def _each(key: str, value: object) -> Iterator[tuple[tuple[str | int, ...], object]]:
    if isinstance(value, list):
        yield from (((key, place), each) for place, each in enumerate(value))
    else:
        yield (key,), value


def exactly_one(given: Collection[str], one: str, other: str) -> str | None:
    """The fault if not exactly one of these two keys is given."""
    if (one in given) != (other in given):
        return None
    return f"exactly one of {one} and {other} is needed, {'both are' if one in given else 'neither is'} given"
