"""What a run lends its adapters: the pace of its reads, and the secrets that a cloud may quote. Each has a default."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Literal

BeforeRead = Callable[[Literal["list", "get"]], None]  # called before each read, and may wait
SecretsOf = Callable[[str], Iterable[str]]  # external_task_id -> what is secret of its voice, as it is declared now


def unpaced(action: Literal["list", "get"]) -> None:
    """Reads go out as they come: one at a time."""


def no_secrets(external_task_id: str) -> Iterable[str]:  # noqa: ARG001 - of none
    return ()
