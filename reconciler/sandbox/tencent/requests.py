"""The parameters of an action of Tencent, and the function that checks a request against them.

It is as strict as Tencent: an unknown parameter is an error.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Any, TypeAlias

from reconciler.sandbox.request_context import RequestContext
from reconciler.sandbox.tencent.responses import Json, Refusal
from reconciler.values import value

Kind: TypeAlias = "type[str] | type[int] | type[float] | list[Kind] | Mapping[str, Kind]"  # [str]: a list of strings

_WORDS: Mapping[object, str] = {str: "a string", int: "an integer", float: "a number"}


@value
class Action:
    """An action: the function that does the work, and its parameters."""

    work: Callable[[RequestContext, Json], Json]
    takes: Mapping[str, Kind]
    needs: tuple[str, ...] = ()
    application: str = "SubAppId"  # the parameter with the number of the application
    reads: bool = False
    rate: float = 1  # multiplies the calls a second that are allowed


def read(body: bytes, action: Action) -> Json:
    """The checked parameters of a request, without null ones. Raises Refusal."""
    try:
        parsed: Any = json.loads(body)
    except (ValueError, RecursionError):
        raise Refusal("InvalidRequest", "The request body is not valid JSON.") from None
    if not isinstance(parsed, dict):
        raise Refusal("InvalidRequest", "The request body is not a JSON object.")
    given: Json = _checked(parsed, action.takes, where="")
    for name in action.needs:
        if name not in given:
            raise Refusal("MissingParameter", f"The request is missing a required parameter `{name}`.")
    return given


def _checked(value: Any, kind: Kind, *, where: str) -> Any:
    match kind:
        case Mapping():
            if not isinstance(value, dict):
                raise _wrong_type(where, "an object")
            for name in value:
                if name not in kind:
                    raise Refusal("UnknownParameter", f"The parameter `{_path(where, name)}` is not recognized.")
            return {n: _checked(v, kind[n], where=_path(where, n)) for n, v in value.items() if v is not None}
        case list():
            if not isinstance(value, list):
                raise _wrong_type(where, "an array")
            return [_checked(entry, kind[0], where=f"{where}.{n}") for n, entry in enumerate(value)]
        case _:
            accepted = (int, float) if kind is float else kind
            if not isinstance(value, accepted) or isinstance(value, bool):
                raise _wrong_type(where, _WORDS[kind])
            if isinstance(value, str):
                _check_text(value, where)
            return value


def _check_text(value: str, where: str) -> None:
    try:
        value.encode()
    except UnicodeEncodeError:
        raise Refusal("InvalidParameter", f"The parameter `{where}` is not valid text.") from None


def _wrong_type(where: str, wanted: str) -> Refusal:
    return Refusal("InvalidParameter", f"The parameter `{where}` must be {wanted}.")


def _path(where: str, name: str) -> str:
    return f"{where}.{name}" if where else name
