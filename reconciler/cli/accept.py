"""accept: makes a candidate the voice of its address."""

from __future__ import annotations

import click

from reconciler.cli.address_type import ADDRESS
from reconciler.cli.context import global_options
from reconciler.cli.decision import decide
from reconciler.cli.options import Options, detail_options, grace_option, lock_option
from reconciler.cli.shell_completion import candidate_addresses
from reconciler.cli.subcommand import Subcommand


@click.command(cls=Subcommand)
@click.argument("address", type=ADDRESS, shell_complete=candidate_addresses)
@click.option("--auto-approve", is_flag=True, help="Do not ask for confirmation.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON event per line.")
@lock_option
@grace_option
@detail_options
@global_options
def accept(address: str, auto_approve: bool, as_json: bool, lock_timeout: str | None, grace: str | None) -> int:
    """Make the candidate of ADDRESS its voice, and delete the old one.

    A candidate is what apply makes of a changed entry under `lifecycle: {replace: review}`. Nothing is paid. The old
    voice is kept as long as lifecycle.keep_old says. At a terminal, voicectl asks first.
    """
    asked = Options(accept=(address,), lock_timeout=lock_timeout, grace=grace)
    return decide("accept", address, asked, auto_approve=auto_approve, as_json=as_json)
