"""What accept and reject share: a run that decides on the candidate of one address, and changes nothing else."""

from __future__ import annotations

import shlex
import sys

from reconciler.cli.context import options, session
from reconciler.cli.execution import execute
from reconciler.cli.options import Options, request


def decide(verb: str, address: str, asked: Options, *, auto_approve: bool, as_json: bool) -> int:
    """The exit code. Only a person at a terminal is asked: the command names one voice, and what becomes of it."""
    options().verb = f"{verb} {shlex.quote(address)}"
    unasked = auto_approve or not sys.stdin.isatty()
    with session() as opened:
        return execute(opened, request(asked, opened.manifest), None, auto_approve=unasked, as_json=as_json)
