"""What a method's body is: keys with their classes, and what may be said of them together. Knows no cloud."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from enum import Enum, StrEnum, auto
from typing import ClassVar, Self

from pydantic import model_validator

from reconciler.model.base import Frozen, Inputs


class KeyClass(StrEnum):
    """What a change of a key means."""

    IDENTITY = "identity"  # what the voice is made from: a replace
    UPDATABLE = "updatable"  # an update, where the cloud can
    REQUEST_ONLY = "request-only"  # said once, at creation: no difference
    OURS = "ours"  # kept in the state only: no call


class Origin(Enum):
    """Where the voice of a method comes from."""

    MADE = auto()  # by a call of ours, which is paid
    OFFICIAL = auto()  # the cloud's own, for everybody: neither made nor deleted
    ELSEWHERE = auto()  # made by others, and ours from now on: deleted, never made


class MethodInputs(Frozen):
    """The inside of a method. Every key is identity unless named here."""

    origin: ClassVar[Origin] = Origin.MADE
    clones: ClassVar[bool] = False  # made from a voice that somebody speaks, and called so in a plan
    request_only: ClassVar[frozenset[str]] = frozenset()
    updatable: ClassVar[frozenset[str]] = frozenset()
    ours: ClassVar[frozenset[str]] = frozenset()
    digested: ClassVar[frozenset[str]] = frozenset()  # kept and shown as a digest only
    watched: ClassVar[bool] = True  # its cloud can be asked at any time whether the voice is still there
    samples: ClassVar[tuple[str, ...]] = ()  # what the voice is heard in; two voices rarely share it on purpose
    links: ClassVar[tuple[str, ...]] = ()  # what its cloud opens: URLs, and sources, or lists of them, with a URL
    always: ClassVar[frozenset[str]] = frozenset()  # kept and shown though it was left to its default

    @classmethod
    def class_of(cls, key: str) -> KeyClass:
        if key in cls.request_only:
            return KeyClass.REQUEST_ONLY
        if key in cls.ours:
            return KeyClass.OURS
        return KeyClass.UPDATABLE if key in cls.updatable else KeyClass.IDENTITY

    @classmethod
    def fault(cls, given: Collection[str]) -> str | None:  # noqa: ARG003 - most ask nothing of their keys together
        """What is wrong with these keys standing together. Apart, so that it is told beside what is wrong in them."""
        return None

    @classmethod
    def remarks(cls, inputs: Inputs) -> tuple[str, ...]:  # noqa: ARG003 - most have nothing to remark
        """What is allowed, and a person should know before it is paid for."""
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
    if (one in given) != (other in given):
        return None
    return f"exactly one of {one} and {other} is needed, {'both are' if one in given else 'neither is'} given"
