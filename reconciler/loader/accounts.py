"""Reads the section `providers:` into accounts, each by the model of its type."""

from __future__ import annotations

from collections.abc import Container, Sequence
from dataclasses import dataclass, field

from pydantic import ValidationError

from reconciler.loader.environment import Unresolved
from reconciler.loader.messages import choice, listed, validation_problems
from reconciler.loader.problems import Point, RawProblem
from reconciler.loader.sections import Section, mapping
from reconciler.loader.source_map import Path
from reconciler.loader.yaml_values import Value, kind_of
from reconciler.model import cloud_types, variables
from reconciler.model.account import Account
from reconciler.model.address import NAME_LIMIT, is_name
from reconciler.model.cloud_types import CloudTypeError, cloud_type
from reconciler.model.suggestion import nearest


@dataclass(slots=True)
class Accounts:
    """The valid accounts. `types` has all declared names, also invalid ones, with the type that is or may be meant."""

    of: dict[str, Account] = field(default_factory=dict)
    types: dict[str, str | None] = field(default_factory=dict)


def accounts(declared: Sequence[Section], problems: list[RawProblem], *, environ: Container[str] = ()) -> Accounts:
    """Reads the accounts. `environ` has the names of the environment's variables; other text may be a secret key."""
    read = Accounts()
    files: dict[str, str] = {}
    for section in declared:
        for name, raw in section.raw.items():
            file, path = section.file, ("providers", name)
            if name in files:
                other = files[name], path
                problems.append(RawProblem(file, path, "declared twice, first at", Point.KEY, other=other))
                continue
            files[name] = file
            if not is_name(name):
                problems.append(RawProblem(file, path, f"a provider's name is {NAME_LIMIT}", Point.KEY))
            inside = mapping(raw, file=file, path=path, problems=problems)
            read.types[name] = _meant(inside)
            if inside is None or not _has_known_type(inside, file=file, path=path, problems=problems):
                continue
            kind = str(inside["type"])
            read.types[name] = kind
            model = cloud_type(kind).account
            try:
                read.of[name] = _without_keys(model.model_validate(inside), environ)
            except ValidationError as failure:
                problems += validation_problems(failure, model, file=file, path=path)
    return read


def _without_keys(account: Account, environ: Container[str]) -> Account:
    """The account with every text redacted that should be a variable's name but may be a secret key."""
    credentials = account.credentials
    named = credentials.model_dump(exclude_none=True)
    kept = {key: variables.kept(name, environ) for key, name in named.items()}
    if kept == named:
        return account
    return account.model_copy(update={"credentials": credentials.model_copy(update=kept)})


def _meant(raw: dict[str, Value] | None) -> str | None:
    kind = raw.get("type") if raw is not None else None
    if not isinstance(kind, str) or isinstance(kind, Unresolved):
        return None
    meant = kind if cloud_types.is_type(kind) else nearest(kind, cloud_types.names())
    return meant if meant is not None and _is_usable(meant) else None


def _is_usable(kind: str) -> bool:
    try:
        cloud_type(kind)
    except CloudTypeError:
        return False
    return True


def _has_known_type(raw: dict[str, Value], *, file: str, path: Path, problems: list[RawProblem]) -> bool:
    kind = raw.get("type")
    if isinstance(kind, Unresolved):
        return False
    if isinstance(kind, str) and cloud_types.is_type(kind):
        try:
            cloud_type(kind)
        except CloudTypeError as error:
            problems.append(RawProblem(file, (*path, "type"), f"{kind} can't be used: {error}"))
            return False
        return True
    known = listed(cloud_types.names(), "or")
    if kind is None:
        problems.append(RawProblem(file, (*path, "type"), f"missing, it is required: {known}", Point.KEY))
    elif not isinstance(kind, str):
        problems.append(RawProblem(file, (*path, "type"), f"{kind_of(kind)}, should be text: {known}"))
    else:
        problems.append(RawProblem(file, (*path, "type"), choice(kind, cloud_types.names())))
    return False
