"""A click group whose commands are imported when they are called."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from typing import Any

import click

from reconciler.cli.option_errors import OneDash


class LazyGroup(OneDash, click.Group):
    """A click group that imports a command only when it is called; names and help are known before."""

    def __init__(self, *args: Any, commands_at: Mapping[str, tuple[str, str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._commands_at = commands_at

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return list(self._commands_at)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's signature
        if cmd_name not in self._commands_at:
            return None
        module, attribute, _ = self._commands_at[cmd_name]
        found = getattr(importlib.import_module(f"reconciler.cli.{module}"), attribute)
        return found if isinstance(found, click.Command) else None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's signature
        with formatter.section("Commands"):
            formatter.write_dl([(name, words) for name, (_, _, words) in self._commands_at.items()])

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError as error:
            from reconciler.cli.subcommand import looks_like_a_path, name_it_with_f
            from reconciler.model.suggestion import nearest

            if looks_like_a_path(args[0]):
                raise click.UsageError(name_it_with_f(args[0], ctx), ctx) from None
            near = nearest(args[0], self._commands_at)
            if near is None:
                raise
            raise click.UsageError(f"{error.message} Did you mean {near}?", ctx) from None
