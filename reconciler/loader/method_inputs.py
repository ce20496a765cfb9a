"""Reads the body of a voice's method by the model for its provider's type, and checks `lifecycle.ignore_changes`."""

from __future__ import annotations

from collections.abc import Container
from functools import cache

from pydantic import ValidationError

from reconciler.loader.environment import Unresolved
from reconciler.loader.forms import form
from reconciler.loader.messages import listed, quote, validation_problems
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Raw
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value
from reconciler.model import variables
from reconciler.model.base import Inputs
from reconciler.model.cloud_types import cloud_type, known
from reconciler.model.method import MethodInputs
from reconciler.model.methods import method_of, models_under
from reconciler.model.suggestion import nearest

_MOST_LISTED = 16  # keys in a message


def model_of(kind: str | None, keyword: str, raw: Value) -> type[MethodInputs] | None:
    """The body's model. If the provider's type is unknown: the model if only one is possible, else None."""
    if kind is not None:
        return cloud_type(kind).methods.get(_meant(kind, keyword, raw))
    models = set(models_under(keyword).values())
    return models.pop() if len(models) == 1 else None


def _meant(kind: str, keyword: str, raw: Value) -> str:
    """The method. A misspelled `model` selects the method that is probably meant, so that its checks apply."""
    method = method_of(kind, keyword, raw)
    model = raw.get("model") if isinstance(raw, dict) else None
    if method != keyword or not isinstance(model, str):
        return method
    others = {
        name.removeprefix(f"{keyword}-"): name for name in cloud_type(kind).methods if name.startswith(f"{keyword}-")
    }
    return others.get(nearest(model, others) or "", method)


def inputs_of(
    model: type[MethodInputs],
    raw: Value,
    *,
    file: str,
    path: Path,
    problems: list[RawProblem],
    environ: Container[str] = (),
) -> Inputs | None:
    """The voice's inputs; None if the body is not valid, with the problems reported.

    `environ` has the names of the environment's variables; other text in place of such a name may be a secret key.
    """
    if raw is None:
        required = [name for name, field in model.model_fields.items() if field.is_required()]
        rest = f" with {listed(required)}" if required else form(path, raw)
        problems.append(RawProblem(file, path, f"empty, should be a mapping{rest}", Point.KEY))
        return None
    if not isinstance(raw, dict):
        return None  # the entry's validation has reported it
    try:
        return valid_inputs(model, raw, environ)
    except ValidationError as failure:
        problems += validation_problems(failure, model, file=file, path=path)
    # pydantic checks combinations of keys only if each key is valid.
    known = model.model_fields
    given = [key if key in known else nearest(key, known) for key, value in raw.items() if value is not None]
    fault = model.fault([key for key in given if key is not None])
    if fault is not None:
        problems.append(RawProblem(file, path, fault, Point.KEY))
    return None


def valid_inputs(model: type[MethodInputs], raw: Raw, environ: Container[str]) -> Inputs:
    """The voice's inputs. Raises ValidationError."""
    read = model.model_validate(raw)
    inputs = read.model_dump(exclude_none=True, exclude_unset=True)
    for key in _naming_variables(model):
        if key in inputs:
            inputs[key] = variables.kept(inputs[key], environ)
    for name in model.always:
        inputs[name] = getattr(read, name)
    return inputs


@cache
def _naming_variables(model: type[MethodInputs]) -> tuple[str, ...]:
    return tuple(key for key in model.model_fields if key.endswith("_env"))


def check_ignored(
    raw: Raw, own: Raw, model: type[MethodInputs], *, method: str, file: str, path: Path, problems: list[RawProblem]
) -> None:
    """Reports names in `lifecycle.ignore_changes` that are not keys of the body; for the defaults, of any body."""
    keys, whose = list(model.model_fields), method
    if _ignored(own) is None:
        bodies = (body for cloud in known() for body in cloud.methods.values())
        keys = list(dict.fromkeys(key for body in bodies for key in body.model_fields))
        whose = "any voice"
    ignored = _ignored(raw)
    for index, key in enumerate(ignored if isinstance(ignored, list) else []):
        if not isinstance(key, str) or isinstance(key, Unresolved) or key in keys:
            continue
        shown = quote(key)
        near = nearest(key, keys) if shown is not None else None
        only = f", only {listed(keys)} {'is' if len(keys) == 1 else 'are'}" if len(keys) <= _MOST_LISTED else ""
        hint = f", did you mean {near}?" if near else only
        what = f"{shown or 'its value'} is not a key of {whose}{hint}"
        problems.append(RawProblem(file, (*path, "lifecycle", "ignore_changes", index), what))


def _ignored(raw: Raw) -> Value:
    lifecycle = raw.get("lifecycle")
    return lifecycle.get("ignore_changes") if isinstance(lifecycle, dict) else None
