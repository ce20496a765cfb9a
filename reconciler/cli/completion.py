"""completion: prints the completion script of a shell."""

from __future__ import annotations

import click

from reconciler.cli.context import global_options, write
from reconciler.cli.subcommand import Subcommand
from reconciler.errors import UsageError


@click.command(cls=Subcommand)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@global_options
def completion(shell: str) -> int:
    """Print the completion script of a shell.

    Example: `eval "$(voicectl completion bash)"` in ~/.bashrc.
    """
    from click.shell_completion import get_completion_class

    root = click.get_current_context().find_root().command
    kind = get_completion_class(shell)
    if kind is None:
        raise UsageError(f"No completion for {shell}.")
    write(kind(root, {}, "voicectl", "_VOICECTL_COMPLETE").source())
    return 0
