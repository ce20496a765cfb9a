"""Functions that a run passes to its adapters: a limit for reads and the secrets to redact. Both have defaults."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

BeforeRead = Callable[[Literal["list", "get"]], None]  # called before each read, and may wait
SecretsOf = Callable[[str], Iterable[str]]  # external_task_id -> the secrets of the voice, as declared now


def unpaced(action: Literal["list", "get"]) -> None:
    """The default: no waiting before reads."""


def no_secrets(external_task_id: str) -> Iterable[str]:  # noqa: ARG001 - the signature of SecretsOf
    """The default: nothing to redact."""
    return ()
