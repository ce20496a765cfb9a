"""The environment variables that stand in for options, for pipelines. An option on the command line wins.

A global option exists at the program, at a group and at each command: its variable counts once, at the command, if the
option was given nowhere. An empty variable counts as not set.
"""

from __future__ import annotations

import click
from click.core import ParameterSource

FILE = "VOICECTL_FILE"
CHDIR = "VOICECTL_CHDIR"
SANDBOX = "VOICECTL_SANDBOX"
ALLOW_COMMANDS = "VOICECTL_ALLOW_COMMANDS"
NO_COLOR = "VOICECTL_NO_COLOR"
VERBOSE = "VOICECTL_VERBOSE"
LOCK_TIMEOUT = "VOICECTL_LOCK_TIMEOUT"
GRACE = "VOICECTL_GRACE"


class OnePath(click.types.StringParamType):
    """A path for an option that may be repeated: the variable holds one, with its blanks."""

    def split_envvar_value(self, rv: str) -> list[str]:
        return [rv]


def is_from_environment(context: click.Context, parameter: click.Parameter) -> bool:
    """Whether the value of the parameter comes from its variable."""
    return context.get_parameter_source(parameter.name or "") is ParameterSource.ENVIRONMENT


def counts(context: click.Context, parameter: click.Parameter, *, given: object) -> bool:
    """Whether the parameter's value counts. `given`: the value of the option before, if there was one."""
    if not is_from_environment(context, parameter):
        return True
    return not isinstance(context.command, click.Group) and not given
