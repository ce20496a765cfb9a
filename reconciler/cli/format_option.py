"""The options --format and --json: how a value is shown on stdout."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import click

from reconciler.cli.context import Command
from reconciler.errors import UsageError
from reconciler.views.formats.registry import JSON, NAMES, TEXT


def format_option(names: tuple[str, ...] = NAMES) -> Callable[[Command], Command]:
    """Adds --format with these names, and --json; the command takes `format_name`."""

    def decorated(command: Command) -> Command:
        @functools.wraps(command)
        def chosen(*args: Any, format_name: str | None, as_json: bool, **options: Any) -> Any:
            if as_json and format_name not in (None, JSON):
                raise UsageError(f"--json and --format {format_name} can't be used together.")
            return command(*args, format_name=JSON if as_json else format_name or TEXT, **options)

        short = click.option("--json", "as_json", is_flag=True, help="Short for --format json.")
        named = click.option(
            "--format", "format_name", type=click.Choice(names), help=f"How it is shown.  [default: {TEXT}]"
        )
        return named(short(chosen))  # type: ignore[return-value]  # the same command, which takes two options more

    return decorated
