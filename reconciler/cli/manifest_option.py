"""The option -f: the manifest of a command, exactly one regular file or folder; and the values of its variables."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any, TypeVar

import click

from reconciler.cli import environment
from reconciler.cli.shell_completion import files
from reconciler.errors import UsageError

Command = TypeVar("Command", bound=Callable[..., Any])

DEFAULT = "voices.yaml"


def _remember(context: click.Context, parameter: click.Parameter, paths: tuple[str, ...]) -> None:
    """Reads -f before or after the command name; refuses a second one, unless the command takes several."""
    given = context.find_root().obj
    if not environment.counts(context, parameter, given=given.file):
        return
    given.file_from_environment = environment.is_from_environment(context, parameter)
    for path in paths:
        if not path and not context.resilient_parsing:
            raise UsageError(
                "-f is empty: it should name a file or a folder.", "Is a variable of the command line not set?"
            )
        given.file = given.file or path
        given.files.append(path)
    many = isinstance(context.command, click.Group) or context.command.callback in _FOR_MANY
    if len(given.files) > 1 and not many and not context.resilient_parsing:
        raise UsageError(
            f"-f is given twice: {given.files[0]} and {given.files[1]}. A command is about one manifest.",
            "Run it once for each. Or put the files into one folder, which then is one manifest: -f FOLDER",
        )


_FOR_MANY: set[object] = set()  # the commands that take several manifests


def many_manifests(command: click.Command) -> click.Command:
    """Lets the command take -f more than once."""
    _FOR_MANY.add(command.callback)
    return command


manifest_option = click.option(
    "-f",
    "--file",
    type=environment.OnePath(),
    metavar="PATH",
    envvar=environment.FILE,
    show_envvar=True,
    multiple=True,
    help=f"The manifest: a file or a folder.  [default: {DEFAULT}]",
    expose_value=False,
    callback=_remember,
    shell_complete=files,
)


def _remember_values(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> None:
    for assignment in given:
        name, equals, value = assignment.partition("=")
        if not equals and not context.resilient_parsing:
            raise UsageError(f"--var {assignment}: a name and a value are needed, such as --var take=2.")
        context.find_root().obj.variables[name] = value


def _remember_files(context: click.Context, _: click.Parameter, given: tuple[str, ...]) -> None:
    context.find_root().obj.variable_files.extend(given)


variable_options = (
    click.option(
        "--var",
        metavar="NAME=VALUE",
        multiple=True,
        help="Set a variable of the manifest.",
        expose_value=False,
        callback=_remember_values,
    ),
    click.option(
        "--var-file",
        metavar="FILE",
        multiple=True,
        help="Read values of variables from a YAML file.",
        expose_value=False,
        callback=_remember_files,
        shell_complete=files,
    ),
)


def at_a_file(command: Command) -> Command:
    """Checks the manifest path before the command runs: pipes and devices are refused."""

    @functools.wraps(command)
    def checked(*args: Any, **options: Any) -> Any:
        context = click.get_current_context()
        if not isinstance(context.command, click.Group):  # a group's own command may still say -f or -C
            from reconciler.loader.streams import refuse_stream

            given = context.find_root().obj
            for file in given.files or (given.file or DEFAULT,):
                refuse_stream(file)
            if os.environ.get("VOICECTL_LOG"):
                from reconciler import wiring

                wiring.logs_calls(os.environ)  # refuses a level that does not exist, also where no call is made
        return command(*args, **options)

    return checked  # type: ignore[return-value]  # the same signature, by functools.wraps
