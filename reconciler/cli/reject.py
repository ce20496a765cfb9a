"""reject: deletes a candidate."""

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
def reject(address: str, auto_approve: bool, as_json: bool, lock_timeout: str | None, grace: str | None) -> int:
    """Delete the candidate of ADDRESS, and keep its voice.

    A candidate is what apply makes of a changed entry under `lifecycle: {replace: review}`. The same inputs are not
    paid for again, unless `--retry ADDRESS` says so. At a terminal, voicectl asks first.
    """
    asked = Options(reject=(address,), lock_timeout=lock_timeout, grace=grace)
    return decide("reject", address, asked, auto_approve=auto_approve, as_json=as_json)
