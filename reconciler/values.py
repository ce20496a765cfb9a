"""Immutable values with slots, for all that voicectl makes itself. What comes from outside is checked by pydantic.

    @value
    class Place:
        account: str
        voice_id: str | None = None

Type checkers treat such a class as a frozen dataclass. At run time nothing keeps it from being changed: to check that
takes five times as long to construct it, and three times as long to define it, and a plan defines a hundred.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import TYPE_CHECKING, Any, TypeVar, dataclass_transform

if TYPE_CHECKING:
    from pydantic import TypeAdapter

Class = TypeVar("Class")
_ADAPTERS: dict[type, TypeAdapter[Any]] = {}  # made at the first use of `json_value`


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[Class]) -> type[Class]:
    """Makes a dataclass with slots, with equality and a hash by its fields. `field(compare=..., repr=...)` count."""
    made = dataclass(slots=True, eq=False, repr=False)(cls)
    compared = _reader([each.name for each in fields(made) if each.compare])  # type: ignore[arg-type]  # a dataclass
    shown = [each.name for each in fields(made) if each.repr]  # type: ignore[arg-type]  # as above

    def equals(self: Any, other: Any) -> bool:
        return compared(self) == compared(other) if other.__class__ is self.__class__ else NotImplemented

    def hashed(self: Any) -> int:
        return hash(compared(self))

    def represented(self: Any) -> str:
        return f"{made.__qualname__}({', '.join(f'{name}={getattr(self, name)!r}' for name in shown)})"

    for name, method in (("__eq__", equals), ("__hash__", hashed), ("__repr__", represented)):
        if name not in cls.__dict__:
            setattr(made, name, method)
    made.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]  # where pydantic reads it from JSON
    return made


def json_value(made: object) -> dict[str, Any]:
    """The fields of a value as JSON values. Half of a surrogate pair stays as it is: a cloud's text may hold one."""
    kind = type(made)
    if kind not in _ADAPTERS:
        from pydantic import TypeAdapter

        _ADAPTERS[kind] = TypeAdapter(kind)
    fields_of: dict[str, Any] = _ADAPTERS[kind].dump_python(made, mode="json")
    return fields_of


def _reader(names: list[str]) -> Callable[[Any], Any]:
    """Reads these attributes: the value of a single one, else a tuple."""
    return attrgetter(*names) if names else lambda _: ()
