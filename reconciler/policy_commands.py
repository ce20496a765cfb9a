"""Runs the commands of `policy:`: each reads the plan as JSON, and answers with findings.

    [{"level": "deny", "address": "hero", "message": "…"}]        a list of findings
    [{"failures": [{"msg": "…"}], "warnings": [{"msg": "…"}]}]    what conftest prints with -o json

A command that gives no such answer denies the plan, since nobody knows what it would have said.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from reconciler.command_output import CommandFailed, run
from reconciler.errors import CommandNotAllowed
from reconciler.model.finding import Finding, Level
from reconciler.model.manifest import Manifest
from reconciler.model.plan import Plan
from reconciler.model.policy import Rule
from reconciler.views.json_documents import dumps, plan_document

TIMEOUT = 30.0  # seconds
LARGEST = 1_000_000  # bytes of an answer
_LONGEST = 500  # characters of a message
_CREDENTIAL = re.compile(
    r"(?i)key|secret|token|passw|passphrase|credential|dsn|^(?:kling|tencentcloud|tccli|aws|azure|google|tf_http|pg)"
)


class _Given(BaseModel):
    model_config = ConfigDict(extra="forbid")

    level: Level
    message: str
    address: str | None = None


class _Message(BaseModel):
    msg: str


class _Conftest(BaseModel):
    """One file that conftest tested; it prints more keys."""

    failures: list[_Message] | None = None
    warnings: list[_Message] | None = None
    successes: int  # tells it from a finding


_ANSWER: TypeAdapter[list[_Given | _Conftest]] = TypeAdapter(list[Annotated[_Given | _Conftest, Field()]])


def findings(
    manifest: Manifest, plan: Plan, *, folder: Path, environ: Mapping[str, str], allowed: bool, timeout: float = TIMEOUT
) -> tuple[Finding, ...]:
    """What the commands of the manifest find in the plan. `folder`: of the manifest, where they run.

    Raises CommandNotAllowed, before the first one starts, if the user did not allow the manifest to start programs.
    """
    rules = [rule for rule in manifest.policy if rule.command is not None]
    if not allowed:
        for rule in rules:
            raise CommandNotAllowed(f"policy {rule.title}", rule.command or ())
    document = dumps(plan_document(plan), indent=None, ascii_only=True).encode() if rules else b""
    without_keys = _without_keys(environ, manifest)
    return tuple(
        found for rule in rules for found in _of_command(rule, document, folder, without_keys, timeout=timeout)
    )


def _of_command(
    rule: Rule, document: bytes, folder: Path, environ: Mapping[str, str], *, timeout: float
) -> Iterator[Finding]:
    words = rule.command or ()
    try:
        ended = run(words, folder=folder, environ=environ, stdin=document, timeout=timeout, largest=LARGEST)
        found = list(_answered(rule, ended.out))
    except CommandFailed as failed:
        yield _unusable(rule, str(failed))
    except ValueError:
        broken = ended.words if ended.code else "did not answer with a list of findings"
        yield _unusable(rule, broken)
    else:
        yield from found
        if ended.code and not any(each.level is Level.DENY for each in found):
            yield _unusable(rule, ended.words)


def _answered(rule: Rule, out: bytes) -> Iterator[Finding]:
    """The findings of an answer. Raises ValueError."""
    try:
        parts = _ANSWER.validate_python(json.loads(out))
    except (ValidationError, RecursionError):
        raise ValueError from None
    for part in parts:
        match part:
            case _Given(level=level, message=message, address=address):
                yield _finding(rule, level, message, address)
            case _Conftest(failures=failures, warnings=warnings):
                yield from (_finding(rule, Level.DENY, each.msg) for each in failures or ())
                yield from (_finding(rule, Level.WARN, each.msg) for each in warnings or ())


def _finding(rule: Rule, level: Level, message: str, address: str | None = None) -> Finding:
    """A finding; a rule that only warns denies nothing."""
    lowest = Level.WARN if rule.level is Level.WARN else level
    return Finding(rule.title, lowest, message[:_LONGEST], address[:_LONGEST] if address else None)


def _unusable(rule: Rule, why: str) -> Finding:
    return Finding(rule.title, Level.DENY, f"{(rule.command or ('',))[0]} {why}")


def _without_keys(environ: Mapping[str, str], manifest: Manifest) -> dict[str, str]:
    """The environment without what holds credentials, by its name or because the manifest names it."""
    named = {str(name) for account in manifest.providers.values() for name in account.credentials.model_dump().values()}
    if manifest.state is not None:
        named |= {str(manifest.state.dsn_env)}
        named |= {str(key.passphrase_env) for key in (manifest.state.encryption,) if key is not None}
    return {name: text for name, text in environ.items() if name not in named and not _CREDENTIAL.search(name)}
