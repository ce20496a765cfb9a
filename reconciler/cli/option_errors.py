"""Options as people type them: long ones with one dash, as in Terraform, and unknown ones.

Never suggests an option that pays, deletes or overrides a check.
"""

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
_SWALLOWED = re.compile(r"-(file|force|format)(?:=.*)?", re.DOTALL)  # click would read -f with the value "orce"


class OneDash(click.Command):
    """A command whose long options may be typed with one dash: `-out FILE`, `-out=FILE`, `-json`.

    Short ones stay as they are: `-C DIR`, `-f FILE`, `-fFILE`, `-v`. What is exactly the name of a long option is that.
    """

    def make_parser(self, ctx: click.Context) -> click.parser._OptionParser:
        parser = super().make_parser(ctx)
        for name, option in list(parser._long_opt.items()):
            if name.startswith("--"):
                parser._long_opt.setdefault(name[1:], option)
        short = parser._match_short_opt

        def match_short(arg: str, state: click.parser._ParsingState) -> None:
            if found := _SWALLOWED.fullmatch(arg):
                raise click.NoSuchOption(f"-{found[1]}", ctx=ctx)
            short(arg, state)

        parser._match_short_opt = match_short  # type: ignore[method-assign]  # click offers no other way
        return parser


def corrected(error: click.NoSuchOption, arguments: Sequence[str]) -> click.UsageError:
    """The error in our words, with a suggestion if it is clear and harmless."""
    from reconciler.views.escape import escape

    context = error.ctx
    known = {name for parameter in _parameters(context) for name in (*parameter.opts, *parameter.secondary_opts)}
    written = _as_written(error.option_name, arguments)
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


def _near(name: str, known: set[str]) -> str:
    from reconciler.model.suggestion import nearest

    return nearest(f"--{name}", sorted(known)) or ""
