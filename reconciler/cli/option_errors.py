"""Suggests an option for an unknown one. Never suggests one that pays, deletes or overrides a check."""

from __future__ import annotations

import re
from collections.abc import Sequence

import click

# Only these are suggested: an option that is missing here is at worst not suggested, and costs nothing.
_HARMLESS = frozenset(
    {
        "--abandoned",
        "--account",
        "--all",
        "--detailed-exitcode",
        "--file",
        "--format",
        "--full",
        "--help",
        "--json",
        "--lock-timeout",
        "--no-color",
        "--out",
        "--port",
        "--presets",
        "--sandbox",
        "--summary",
        "--unmanaged",
        "--verbose",
        "--version",
        "--voice-id",
    }
)
_OTHERWISE = {"chdir": "-C DIR"}  # options of Terraform that are called something else here
_ONE_DASH = re.compile(r"-([A-Za-z][\w-]+)(?:=.*)?", re.DOTALL)
_SWALLOWED = re.compile(r"-(file|force|format)(?:=.*)?", re.DOTALL)  # click reads these as -f with the value "ile"


def refuse_one_dash(arguments: Sequence[str]) -> None:
    """Raises click.UsageError for a long option with one dash, which click would read as -f with a value."""
    for argument in arguments:
        if argument == "--":
            return
        if found := _SWALLOWED.fullmatch(argument):
            raise click.UsageError(_two_dashes(found[1]))


def corrected(error: click.NoSuchOption, arguments: Sequence[str]) -> click.UsageError:
    """The error in our words, with a suggestion if it is clear and harmless."""
    from reconciler.views.escape import escape

    context = error.ctx
    known = {name for parameter in _parameters(context) for name in (*parameter.opts, *parameter.secondary_opts)}
    written = _as_written(error.option_name, arguments)
    if f"--{written}" in known:
        return click.UsageError(_two_dashes(written), context)
    said = f"No such option: {'--' if error.option_name.startswith('--') else '-'}{escape(written)}."
    meant = _OTHERWISE.get(written) or _near(written, known & _HARMLESS)
    return click.UsageError(f"{said} Did you mean {meant}?" if meant else said, context)


def _parameters(context: click.Context | None) -> list[click.Parameter]:
    return context.command.get_params(context) if context is not None else []


def _as_written(name: str, arguments: Sequence[str]) -> str:
    """The option without dashes and value. For `-out`, click names the first letter that it does not know."""
    if name.startswith("--"):
        return name[2:]
    letter = name[1:]
    for argument in arguments:
        found = _ONE_DASH.fullmatch(argument)
        if found is not None and letter in found[1]:
            return found[1]
    return letter


def _two_dashes(name: str) -> str:
    return f"No such option: -{name}. Write it with two dashes: --{name}"


def _near(name: str, known: set[str]) -> str:
    from reconciler.model.suggestion import nearest

    return nearest(f"--{name}", sorted(known)) or ""
