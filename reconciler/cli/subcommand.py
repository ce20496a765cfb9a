"""A click command that explains a path given as an argument: the manifest is named with -f."""

from __future__ import annotations

import os
from collections.abc import Iterator

import click

from reconciler.cli.context import options
from reconciler.cli.option_errors import OneDash

_MANIFESTS = (".yaml", ".yml")


class Subcommand(OneDash):
    """A click command that refuses unexpected arguments and says what to type instead."""

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
        """The arguments that were given for an address, an id or a provider."""
        for parameter in self.params:
            if isinstance(parameter, click.Argument) and isinstance(parameter.type, click.types.StringParamType):
                given = ctx.params.get(parameter.name or "")
                yield from (given if isinstance(given, tuple) else () if given is None else (given,))


def looks_like_a_path(word: str) -> bool:
    """Whether a word looks like a path of a manifest or a folder, not like a URL, NAME=VALUE or an address."""
    if "://" in word or "=" in word:
        return False
    return word.lower().endswith(_MANIFESTS) or os.sep in word or word in (".", "..") or _is_there(word)


def name_it_with_f(path: str, ctx: click.Context) -> str:
    """The message for a manifest given without -f. `ctx`: of the command, or of its group."""
    from dataclasses import replace
    from pathlib import Path

    from reconciler.views.escape import escape

    _, _, words = ctx.command_path.partition(" ")
    command = words or "plan"
    named = replace(options().workspace(), manifest=Path(path)).options
    meant = " ".join(filter(None, ("voicectl", escape(named), command)))
    way = "Name it with -f" if "-f " in named else "It is the default"
    return f"{command if words else 'voicectl'} takes no manifest as an argument. {way}: {meant}"


def _is_there(word: str) -> bool:
    return "." in word and os.path.exists(word)  # noqa: PTH110 - --help does not pay for pathlib
