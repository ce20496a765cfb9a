"""The methods that make a voice: their names, and the model of each method's inputs.

Each cloud has its own models. Where one key of the inputs selects another API call, the method has its own name:
`clone` with `model: minimax` is the method `clone-minimax`.
"""

from __future__ import annotations

from reconciler.model.cloud_types import cloud_type, find, known
from reconciler.model.method import MethodInputs, Origin

MethodInputsType = type[MethodInputs]  # inside Voice, `type` is a field

METHOD_NAMES = ("create", "clone", "preset", "existing")  # a voice has exactly one
AUDIO_METHOD = "task"  # the method of an entry of `audio:`
_ORIGINS = {"preset": Origin.OFFICIAL, "existing": Origin.ELSEWHERE}


def origin_of(method: str) -> Origin:
    """Where a voice of this method comes from: the same at every cloud."""
    return _ORIGINS.get(method, Origin.MADE)


def keyword_of(method: str) -> str:
    """The manifest key of a method: `clone` for `clone-minimax`."""
    return method.partition("-")[0]


def method_of(kind: str, keyword: str, inside: object) -> str:
    """The method of a body under this key; its `model` may select another one."""
    model = inside.get("model") if isinstance(inside, dict) else None
    chosen = f"{keyword}-{model}"
    return chosen if chosen in cloud_type(kind).methods else keyword


def inputs_model(kind: str, method: str) -> MethodInputsType | None:
    """The model of the inputs; None if the type has no such method, or no manifest of this process names the type."""
    cloud = find(kind)
    return cloud.methods.get(method) if cloud is not None else None


def keys_under(keyword: str) -> set[str]:
    """The keys of all bodies that are allowed under this key."""
    return {key for body in models_under(keyword).values() for key in body.model_fields}


def models_under(keyword: str) -> dict[tuple[str, str], MethodInputsType]:
    """(type, method) -> model, for all methods that are allowed under this key."""
    return {
        (cloud.name, method): body
        for cloud in known()
        for method, body in cloud.methods.items()
        if keyword_of(method) == keyword
    }
