"""accept and reject: they decide on the candidate of one address, and change nothing else."""

from __future__ import annotations

import shlex
import sys

import click

from reconciler.cli.address_type import ADDRESS
from reconciler.cli.context import Command, global_options, options, session
from reconciler.cli.execution import execute
from reconciler.cli.options import Options, detail_options, grace_option, lock_option, request
from reconciler.cli.shell_completion import candidate_addresses
from reconciler.cli.subcommand import Subcommand

_OPTIONS = (
    click.argument("address", type=ADDRESS, shell_complete=candidate_addresses),
    click.option("--auto-approve", is_flag=True, help="Do not ask for confirmation."),
    click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line."),
    lock_option,
    grace_option,
    detail_options,
    global_options,
)


def _with_options(command: Command) -> Command:
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.command(cls=Subcommand)
@_with_options
def accept(address: str, auto_approve: bool, as_json: bool, lock_timeout: str | None, grace: str | None) -> int:
    """Make the candidate of ADDRESS its voice, and delete the old one.

    A candidate is what apply makes of a changed entry under `lifecycle: {replace: review}`. Nothing is paid. The old
    voice is kept as long as lifecycle.keep_old says. At a terminal, voicectl asks first.
    """
    asked = Options(accept=(address,), lock_timeout=lock_timeout, grace=grace)
    return _decide(f"accept {shlex.quote(address)}", asked, auto_approve=auto_approve, as_json=as_json)


@click.command(cls=Subcommand)
@_with_options
def reject(address: str, auto_approve: bool, as_json: bool, lock_timeout: str | None, grace: str | None) -> int:
    """Delete the candidate of ADDRESS, and keep its voice.

    A candidate is what apply makes of a changed entry under `lifecycle: {replace: review}`. The same inputs are not
    paid for again, unless `--retry ADDRESS` says so. At a terminal, voicectl asks first.
    """
    asked = Options(reject=(address,), lock_timeout=lock_timeout, grace=grace)
    return _decide(f"reject {shlex.quote(address)}", asked, auto_approve=auto_approve, as_json=as_json)


def _decide(verb: str, asked: Options, *, auto_approve: bool, as_json: bool) -> int:
    """The exit code. Only a person at a terminal is asked: the command names one voice, and what becomes of it."""
    options().verb = verb
    unasked = auto_approve or not sys.stdin.isatty()
    with session() as opened:
        return execute(opened, request(asked, opened.manifest), None, auto_approve=unasked, as_json=as_json)
