"""A command that knows what a path means where it takes none: the manifest, which is named with -f."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from reconciler.cli.context import options

_MANIFESTS = (".yaml", ".yml")


class Subcommand(click.Command):
    """Refuses words that it does not take, and says what to type instead."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        ctx.allow_extra_args = True  # click would refuse them in words that do not help
        extra = super().parse_args(ctx, args)
        if ctx.resilient_parsing:
            return extra
        for word in (*extra, *self._names(ctx)):
            if looks_like_a_path(word):
                raise click.UsageError(name_it_with_f(word, ctx), ctx)
        if extra:
            from reconciler.views.escape import escape

            words = escape(" ".join(extra))
            raise click.UsageError(f"Got unexpected extra argument{'s' * (len(extra) > 1)} ({words})", ctx)
        return extra

    def _names(self, ctx: click.Context) -> Iterator[str]:
        """What was given as an address, an id or a provider."""
        for parameter in self.params:
            if isinstance(parameter, click.Argument) and isinstance(parameter.type, click.types.StringParamType):
                given = ctx.params.get(parameter.name or "")
                yield from (given if isinstance(given, tuple) else () if given is None else (given,))


def looks_like_a_path(word: str) -> bool:
    """A manifest or a folder, and not a URL, a NAME=VALUE, or a name of ours: those hold no slash."""
    if "://" in word or "=" in word:
        return False
    return word.lower().endswith(_MANIFESTS) or os.sep in word or word in (".", "..") or _is_there(word)


def name_it_with_f(path: str, ctx: click.Context) -> str:
    """What to say of a manifest that was named without -f. `ctx` is of the command, or of a group that has none."""
    from dataclasses import replace
    from pathlib import Path

    from reconciler.views.escape import escape

    _, _, words = ctx.command_path.partition(" ")
    command = words or "plan"
    meant = f"voicectl {escape(replace(options().workspace(), manifest=Path(path)).options)} {command}"
    return f"{command if words else 'voicectl'} takes no manifest as an argument. Name it with -f: {meant}"


def _is_there(word: str) -> bool:
    return "." in word and os.path.exists(word)  # noqa: PTH110 - --help does not pay for pathlib
